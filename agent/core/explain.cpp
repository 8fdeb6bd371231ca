#include "core/match.hpp"
#include "core/pools.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace nic::core {
namespace {

using model::PciAddress;
using model::Pool;
using model::ResourceKind;
using model::Snapshot;

const model::PoolDevice* device_of(const Pool& pool, const std::string& id) {
  const auto found = std::ranges::find(pool.devices, id, &model::PoolDevice::id);
  return found == pool.devices.end() ? nullptr : &*found;
}

const model::Difference* waiting(const Pool& pool, const std::string& id) {
  const auto found = std::ranges::find(pool.not_ready, id, &model::Difference::what);
  return found == pool.not_ready.end() ? nullptr : &*found;
}

bool shares(const Pool& pool, const PciAddress& function) {
  return pool.resource.kind == ResourceKind::shared &&
         std::ranges::find(pool.functions, function) != pool.functions.end();
}

std::string state_of_shared(const Pool& pool) {
  std::string text = fmt::format("{} may have it at once", pool.capacity);
  if (!pool.unhealthy.empty()) text += fmt::format("; it is unhealthy: {}", pool.unhealthy);
  return text;
}

// Which of the selectors it was is worth a word where there are several.
std::string because(const Pool& pool, unsigned selector) {
  return pool.resource.selectors.size() < 2 ? "it matches the resource's selectors"
                                            : fmt::format("it matches selector {} of the resource", selector + 1);
}

// A device that the kubelet is offered.
std::string in_pool(const Pool& pool, const model::PoolDevice& device) {
  auto text =
      fmt::format("{} is in {}: {} and is ready.", device.id, pool.resource.name, because(pool, device.selector));
  if (!device.healthy) text += fmt::format(" It is unhealthy: {}.", device.unhealthy);
  return text;
}

// Who has a device that this resource would take too.
std::string taken_by(const Snapshot& snapshot, const Pool& pool, const std::string& id) {
  for (const auto& other : snapshot.pools) {
    if (other.resource.kind != ResourceKind::exclusive || other.resource.name == pool.resource.name) continue;
    if (device_of(other, id) != nullptr || waiting(other, id) != nullptr)
      return fmt::format("{} is not in {}: {}, which stands before it in the configuration, has it.", id,
                         pool.resource.name, other.resource.name);
  }
  return fmt::format("{} is not in {}.", id, pool.resource.name);
}

std::string about_exclusive(const Snapshot& snapshot, const Pool& pool, const Candidate& candidate) {
  const auto id = candidate.id();
  const auto& name = pool.resource.name;
  if (const auto* device = device_of(pool, id)) return in_pool(pool, *device);
  const auto match = selected(pool.resource, candidate, snapshot.inventory);
  if (!match.selector) return fmt::format("{} is not in {}: {}.", id, name, match.mismatch);
  const auto listed = snapshot.config ? snapshot.config->protected_functions : Listed{};
  if (const auto why =
          no_candidate(pool.resource, candidate, snapshot.inventory, host_needs(snapshot.inventory, listed)))
    return fmt::format("{} is not in {}: {}.", id, name, *why);
  if (const auto* wait = waiting(pool, id))
    return fmt::format("{} matches {} and is not ready: {}{}{}.", id, name, wait->have,
                       wait->want.empty() ? "" : "; it needs ", wait->want);
  return taken_by(snapshot, pool, id);
}

std::string about_shared(const Snapshot& snapshot, const Pool& pool, const model::PciFunction& function) {
  const auto address = function.address.text();
  const auto& name = pool.resource.name;
  const auto match = selected(pool.resource, {&function, nullptr}, snapshot.inventory);
  if (shares(pool, function.address))
    return fmt::format("{} is in {}: {} and is ready; {}.", address, name, because(pool, match.selector.value_or(0)),
                       state_of_shared(pool));
  if (!match.selector) return fmt::format("{} is not in {}: {}.", address, name, match.mismatch);
  if (const auto* wait = waiting(pool, address))
    return fmt::format("{} matches {} and is not ready: {}{}{}.", address, name, wait->have,
                       wait->want.empty() ? "" : "; it needs ", wait->want);
  return fmt::format("{} is not in {}.", address, name);
}

constexpr std::string_view kind_of(model::DeviceClass device_class) {
  switch (device_class) {
    case model::DeviceClass::net: return "PCI functions of network cards";
    case model::DeviceClass::auxiliary: return "scalable functions";
    case model::DeviceClass::accelerator: return "PCI functions of accelerators";
  }
  return "";
}

// Its warnings that speak of this device, or of what it stands on.
std::string warnings_about(const Pool& pool, const std::string& id) {
  std::string text;
  for (const auto& warning : pool.warnings)
    if (warning.contains(id)) text += " " + warning;
  return text;
}

}  // namespace

std::string explain(const Snapshot& snapshot, const PciAddress& address, const Pool& pool, std::string_view auxiliary) {
  const auto& resource = pool.resource;
  const auto& inventory = snapshot.inventory;
  Candidate candidate{inventory.function(address), nullptr};
  if (!auxiliary.empty()) {
    const auto place = inventory.auxiliary(auxiliary);
    if (!place) return fmt::format("{} is not an auxiliary device of this machine.", auxiliary);
    candidate = {place->parent, place->device};
  }
  if (candidate.function == nullptr) {
    if (const auto* gone = device_of(pool, address.text())) return in_pool(pool, *gone);
    return fmt::format("{} is not a NIC function of this machine.", address.text());
  }
  const auto id = candidate.id();
  if (resource.kind == ResourceKind::shared) {
    if (candidate.auxiliary != nullptr)
      return fmt::format("{} is not in {}: shared resources are made of PCI functions.", id, resource.name);
    return about_shared(snapshot, pool, *candidate.function) + warnings_about(pool, id);
  }
  const bool accelerator = inventory.accelerators.contains(candidate.function->address);
  const auto device_class = candidate.auxiliary != nullptr ? model::DeviceClass::auxiliary
                            : accelerator                  ? model::DeviceClass::accelerator
                                                           : model::DeviceClass::net;
  if (resource.device_class != device_class)
    return fmt::format("{} is not in {}: the resource is made of {} (device_class).", id, resource.name,
                       kind_of(resource.device_class));
  return about_exclusive(snapshot, pool, candidate) + warnings_about(pool, id);
}

}  // namespace nic::core
