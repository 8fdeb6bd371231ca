// Why a device that is there and configured does not carry traffic. Pure. What sits in a pod's network namespace shows
// nothing of its own here and is judged by its PF alone.
#pragma once

#include "model/config.hpp"
#include "model/inventory.hpp"

#include <map>
#include <string>

namespace nic::core {

// "" where nothing is known to be wrong; else one sentence part: "enp1s0 of its PF has no carrier". A PF's interface
// that the administrator has set down tells nothing: whether a VF has a link then is up to the driver.
// What is found out about a PF is kept for its other VFs.
class Faults {
 public:
  Faults(const model::HealthCauses& causes, const model::Inventory& inventory)
      : causes_{causes}, inventory_{inventory} {}

  [[nodiscard]] std::string of(const model::PciFunction& function);
  // Of a scalable function: its link is that of the function that it stands on.
  [[nodiscard]] std::string of_auxiliary(const model::PciFunction& parent);

 private:
  struct Pf {
    std::string broken, uplink;
    std::map<unsigned, model::VfLinkState> told;
  };
  [[nodiscard]] const Pf& pf(const model::PciFunction& function);

  const model::HealthCauses& causes_;
  const model::Inventory& inventory_;
  std::map<model::PciAddress, Pf> pfs_;
};
// Of an RDMA device that is shared as it is, on the host: all of its ports are down.
[[nodiscard]] std::string fault_of_shared(const model::HealthCauses& causes, const model::PciFunction& function,
                                          const model::Inventory& inventory);

}  // namespace nic::core
