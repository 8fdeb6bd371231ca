#include "core/pools.hpp"

#include "core/match.hpp"
#include "model/drivers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace nic::core {
namespace {

using model::Inventory;
using model::PciAddress;
using model::PciFunction;
using model::Pool;
using model::Resource;

// nullopt when one of the selector objects takes the function; else why the first one does not.
std::optional<std::string> mismatch_of_all(const Resource& resource, const PciFunction& function,
                                           const Inventory& inventory) {
  std::optional<std::string> first;
  for (const auto& selectors : resource.selectors) {
    auto why = mismatch(selectors, function, inventory);
    if (!why) return std::nullopt;
    if (!first) first = std::move(why);
  }
  return first.value_or("the resource has no selectors");
}

// Functions that a plan still has to touch.
std::set<PciAddress> unfinished(const Inventory& inventory, const model::Plan& plan) {
  std::set<PciAddress> all;
  for (const auto& pf : plan.pfs)
    for (const auto& step : pf.steps) {
      if (const auto* bind = std::get_if<model::BindDriver>(&step.action)) all.insert(bind->function);
      if (const auto* mtu = std::get_if<model::SetMtu>(&step.action)) all.insert(mtu->function);
      if (const auto* vdpa = std::get_if<model::SetVdpa>(&step.action)) all.insert(vdpa->function);
      if (!std::holds_alternative<model::SetNumVfs>(step.action) &&
          !std::holds_alternative<model::SetEswitchMode>(step.action))
        continue;
      const PciFunction* function = inventory.function(pf.pf);
      if (function == nullptr || !function->sriov) continue;
      for (const auto& [index, address] : function->sriov->virtfns) all.insert(address);
    }
  return all;
}

// What a shared pool's function still lacks.
std::optional<model::Difference> missing_for_sharing(const PciFunction& function, const Inventory& inventory) {
  const std::string what = function.address.text();
  if (!inventory.rdma_subsystem)
    return model::Difference{what, "the kernel's RDMA subsystem is not loaded",
                             "module ib_core and the device's RDMA driver"};
  const auto rdma = inventory.rdma_devices_of(function.address);
  if (rdma.empty())
    return model::Difference{what, "no RDMA device", "the device's RDMA driver (mlx5_ib, irdma, rdma_rxe)"};
  if (std::ranges::none_of(rdma, &model::RdmaDevice::user_access))
    return model::Difference{what, "no uverbs device node", "module ib_uverbs"};
  if (!inventory.rdma_cm) return model::Difference{what, "no /dev/infiniband/rdma_cm", "module rdma_ucm"};
  return std::nullopt;
}

void fill_shared(Pool& pool, const Inventory& inventory) {
  for (const auto& [address, function] : inventory.functions) {
    if (mismatch_of_all(pool.resource, function, inventory)) continue;
    if (auto missing = missing_for_sharing(function, inventory))
      pool.not_ready.push_back(std::move(*missing));
    else
      pool.functions.push_back(address);
  }
  pool.capacity = pool.functions.empty() ? 0 : pool.resource.rdma_hca_max;
  pool.healthy = pool.capacity;
}

// What keeps a matched VF out of an exclusive pool for now.
std::optional<model::Difference> missing_for_owning(const PciFunction& vf, const Inventory& inventory,
                                                    const std::set<PciAddress>& busy, const Protection& protection) {
  const std::string what = vf.address.text();
  const auto guarded = protection.find(vf.address);
  if (guarded != protection.end())
    return model::Difference{what, guarded->second.front(), "a VF that the host does not need"};
  if (!vf.driver) return model::Difference{what, "no driver", "a driver to bind"};
  if (busy.contains(vf.address)) return model::Difference{what, "not configured yet", "the rest of the plan"};
  // A driver that did not come through leaves a VF that nobody could do anything with.
  if (!model::is_user_space_driver(*vf.driver) && vf.in_use.empty() && inventory.net_devices_of(vf.address).empty() &&
      inventory.rdma_devices_of(vf.address).empty())
    return model::Difference{what, "neither a network interface nor an RDMA device",
                             fmt::format("its driver {} to make one", *vf.driver)};
  if (vf.driver == "vfio-pci" && !vf.iommu_group) return model::Difference{what, "no IOMMU group", "an IOMMU"};
  if (inventory.function(*vf.physfn) == nullptr) return model::Difference{what, "its PF is going away", ""};
  return std::nullopt;
}

}  // namespace

std::vector<Pool> pools(const model::Config& config, const Inventory& inventory, const model::Plan& plan) {
  const auto busy = unfinished(inventory, plan);
  const auto protected_functions = needed_by_host(inventory, config.protected_functions);
  std::set<PciAddress> taken;
  std::vector<Pool> result;
  for (const auto& resource : config.resources) {
    Pool pool;
    pool.resource = resource;
    if (resource.kind == model::ResourceKind::shared) {
      fill_shared(pool, inventory);
      result.push_back(std::move(pool));
      continue;
    }
    for (const auto& [address, function] : inventory.functions) {
      if (!function.physfn || taken.contains(address) || mismatch_of_all(resource, function, inventory)) continue;
      taken.insert(address);
      if (auto missing = missing_for_owning(function, inventory, busy, protected_functions)) {
        pool.not_ready.push_back(std::move(*missing));
        continue;
      }
      const PciFunction* pf = inventory.function(*function.physfn);
      pool.functions.push_back(address);
      pool.devices.push_back({address.text(), true, function.numa_node ? function.numa_node : pf->numa_node, address});
    }
    pool.capacity = static_cast<unsigned>(pool.devices.size());
    pool.healthy = static_cast<unsigned>(std::ranges::count_if(pool.devices, &model::PoolDevice::healthy));
    result.push_back(std::move(pool));
  }
  return result;
}

std::string explain(const model::Snapshot& snapshot, const PciAddress& address, const Pool& pool) {
  const std::string& name = pool.resource.name;
  const PciFunction* function = snapshot.inventory.function(address);
  if (function == nullptr) return fmt::format("{} is not a NIC function of this machine.", address.text());
  if (std::ranges::find(pool.functions, address) != pool.functions.end())
    return fmt::format("{} is in {}: it matches the resource's selectors and is ready.", address.text(), name);
  if (const auto why = mismatch_of_all(pool.resource, *function, snapshot.inventory))
    return fmt::format("{} is not in {}: {}.", address.text(), name, *why);
  for (const auto& waiting : pool.not_ready)
    if (waiting.what == address.text())
      return fmt::format("{} matches {} and is not ready: {}{}{}.", address.text(), name, waiting.have,
                         waiting.want.empty() ? "" : "; it needs ", waiting.want);
  if (pool.resource.kind == model::ResourceKind::exclusive && !function->physfn)
    return fmt::format("{} is not in {}: exclusive resources take VFs only.", address.text(), name);
  for (const auto& other : snapshot.pools) {
    const bool waits =
        std::ranges::find(other.not_ready, address.text(), &model::Difference::what) != other.not_ready.end();
    if (other.resource.kind == model::ResourceKind::exclusive &&
        (waits || std::ranges::find(other.functions, address) != other.functions.end()))
      return fmt::format("{} is not in {}: {}, which stands before it in the configuration, has it.", address.text(),
                         name, other.resource.name);
  }
  return fmt::format("{} is not in {}.", address.text(), name);
}

}  // namespace nic::core
