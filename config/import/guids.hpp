// The operator's pool of GUIDs, told to the PFs of its other documents. Pure. Thread: any.
#pragma once

#include "config/import/node_state.hpp"
#include "config/map_reader.hpp"
#include "model/config.hpp"

#include <vector>

namespace nic::config {

// VF N of a PF gets the Nth GUID of its entry. What is wrong with the pool is a mistake; entries for PFs of which no
// node state and no record speaks are named in warnings.
void give_guids(const model::GuidFile& pool, PfShares& shares, std::vector<model::Error>& mistakes,
                std::vector<Warning>& warnings);

}  // namespace nic::config
