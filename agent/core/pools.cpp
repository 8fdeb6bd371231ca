#include "core/pools.hpp"

#include "core/fault.hpp"
#include "core/match.hpp"
#include "core/overlap.hpp"
#include "model/drivers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace nic::core {
namespace {

using model::Difference;
using model::Inventory;
using model::PciAddress;
using model::PciFunction;
using model::Pool;
using model::Resource;

// What a plan still has to touch.
struct Unfinished {
  std::set<PciAddress> functions;
  std::set<PciAddress> reshaped;  // PFs whose VFs and scalable functions come and go
};

Unfinished unfinished(const Inventory& inventory, const model::Plan& plan) {
  Unfinished all;
  for (const auto& pf : plan.pfs) {
    if (!pf.steps.empty() || !pf.refusals.empty()) all.functions.insert(pf.pf);
    for (const auto& step : pf.steps) {
      if (const auto* bind = std::get_if<model::BindDriver>(&step.action)) all.functions.insert(bind->function);
      if (const auto* mtu = std::get_if<model::SetMtu>(&step.action)) all.functions.insert(mtu->function);
      if (const auto* vdpa = std::get_if<model::SetVdpa>(&step.action)) all.functions.insert(vdpa->function);
      if (!std::holds_alternative<model::SetNumVfs>(step.action) &&
          !std::holds_alternative<model::SetEswitchMode>(step.action))
        continue;
      all.reshaped.insert(pf.pf);
      const PciFunction* function = inventory.function(pf.pf);
      if (function == nullptr || !function->sriov) continue;
      for (const auto& [index, address] : function->sriov->virtfns) all.functions.insert(address);
    }
  }
  return all;
}

// What RDMA programs need of a device beside itself.
std::optional<Difference> missing_for_rdma(const Resource& resource, const std::string& what,
                                           const std::vector<const model::RdmaDevice*>& rdma,
                                           const Inventory& inventory) {
  constexpr std::array<std::pair<model::RdmaNode, std::string_view>, 2> kManagement{
      {{model::RdmaNode::umad, "umad"}, {model::RdmaNode::issm, "issm"}}};
  if (!inventory.rdma_subsystem)
    return Difference{what, "the kernel's RDMA subsystem is not loaded", "module ib_core and the device's RDMA driver"};
  if (rdma.empty()) return Difference{what, "no RDMA device", "the device's RDMA driver (mlx5_ib, irdma, rdma_rxe)"};
  if (std::ranges::none_of(rdma, &model::RdmaDevice::user_access))
    return Difference{what, "no uverbs device node", "module ib_uverbs"};
  if (resource.required_nodes.contains(model::RdmaNode::rdma_cm) && !inventory.rdma_cm)
    return Difference{what, "no /dev/infiniband/rdma_cm", "module rdma_ucm"};
  for (const auto& [node, name] : kManagement)
    if (resource.required_nodes.contains(node) && std::ranges::none_of(rdma, [&](const auto* device) {
          return std::ranges::find(device->nodes, node, &model::CharDevice::kind) != device->nodes.end();
        }))
      return Difference{what, fmt::format("no {} device node", name), "module ib_umad"};
  return std::nullopt;
}

void fill_shared(Pool& pool, const Inventory& inventory) {
  std::set<int> nodes;
  bool healthy = false;
  for (const auto& [address, function] : inventory.functions) {
    if (!selected(pool.resource, {&function, nullptr}, inventory).selector) continue;
    if (auto missing = missing_for_rdma(pool.resource, address.text(), inventory.rdma_devices_of(address), inventory)) {
      pool.not_ready.push_back(std::move(*missing));
      continue;
    }
    pool.functions.push_back(address);
    if (function.numa_node) nodes.insert(*function.numa_node);
    const auto fault = fault_of_shared(pool.resource.unhealthy_on, function, inventory);
    healthy |= fault.empty();
    if (!fault.empty() && pool.unhealthy.empty()) pool.unhealthy = fmt::format("{}: {}", address.text(), fault);
  }
  if (healthy) pool.unhealthy.clear();
  if (pool.resource.numa_topology && !pool.resource.exclude_topology) pool.numa_nodes = {nodes.begin(), nodes.end()};
  pool.capacity = pool.functions.empty() ? 0 : pool.resource.rdma_hca_max;
  pool.healthy = healthy ? pool.capacity : 0;
}

// What keeps a matched device out of an exclusive pool for now.
class Readiness {
 public:
  Readiness(const Inventory& inventory, const model::Plan& plan)
      : inventory_{inventory}, busy_{unfinished(inventory, plan)} {
    for (const auto& net : inventory.net_devices) {
      if (net.function && net.own()) functions_.insert(*net.function);
      if (!net.auxiliary.empty()) auxiliary_.insert(net.auxiliary);
    }
    for (const auto& rdma : inventory.rdma_devices) {
      if (rdma.function && rdma.auxiliary.empty()) functions_.insert(*rdma.function);
      if (!rdma.auxiliary.empty()) auxiliary_.insert(rdma.auxiliary);
    }
  }

  [[nodiscard]] std::optional<Difference> missing(const Resource& resource, const model::Selectors& selectors,
                                                  const Candidate& candidate) const {
    const auto id = candidate.id();
    auto missing = candidate.auxiliary == nullptr ? missing_of_function(resource, id, *candidate.function)
                                                  : missing_of_auxiliary(id, candidate);
    if (missing) return missing;
    if (selectors.need_vhost_net && !inventory_.vhost_net)
      return Difference{id, "no /dev/vhost-net or no /dev/net/tun", "the modules vhost_net and tun"};
    if (!selectors.is_rdma) return std::nullopt;
    const auto rdma = candidate.auxiliary == nullptr ? inventory_.rdma_devices_of(candidate.function->address)
                                                     : inventory_.rdma_devices_on(candidate.auxiliary->name);
    return !rdma.empty() ? missing_for_rdma(resource, id, rdma, inventory_) : std::nullopt;
  }

 private:
  [[nodiscard]] std::optional<Difference> missing_of_function(const Resource& resource, const std::string& id,
                                                              const PciFunction& function) const {
    if (!function.driver) return Difference{id, "no driver", "a driver to bind"};
    if (busy_.functions.contains(function.address)) return Difference{id, "not configured yet", "the rest of the plan"};
    // A driver that did not come through leaves a function that nobody could do anything with.
    if (resource.device_class == model::DeviceClass::net && !model::is_user_space_driver(*function.driver) &&
        function.in_use.empty() && function.vdpa.empty() && !function.rdma_elsewhere &&
        !functions_.contains(function.address))
      return Difference{id, "neither a network interface nor an RDMA device",
                        fmt::format("its driver {} to make one", *function.driver)};
    if (function.driver == "vfio-pci" && !function.iommu_group) return Difference{id, "no IOMMU group", "an IOMMU"};
    if (function.physfn && inventory_.function(*function.physfn) == nullptr)
      return Difference{id, "its PF is going away", ""};
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Difference> missing_of_auxiliary(const std::string& id,
                                                               const Candidate& candidate) const {
    const auto& device = *candidate.auxiliary;
    if (!device.driver) return Difference{id, "no driver", "a driver to bind"};
    if (busy_.reshaped.contains(candidate.function->address))
      return Difference{id, "not configured yet", "the rest of the plan"};
    if (device.in_use.empty() && !device.rdma_elsewhere && !auxiliary_.contains(device.name))
      return Difference{id, "neither a network interface nor an RDMA device",
                        fmt::format("its driver {} to make one", *device.driver)};
    return std::nullopt;
  }

  const Inventory& inventory_;
  Unfinished busy_;
  // With an interface or an RDMA device of their own.
  std::set<PciAddress> functions_;
  std::set<std::string> auxiliary_;
};

model::PoolDevice offered(const Candidate& candidate, unsigned selector, Faults& faults, const Inventory& inventory) {
  const auto& function = *candidate.function;
  const auto* pf = function.physfn ? inventory.function(*function.physfn) : nullptr;
  model::PoolDevice device;
  device.id = candidate.id();
  device.function = function.address;
  device.numa_node = function.numa_node || pf == nullptr ? function.numa_node : pf->numa_node;
  device.selector = selector;
  if (candidate.auxiliary == nullptr) {
    device.in_use = !function.in_use.empty();
    device.unhealthy = faults.of(function);
  } else {
    device.auxiliary = candidate.auxiliary->name;
    device.in_use = !candidate.auxiliary->in_use.empty();
    device.unhealthy = faults.of_auxiliary(function);
  }
  device.healthy = device.unhealthy.empty();
  return device;
}

void fill_exclusive(Pool& pool, const Inventory& inventory, const HostNeeds& needs, const Readiness& readiness,
                    std::set<std::string>& taken) {
  Faults faults{pool.resource.unhealthy_on, inventory};
  for (const auto& candidate : candidates(pool.resource.device_class, inventory)) {
    const auto id = candidate.id();
    if (taken.contains(id)) continue;
    const auto match = selected(pool.resource, candidate, inventory).selector;
    if (!match) continue;
    if (const auto why = no_candidate(pool.resource, candidate, inventory, needs)) {
      // A PF whose VFs are handed out is no news; what the host needs might have been meant.
      if (candidate.function->physfn || candidate.auxiliary != nullptr || !candidate.function->sriov)
        pool.not_ready.push_back({id, *why, "a device that the host does not need"});
      continue;
    }
    taken.insert(id);
    if (auto missing = readiness.missing(pool.resource, pool.resource.selectors[*match], candidate)) {
      pool.not_ready.push_back(std::move(*missing));
      continue;
    }
    pool.devices.push_back(offered(candidate, *match, faults, inventory));
    const auto& function = candidate.function->address;
    if (pool.functions.empty() || pool.functions.back() != function) pool.functions.push_back(function);
  }
  pool.capacity = static_cast<unsigned>(pool.devices.size());
  pool.healthy = static_cast<unsigned>(std::ranges::count_if(pool.devices, &model::PoolDevice::healthy));
}

// Names that cannot match anything.
void warn_of_drivers(Pool& pool) {
  for (const auto& selectors : pool.resource.selectors)
    for (const auto& driver : selectors.drivers)
      if (const auto meant = model::pci_driver_of(driver); !meant.empty())
        pool.warnings.push_back(
            fmt::format("{} selects drivers = [\"{}\"], which is a driver of RDMA devices: no PCI function has it. "
                        "The function's own driver is {}; is_rdma = true asks for an RDMA device.",
                        pool.resource.name, driver, meant));
}

}  // namespace

std::string Candidate::id() const { return auxiliary == nullptr ? function->address.text() : auxiliary->name; }

std::vector<Candidate> candidates(model::DeviceClass device_class, const Inventory& inventory) {
  std::vector<Candidate> all;
  const auto& functions =
      device_class == model::DeviceClass::accelerator ? inventory.accelerators : inventory.functions;
  for (const auto& [address, function] : functions) {
    if (device_class == model::DeviceClass::auxiliary)
      for (const auto& device : function.auxiliary) all.push_back({&function, &device});
    else
      all.push_back({&function, nullptr});
  }
  return all;
}

HostNeeds host_needs(const Inventory& inventory, const Listed& listed) {
  return {needed_by_host(inventory, listed), below_default_routes(inventory)};
}

std::optional<std::string> no_candidate(const Resource& resource, const Candidate& candidate,
                                        const Inventory& inventory, const HostNeeds& needs) {
  const auto& function = *candidate.function;
  if (candidate.auxiliary != nullptr) {
    // What the function below it does for the host is no matter of the scalable function.
    if (resource.allow_protected) return std::nullopt;
    for (const auto* net : inventory.net_devices_on(candidate.auxiliary->name))
      if (const auto found = needs.interfaces.find(net->ifindex); found != needs.interfaces.end()) return found->second;
    return std::nullopt;
  }
  if (function.sriov && function.sriov->num_vfs > 0) return "it has VFs, which are handed out in its place";
  if (!function.auxiliary.empty()) return "it has scalable functions, which are handed out in its place";
  if (resource.allow_protected) return std::nullopt;
  const auto found = needs.functions.find(function.address);
  return found == needs.functions.end() ? std::nullopt : std::optional{found->second.front()};
}

Selected selected(const Resource& resource, const Candidate& candidate, const Inventory& inventory) {
  Selected result;
  for (unsigned i = 0; i < resource.selectors.size(); ++i) {
    auto why = candidate.auxiliary == nullptr
                   ? mismatch(resource.selectors[i], *candidate.function, inventory)
                   : mismatch(resource.selectors[i], *candidate.function, *candidate.auxiliary, inventory);
    if (!why) return {i, ""};
    if (i == 0) result.mismatch = std::move(*why);
  }
  if (resource.selectors.empty()) result.mismatch = "the resource has no selectors";
  return result;
}

bool listed_before(const model::PoolDevice& a, const model::PoolDevice& b) {
  const auto key = [](const model::PoolDevice& device) {
    return std::tuple{device.function, device.auxiliary.size(), std::string_view{device.auxiliary}};
  };
  return key(a) < key(b);
}

std::vector<Pool> pools(const model::Config& config, const Inventory& inventory, const model::Plan& plan) {
  const Readiness readiness{inventory, plan};
  const auto needs = host_needs(inventory, config.protected_functions);
  std::set<std::string> taken;
  std::vector<Pool> result;
  for (const auto& resource : config.resources) {
    Pool pool;
    pool.resource = resource;
    if (resource.kind == model::ResourceKind::shared)
      fill_shared(pool, inventory);
    else
      fill_exclusive(pool, inventory, needs, readiness, taken);
    warn_of_drivers(pool);
    result.push_back(std::move(pool));
  }
  warn_of_overlap(result, inventory);
  return result;
}

}  // namespace nic::core
