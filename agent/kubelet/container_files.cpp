#include "kubelet/container_files.hpp"

#include <algorithm>

namespace nic::kubelet {
namespace {

bool is_there(const Kept& one, const std::vector<model::Pool>& pools) {
  const auto pool = std::ranges::find(pools, one.resource, [](const model::Pool& p) { return p.resource.name; });
  if (pool == pools.end()) return false;
  if (pool->resource.kind == model::ResourceKind::shared) return !pool->functions.empty();
  return std::ranges::find(pool->devices, one.device, &model::PoolDevice::id) != pool->devices.end();
}

}  // namespace

std::vector<Kept> to_collect(const std::vector<Kept>& kept, const std::vector<model::Pool>& pools,
                             const std::optional<Held>& held) {
  std::vector<Kept> collected;
  for (const auto& one : kept) {
    const bool needed =
        held ? held->contains({one.resource, one.device}) || (one.young && is_there(one, pools)) : is_there(one, pools);
    if (!needed) collected.push_back(one);
  }
  return collected;
}

}  // namespace nic::kubelet
