// Which functions must not be disturbed, and why. Pure. A default route (v4 or v6, any table) protects the function
// that its interface stands on: through bonds, bridges and VLANs. A protected VF protects its PF too.
#pragma once

#include "model/inventory.hpp"

#include <map>
#include <string>
#include <vector>

namespace nic::core {

using Protection = std::map<model::PciAddress, std::vector<std::string>>;

[[nodiscard]] Protection protection(const model::Inventory& inventory);

}  // namespace nic::core
