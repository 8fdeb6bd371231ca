// What the kernel looks like after a step: gives planning its next round, and makes the simulated machine of the tests.
// Pure. VF addresses follow the SR-IOV capability (PCIe Base Specification, 9.3.3: routing id = PF + offset + i *
// stride).
#pragma once

#include "model/inventory.hpp"
#include "model/plan.hpp"

namespace nic::core {

// Changes `inventory` to what it will be. A step on a function that is not there changes nothing.
void predict(model::Inventory& inventory, const model::Action& action);

// Address of VF `index`; the bus number may differ from the PF's.
[[nodiscard]] model::PciAddress vf_address(const model::PciAddress& pf, const model::Sriov& sriov, unsigned index);

}  // namespace nic::core
