// [gpudirect] of the configuration: which bridges and NICs it speaks of on this machine, and the steps. Pure. Internal
// to core::resolve and core::plan.
#pragma once

#include "model/config.hpp"
#include "model/desired.hpp"
#include "model/inventory.hpp"
#include "model/owned.hpp"
#include "model/plan.hpp"

#include <map>

namespace nic::core {

// What configuration space of each function is to hold: what is asked for, and of `owned` what is given back. NICs that
// somebody else manages, by the policies resolved already, are left alone.
[[nodiscard]] std::map<model::PciAddress, model::DesiredPcie> resolve_gpudirect(const model::Config& config,
                                                                                const model::Inventory& inventory,
                                                                                const model::OwnedPfs& owned,
                                                                                const model::Desired& desired);

// The steps of one function and the refusals. Isolation that a function of user space below a bridge relies on is taken
// away only where the caller forces.
[[nodiscard]] model::PfPlan plan_pcie(const model::DesiredPcie& wish, const model::Inventory& inventory, bool force);

}  // namespace nic::core
