// The configuration resolved against the machine: what is desired of each PF, with conflicts as errors that name both
// policies and leave that PF alone. Pure. Rules: nic-agent.toml(5), section "Policies".
#pragma once

#include "model/config.hpp"
#include "model/desired.hpp"
#include "model/inventory.hpp"
#include "model/owned.hpp"

namespace nic::core {

// A PF of `owned` that no policy asks for any more is to become again what was found there. The caller hands over
// records only together with a configuration that was read: a broken one, or none yet, asks for nothing and takes
// nothing away. The same holds for the RDMA subsystem.
[[nodiscard]] model::Desired resolve(const model::Config& config, const model::Inventory& inventory,
                                     const model::OwnedPfs& owned = {}, const model::OwnedRdmaNetns& owned_rdma = {});

}  // namespace nic::core
