#include "kubelet/allocate.hpp"

#include "core/granted.hpp"
#include "core/preferred.hpp"
#include "kubelet/cdi.hpp"
#include "kubelet/device_info.hpp"
#include "kubelet/environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace nic::kubelet {
namespace {

using model::Code;
using model::DeviceNode;
using model::Error;
using model::ResourceKind;

constexpr std::string_view kExclusivePermissions = "rw";

// What is known of a container's devices before anything is answered or written.
struct Resolved {
  // Exclusive: each device. Shared: each HCA, whatever shares were asked for.
  std::vector<ToldDevice> devices;
  std::vector<CdiDevice> cdi;  // those of them that have nodes
  std::vector<Given> given;    // by the ids of the request
};

bool is_shared(const model::Pool& pool) { return pool.resource.kind == ResourceKind::shared; }

model::CdiMode cdi_mode(const model::Snapshot& snapshot) {
  return snapshot.config ? snapshot.config->kubelet.cdi : model::CdiMode::off;
}

std::string_view permissions_of(const model::Pool& pool) {
  return is_shared(pool) ? word(pool.resource.permissions) : kExclusivePermissions;
}

void add_node(v1beta1::ContainerAllocateResponse& container, const DeviceNode& node, std::string_view permissions) {
  for (const auto& given : container.devices())
    if (given.host_path() == node.host_path) return;
  auto* spec = container.add_devices();
  spec->set_host_path(node.host_path);
  spec->set_container_path(node.container_path);
  spec->set_permissions(std::string{permissions});
}

Error unknown(const std::string& id, const model::Pool& pool) {
  return model::invalid("allocate", fmt::format("{} of {}", id.substr(0, 64), pool.resource.name),
                        "there is no such device in the pool now");
}

bool is_shared_id(const std::string& id, unsigned capacity) {
  unsigned value{};
  const auto [end, failure] = std::from_chars(id.data(), id.data() + id.size(), value);
  return failure == std::errc{} && end == id.data() + id.size() && value < capacity && std::to_string(value) == id;
}

std::expected<const model::PoolDevice*, Error> device_of(const model::Pool& pool, const std::string& id) {
  const auto device = std::ranges::find(pool.devices, id, &model::PoolDevice::id);
  if (device == pool.devices.end()) return std::unexpected(unknown(id, pool));
  if (!device->healthy)
    return std::unexpected(Error{Code::invalid, 0, "allocate", id,
                                 device->unhealthy.empty() ? "the device is not healthy" : device->unhealthy});
  return &*device;
}

std::expected<ToldDevice, Error> resolved(const std::string& id, model::NodeRequest wanted, const Resolve& resolve) {
  ToldDevice device{id, std::move(wanted), {}, {}};
  device.function = device.wanted.function;
  if (device.wanted.empty()) return device;
  auto nodes = resolve(device.wanted);
  if (!nodes) return std::unexpected(std::move(nodes.error()));
  device.nodes = std::move(*nodes);
  return device;
}

// Every character device of every matched HCA, for whatever shares.
std::expected<Resolved, Error> resolve_shared(const model::Snapshot& snapshot, const model::Pool& pool, const auto& ids,
                                              const Resolve& resolve) {
  Resolved result;
  for (const auto& id : ids)
    if (!is_shared_id(id, pool.capacity)) return std::unexpected(unknown(id, pool));
  std::vector<DeviceNode> all;
  for (const auto& function : pool.functions) {
    auto hca = resolved(function.text(), core::shared_nodes(snapshot, pool.resource, function), resolve);
    if (!hca) return std::unexpected(std::move(hca.error()));
    std::ranges::copy_if(hca->nodes, std::back_inserter(all), [&](const DeviceNode& node) {
      return std::ranges::find(all, node.host_path, &DeviceNode::host_path) == all.end();
    });
    result.devices.push_back(std::move(*hca));
  }
  if (pool.resource.pre_start)
    for (const auto& id : ids) result.given.push_back({pool.resource.name, id, all, {}});
  return result;
}

std::expected<Resolved, Error> resolve_exclusive(const model::Snapshot& snapshot, const model::Pool& pool,
                                                 const auto& ids, const Resolve& resolve) {
  Resolved result;
  for (const auto& id : ids) {
    const auto known = device_of(pool, id);
    if (!known) return std::unexpected(known.error());
    auto device = resolved(id, core::wanted_nodes(snapshot, pool.resource, **known), resolve);
    if (!device) return std::unexpected(std::move(device.error()));
    auto info = device_info(snapshot, pool.resource, **known, device->wanted, device->nodes);
    if (!info.empty() || pool.resource.pre_start)
      result.given.push_back({pool.resource.name, id, device->nodes, std::move(info)});
    result.devices.push_back(std::move(*device));
  }
  return result;
}

std::expected<Resolved, Error> resolve_all(const model::Snapshot& snapshot, const model::Pool& pool, const auto& ids,
                                           const Resolve& resolve) {
  auto result =
      is_shared(pool) ? resolve_shared(snapshot, pool, ids, resolve) : resolve_exclusive(snapshot, pool, ids, resolve);
  if (result)
    for (const auto& device : result->devices)
      if (!device.nodes.empty()) result->cdi.push_back(cdi_device(device.id, device.nodes, permissions_of(pool)));
  return result;
}

std::expected<void, Error> keep_cdi(const model::Pool& pool, const Resolved& what, const ContainerFiles& files) {
  if (!files.keep_cdi) return {};
  for (const auto& device : what.cdi)
    if (auto kept = files.keep_cdi(pool.resource.name, device); !kept) return kept;
  return {};
}

// Before the answer: who reads these files does so as soon as the kubelet has it.
std::expected<void, Error> write_files(const model::Pool& pool, model::CdiMode cdi, const Resolved& what,
                                       const ContainerFiles& files) {
  if (cdi != model::CdiMode::off)
    if (auto kept = keep_cdi(pool, what, files); !kept) return kept;
  if (files.keep)
    for (const auto& given : what.given)
      if (auto kept = files.keep(given); !kept) return kept;
  return {};
}

// Nodes by DeviceSpecs or by CDI, never both: the runtime would merge them.
void give_nodes(v1beta1::ContainerAllocateResponse& container, const model::Pool& pool, model::CdiMode cdi,
                const Resolved& what) {
  const auto& resource = pool.resource.name;
  switch (cdi) {
    case model::CdiMode::off:
      for (const auto& device : what.devices)
        for (const auto& node : device.nodes) add_node(container, node, permissions_of(pool));
      break;
    case model::CdiMode::field:
      for (const auto& device : what.cdi) container.add_cdi_devices()->set_name(cdi_name(resource, device.name));
      break;
    case model::CdiMode::annotation: {
      std::string names;
      for (const auto& device : what.cdi) names += (names.empty() ? "" : ",") + cdi_name(resource, device.name);
      if (!names.empty()) (*container.mutable_annotations())[cdi_annotation_key(resource)] = names;
      break;
    }
  }
}

std::string names(const std::vector<DeviceNode>& nodes) {
  std::string text;
  for (const auto& node : nodes) text += (text.empty() ? "" : ", ") + node.host_path;
  return text.empty() ? "nothing" : text;
}

// The same device under the same paths.
bool same(const std::vector<DeviceNode>& a, const std::vector<DeviceNode>& b) {
  const auto paths = [](const std::vector<DeviceNode>& nodes) {
    std::vector<std::pair<std::string_view, std::string_view>> all;
    for (const auto& node : nodes) all.emplace_back(node.host_path, node.container_path);
    std::ranges::sort(all);
    return all;
  };
  return paths(a) == paths(b);
}

}  // namespace

std::expected<v1beta1::AllocateResponse, Error> allocate(const model::Snapshot& snapshot, const model::Pool& pool,
                                                         const v1beta1::AllocateRequest& request,
                                                         const Resolve& resolve, const ContainerFiles& files) {
  const auto cdi = cdi_mode(snapshot);
  std::vector<Resolved> all;
  for (const auto& container : request.container_requests()) {
    auto what = resolve_all(snapshot, pool, container.devices_ids(), resolve);
    if (!what) return std::unexpected(std::move(what.error()));
    all.push_back(std::move(*what));
  }
  v1beta1::AllocateResponse response;
  for (const auto& what : all) {
    if (auto written = write_files(pool, cdi, what, files); !written)
      return std::unexpected(std::move(written.error()));
    auto* container = response.add_container_responses();
    give_nodes(*container, pool, cdi, what);
    if (!is_shared(pool))
      for (auto& [name, value] : environment(pool.resource, what.devices))
        (*container->mutable_envs())[name] = std::move(value);
  }
  return response;
}

std::expected<void, Error> pre_start(const model::Snapshot& snapshot, const model::Pool& pool,
                                     const v1beta1::PreStartContainerRequest& request, const Resolve& resolve,
                                     const ContainerFiles& files) {
  const auto now = resolve_all(snapshot, pool, request.devices_ids(), resolve);
  if (!now) return std::unexpected(now.error());
  if (cdi_mode(snapshot) != model::CdiMode::off) return keep_cdi(pool, *now, files);
  if (!files.kept) return {};
  for (const auto& given : now->given) {
    const auto before = files.kept(given.resource, given.device);
    if (before && !same(before->nodes, given.nodes))
      return std::unexpected(
          Error{Code::not_found, 0, "start a container with", fmt::format("{} of {}", given.device, given.resource),
                fmt::format("the pod was given {}, which is {} now: delete the pod, so that it is given what is there; "
                            "with [kubelet] cdi, containers are given it at every start",
                            names(before->nodes), names(given.nodes))});
  }
  return {};
}

CdiState cdi_state(const model::Snapshot& snapshot, const model::Pool& pool, const Resolve& resolve) {
  CdiState state;
  const auto add = [&](const std::string& name, model::NodeRequest wanted) {
    const auto device = resolved(name, std::move(wanted), resolve);
    if (!device)
      state.unresolved.push_back(name);
    else if (!device->nodes.empty())
      state.devices.push_back(cdi_device(name, device->nodes, permissions_of(pool)));
  };
  if (is_shared(pool))
    for (const auto& function : pool.functions)
      add(function.text(), core::shared_nodes(snapshot, pool.resource, function));
  else
    for (const auto& device : pool.devices) add(device.id, core::wanted_nodes(snapshot, pool.resource, device));
  return state;
}

v1beta1::PreferredAllocationResponse preferred_allocation(const model::Snapshot& snapshot, const model::Pool& pool,
                                                          const v1beta1::PreferredAllocationRequest& request) {
  v1beta1::PreferredAllocationResponse response;
  for (const auto& container : request.container_requests()) {
    const std::vector<std::string> available{container.available_deviceids().begin(),
                                             container.available_deviceids().end()};
    const std::vector<std::string> must{container.must_include_deviceids().begin(),
                                        container.must_include_deviceids().end()};
    const auto size = static_cast<std::size_t>(std::max(container.allocation_size(), 0));
    auto* answer = response.add_container_responses();
    for (auto& id : core::preferred(snapshot.inventory, pool, {available, must, size}))
      answer->add_deviceids(std::move(id));
  }
  return response;
}

v1beta1::DevicePluginOptions options_of(const model::Resource& resource) {
  v1beta1::DevicePluginOptions options;
  options.set_pre_start_required(resource.pre_start);
  options.set_get_preferred_allocation_available(resource.kind == ResourceKind::exclusive &&
                                                 resource.preferred_allocation != model::PreferredAllocation::none);
  return options;
}

v1beta1::ListAndWatchResponse device_list(const model::Pool& pool) {
  v1beta1::ListAndWatchResponse list;
  if (pool.resource.kind == model::ResourceKind::shared) {
    for (unsigned i = 0; i < pool.capacity; ++i) {
      auto* device = list.add_devices();
      device->set_id(std::to_string(i));
      device->set_health(i < pool.healthy ? "Healthy" : "Unhealthy");
      for (const int node : pool.numa_nodes) device->mutable_topology()->add_nodes()->set_id(node);
    }
    return list;
  }
  for (const auto& entry : pool.devices) {
    auto* device = list.add_devices();
    device->set_id(entry.id);
    device->set_health(entry.healthy ? "Healthy" : "Unhealthy");
    if (entry.numa_node && !pool.resource.exclude_topology)
      device->mutable_topology()->add_nodes()->set_id(*entry.numa_node);
  }
  return list;
}

grpc::Status status_of(const Error& error) {
  const auto code = [&] {
    switch (error.code) {
      case Code::not_found:
      case Code::unsupported: return grpc::StatusCode::FAILED_PRECONDITION;
      case Code::denied: return grpc::StatusCode::PERMISSION_DENIED;
      case Code::busy:
      case Code::stuck: return grpc::StatusCode::UNAVAILABLE;
      case Code::no_space: return grpc::StatusCode::RESOURCE_EXHAUSTED;
      case Code::invalid: return grpc::StatusCode::INVALID_ARGUMENT;
      case Code::protected_: return grpc::StatusCode::FAILED_PRECONDITION;
      case Code::timed_out: return grpc::StatusCode::DEADLINE_EXCEEDED;
      case Code::internal: return grpc::StatusCode::INTERNAL;
    }
    std::unreachable();
  }();
  return {code, error.text()};
}

}  // namespace nic::kubelet
