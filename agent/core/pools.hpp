// Which devices belong to which resource now, and why the others do not. Pure.
// Rules (nic-agent.toml(5), section "Resources"): an exclusive pool takes VFs only, and the first resource of the
// configuration that matches a VF has it; a shared pool takes every matched function that has an RDMA device, also one
// that another shared pool has. A VF that a plan still has to touch is not offered.
#pragma once

#include "core/protect.hpp"
#include "model/snapshot.hpp"

#include <string>
#include <vector>

namespace nic::core {

[[nodiscard]] std::vector<model::Pool> pools(const model::Config& config, const model::Inventory& inventory,
                                             const model::Plan& plan);

// Why a function is or is not in a resource, in sentences; `resource` must be one of the configuration.
[[nodiscard]] std::string explain(const model::Snapshot& snapshot, const model::PciAddress& function,
                                  const model::Pool& pool);

}  // namespace nic::core
