#include "core/overlap.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace nic::core {
namespace {

using model::Inventory;
using model::PciAddress;
using model::Pool;

using SharedBy = std::map<PciAddress, std::vector<Pool*>>;

// A device that a shared pool has too, itself or as a part of what is shared.
struct Both {
  PciAddress shared;
  std::string exclusive;  // what stands before "in the exclusive resource"
};

std::vector<Both> parts_of(const model::PoolDevice& device, const Inventory& inventory) {
  if (!device.auxiliary.empty()) return {{device.function, fmt::format("{}, which stands on it, ", device.id)}};
  std::vector<Both> all{{device.function, ""}};
  if (const auto* function = inventory.function(device.function); function != nullptr && function->physfn)
    all.push_back({*function->physfn, fmt::format("its VF {} ", device.id)});
  return all;
}

void warn_both(Pool& a, Pool& b, const std::string& text) {
  a.warnings.push_back(text);
  b.warnings.push_back(text);
}

// The first device of each pair of resources tells enough.
void compare_with_shared(Pool& exclusive, SharedBy& shared_by, const Inventory& inventory) {
  std::set<const Pool*> told;
  for (const auto& device : exclusive.devices)
    for (const auto& both : parts_of(device, inventory)) {
      const auto found = shared_by.find(both.shared);
      if (found == shared_by.end()) continue;
      for (auto* shared : found->second)
        if (told.insert(shared).second)
          warn_both(exclusive, *shared,
                    fmt::format("{} is in the shared resource {} and {}in the exclusive resource {}: what one pod is "
                                "to have for itself others reach through the shared one. Narrow the selectors of one "
                                "of them.",
                                both.shared.text(), shared->resource.name, both.exclusive, exclusive.resource.name));
    }
}

}  // namespace

void warn_of_overlap(std::vector<Pool>& pools, const Inventory& inventory) {
  SharedBy shared_by;
  for (auto& pool : pools)
    if (pool.resource.kind == model::ResourceKind::shared)
      for (const auto& function : pool.functions) shared_by[function].push_back(&pool);
  std::map<unsigned, Pool*> groups;  // IOMMU group of a device on vfio-pci -> the first pool with one of it
  for (auto& pool : pools) {
    if (pool.resource.kind == model::ResourceKind::shared) continue;
    if (!shared_by.empty()) compare_with_shared(pool, shared_by, inventory);
    for (const auto& device : pool.devices) {
      const auto* function = inventory.function(device.function);
      if (function == nullptr || !function->iommu_group || function->driver != "vfio-pci") continue;
      auto& first = groups[*function->iommu_group];
      if (first == nullptr) first = &pool;
      if (first == &pool) continue;
      warn_both(*first, pool,
                fmt::format("IOMMU group {} has devices in {} and in {}: whoever gets one of them reaches the other.",
                            *function->iommu_group, first->resource.name, pool.resource.name));
      first = &pool;  // said once for each pair
    }
  }
}

}  // namespace nic::core
