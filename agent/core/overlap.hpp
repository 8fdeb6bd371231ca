// What is in two resources that do not know of each other. Pure.
#pragma once

#include "model/snapshot.hpp"

#include <vector>

namespace nic::core {

// Adds a warning, to both, where a device of an exclusive resource, or the function that it is a part of, is shared
// through another one; and where two exclusive resources hold devices of one IOMMU group, of which whoever gets one can
// reach the other.
void warn_of_overlap(std::vector<model::Pool>& pools, const model::Inventory& inventory);

}  // namespace nic::core
