#include "core/overlap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>

namespace nic::core {
namespace {

using model::Inventory;
using model::PciAddress;
using model::Pool;

bool is_in(const std::vector<PciAddress>& functions, const PciAddress& address) {
  return std::ranges::find(functions, address) != functions.end();
}

// A device that a shared pool has too, itself or as a part of what is shared.
struct Both {
  std::string shared, exclusive;
};

std::optional<Both> in_both(const Pool& shared, const model::PoolDevice& device, const Inventory& inventory) {
  if (is_in(shared.functions, device.function)) {
    if (device.auxiliary.empty()) return Both{device.id, ""};
    return Both{device.function.text(), fmt::format("{}, which stands on it, ", device.id)};
  }
  const auto* function = inventory.function(device.function);
  if (function == nullptr || !function->physfn || !is_in(shared.functions, *function->physfn)) return std::nullopt;
  return Both{function->physfn->text(), fmt::format("its VF {} ", device.id)};
}

void warn_both(Pool& a, Pool& b, const std::string& text) {
  a.warnings.push_back(text);
  b.warnings.push_back(text);
}

void compare_with_shared(Pool& exclusive, Pool& shared, const Inventory& inventory) {
  for (const auto& device : exclusive.devices) {
    const auto both = in_both(shared, device, inventory);
    if (!both) continue;
    warn_both(exclusive, shared,
              fmt::format("{} is in the shared resource {} and {}in the exclusive resource {}: what one pod is to have "
                          "for itself others reach through the shared one. Narrow the selectors of one of them.",
                          both->shared, shared.resource.name, both->exclusive, exclusive.resource.name));
    return;  // the first tells enough
  }
}

}  // namespace

void warn_of_overlap(std::vector<Pool>& pools, const Inventory& inventory) {
  std::map<unsigned, Pool*> groups;  // IOMMU group of a device on vfio-pci -> the first pool with one of it
  for (auto& pool : pools) {
    if (pool.resource.kind == model::ResourceKind::shared) continue;
    for (auto& other : pools)
      if (other.resource.kind == model::ResourceKind::shared) compare_with_shared(pool, other, inventory);
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
