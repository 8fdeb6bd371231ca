// The configuration resolved against the machine: what is desired of each PF, with conflicts as errors that name both
// policies and leave that PF alone. Pure. Rules: nic-agent.toml(5), section "Policies".
#pragma once

#include "model/config.hpp"
#include "model/desired.hpp"
#include "model/inventory.hpp"

namespace nic::core {

[[nodiscard]] model::Desired resolve(const model::Config& config, const model::Inventory& inventory);

}  // namespace nic::core
