// What a PF still has to be told of one of its VFs. Pure; planning and judging read the same answer.
#pragma once

#include "model/desired.hpp"
#include "model/inventory.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace nic::core {

struct VfChange {
  model::VfSettings addresses;           // a driver reads them once, when it is bound
  model::VfSettings others;              // they hold at once
  bool rebind{false};                    // the driver that is bound has read other addresses
  std::vector<std::string_view> unable;  // wished, but the driver of the PF tells nothing of them: it cannot set them

  [[nodiscard]] bool empty() const { return addresses.empty() && others.empty(); }
};

// Nothing for a VF that somebody uses: what was told of it since is its user's.
[[nodiscard]] VfChange change_of_vf(const model::DesiredVf& wish, const model::PciFunction& vf,
                                    const model::Inventory& inventory);

// The same as if nobody used it: what is left to its user for now.
[[nodiscard]] VfChange change_once_free(const model::DesiredVf& wish, const model::PciFunction& vf,
                                        const model::Inventory& inventory);

// The address that the VF's interface has.
[[nodiscard]] std::optional<model::MacAddress> mac_of_interface(const model::Inventory& inventory,
                                                                const model::PciFunction& vf);

// What the PF's driver tells of this VF; nullptr when it tells nothing.
[[nodiscard]] const model::VfSettings* told_of(const model::Inventory& inventory, const model::PciFunction& vf);

// The function has an RDMA device with a node GUID.
[[nodiscard]] bool has_usable_rdma(const model::Inventory& inventory, const model::PciAddress& function);
// The function's RDMA device says that its node GUID is zero.
[[nodiscard]] bool has_rdma_without_guid(const model::Inventory& inventory, const model::PciAddress& function);

// The vDPA device of a VF: the agent's own, else the first; nullptr when it has none.
[[nodiscard]] const model::VdpaDevice* vdpa_device_of(const model::PciFunction& vf);

// The PF's interface, through which its VFs are spoken of; nullptr when it has none.
[[nodiscard]] const model::NetDevice* speaker(const model::Inventory& inventory, const model::PciAddress& pf);

}  // namespace nic::core
