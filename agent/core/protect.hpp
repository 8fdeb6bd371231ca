// Which functions must not be disturbed, and why. Pure.
#pragma once

#include "model/inventory.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace nic::core {

using Protection = std::map<model::PciAddress, std::vector<std::string>>;

using Listed = std::set<model::PciAddress>;  // by the administrator

// What the host itself needs: a default route (v4 or v6, any table) protects the function that its interface stands on,
// through bonds, bridges and VLANs, and what is listed is protected. A protected VF protects its PF too.
[[nodiscard]] Protection needed_by_host(const model::Inventory& inventory, const Listed& listed);

// The interfaces below a default route, by ifindex, and what to say of them: "carries the IPv4 default route (eth0)".
[[nodiscard]] std::map<unsigned, std::string> below_default_routes(const model::Inventory& inventory);

// And what others use: VFs in use. They stay in the pools that they were handed out from.
[[nodiscard]] Protection protection(const model::Inventory& inventory, const Listed& listed);

}  // namespace nic::core
