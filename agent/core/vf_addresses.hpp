// Which address each VF is to have. Pure; part of core::resolve.
#pragma once

#include "core/claim.hpp"
#include "model/desired.hpp"
#include "model/inventory.hpp"

#include <optional>
#include <vector>

namespace nic::core {

// `pool` is what policies with guids = "pool" mean. Every VF that a policy speaks of gets an address; one that nobody
// asked for only where the VF has none.
[[nodiscard]] std::optional<model::Error> give_addresses(const model::PciFunction& pf, model::DesiredPf& desired,
                                                         const std::vector<Claim>& claims, const model::GuidFile& pool,
                                                         const model::Inventory& inventory);

// Two VFs with one address would take each other's traffic: the PF that comes second is left alone, with a conflict.
void refuse_twins(model::Desired& desired, const model::Inventory& inventory);

}  // namespace nic::core
