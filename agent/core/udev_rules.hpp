// The udev rules of one PF, as text: representors are named <pf>_<n>, the PF keeps its name, and other network managers
// leave VFs and representors alone. Pure. Source: udev(7); NM_UNMANAGED of NetworkManager(8); the property
// NIC_AGENT_UNMANAGED is what units/05-nic-agent.network matches for systemd-networkd.
#pragma once

#include "model/desired.hpp"
#include "model/inventory.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::core {

struct UdevRules {
  std::string device;                    // name of the PF's kernel device: "0000:3b:00.0"
  std::optional<std::string> pf_name;    // its one interface; set where representors are to be named after it
  unsigned num_vfs{0};                   // VFs whose representors are named
  std::vector<model::PciAddress> vfs{};  // that other network managers leave alone

  bool operator==(const UdevRules&) const = default;
};

[[nodiscard]] std::string text(const UdevRules& rules);

// What `desired` asks for: "" when there is nothing to say of this PF.
[[nodiscard]] std::string udev_rules(const model::DesiredPf& desired, const model::PciFunction& pf,
                                     const model::Inventory& inventory);

// "ens1f0np0_3"; at most 15 characters (IFNAMSIZ) for every VF below `num_vfs`: a PF's name that is too long for them
// is cut, with three characters made of the whole name behind, so that two PFs do not become one.
[[nodiscard]] std::string representor_name(std::string_view pf_name, unsigned index, unsigned num_vfs);

}  // namespace nic::core
