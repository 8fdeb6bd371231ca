#include "kubelet/allocate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace nic::kubelet {
namespace {

using model::Code;
using model::DeviceNode;
using model::Error;
using model::NodeKind;

std::string_view info_key(NodeKind kind) {
  switch (kind) {
    case NodeKind::vfio_container: return "mount";
    case NodeKind::vfio_group: return "dev-mount";
    case NodeKind::uverbs: return "uverbs";
    case NodeKind::umad: return "umad";
    case NodeKind::issm: return "issm";
    case NodeKind::ucm: return "ucm";
    case NodeKind::rdma_cm: return "rdma_cm";
  }
  std::unreachable();
}

bool is_vfio(NodeKind kind) { return kind == NodeKind::vfio_container || kind == NodeKind::vfio_group; }

// Go's encoder writes these three as escapes, and the value is compared byte by byte by some.
std::string html_escaped(const std::string& json) {
  std::string text;
  for (const char c : json) {
    switch (c) {
      case '<': text += "\\u003c"; break;
      case '>': text += "\\u003e"; break;
      case '&': text += "\\u0026"; break;
      default: text += c; break;
    }
  }
  return text;
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

model::NodeRequest request_for(const model::Snapshot& snapshot, const model::PciAddress& address) {
  model::NodeRequest request;
  request.function = address;
  const auto* function = snapshot.inventory.function(address);
  request.vfio = function != nullptr && function->driver == "vfio-pci";
  for (const auto* rdma : snapshot.inventory.rdma_devices_of(address)) request.rdma_devices.push_back(rdma->name);
  return request;
}

bool is_shared_id(const std::string& id, unsigned capacity) {
  unsigned value{};
  const auto [end, failure] = std::from_chars(id.data(), id.data() + id.size(), value);
  return failure == std::errc{} && end == id.data() + id.size() && value < capacity && std::to_string(value) == id;
}

// Every character device of every matched HCA.
std::expected<void, Error> fill_shared(v1beta1::ContainerAllocateResponse& container, const model::Snapshot& snapshot,
                                       const model::Pool& pool, const Resolve& resolve,
                                       const v1beta1::ContainerAllocateRequest& request) {
  for (const auto& id : request.devices_ids())
    if (!is_shared_id(id, pool.capacity)) return std::unexpected(unknown(id, pool));
  for (const auto& function : pool.functions) {
    model::NodeRequest nodes_of = request_for(snapshot, function);
    nodes_of.vfio = false;
    const auto nodes = resolve(nodes_of);
    if (!nodes) return std::unexpected(nodes.error());
    for (const auto& node : *nodes) add_node(container, node, "rwm");
  }
  return {};
}

nlohmann::json device_info(const std::string& id, const std::vector<DeviceNode>& nodes) {
  nlohmann::json info{{"generic", {{"deviceID", id}}}};
  for (const auto& node : nodes) {
    auto& group = info[is_vfio(node.kind) ? "vfio" : "rdma"];
    group[std::string{info_key(node.kind)}] = node.container_path;
    if (!node.rdma_device.empty()) group["rdma_dev"] = node.rdma_device;
  }
  return info;
}

std::expected<void, Error> fill_exclusive(v1beta1::ContainerAllocateResponse& container,
                                          const model::Snapshot& snapshot, const model::Pool& pool,
                                          const Resolve& resolve, const v1beta1::ContainerAllocateRequest& request) {
  std::string ids;
  nlohmann::json infos = nlohmann::json::object();
  for (const auto& id : request.devices_ids()) {
    const auto device = std::ranges::find(pool.devices, id, &model::PoolDevice::id);
    if (device == pool.devices.end()) return std::unexpected(unknown(id, pool));
    if (!device->healthy) return std::unexpected(Error{Code::invalid, 0, "allocate", id, "the device is not healthy"});
    const auto wanted = request_for(snapshot, device->function);
    std::vector<DeviceNode> nodes;
    if (wanted.vfio || !wanted.rdma_devices.empty()) {
      auto found = resolve(wanted);
      if (!found) return std::unexpected(found.error());
      nodes = std::move(*found);
    }
    for (const auto& node : nodes) add_node(container, node, "rw");
    infos[id] = device_info(id, nodes);
    ids += (ids.empty() ? "" : ",") + id;
  }
  const auto name = environment_name(pool.resource.name);
  (*container.mutable_envs())[name] = ids;
  (*container.mutable_envs())[name + "_INFO"] =
      html_escaped(infos.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return {};
}

}  // namespace

std::string environment_name(std::string_view resource) {
  std::string name = "PCIDEVICE_";
  for (const char c : resource) {
    if (c == '.' || c == '/')
      name += '_';
    else
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

std::expected<v1beta1::AllocateResponse, Error> allocate(const model::Snapshot& snapshot, const model::Pool& pool,
                                                         const v1beta1::AllocateRequest& request,
                                                         const Resolve& resolve) {
  v1beta1::AllocateResponse response;
  for (const auto& container : request.container_requests()) {
    auto* answer = response.add_container_responses();
    const auto filled = pool.resource.kind == model::ResourceKind::shared
                            ? fill_shared(*answer, snapshot, pool, resolve, container)
                            : fill_exclusive(*answer, snapshot, pool, resolve, container);
    if (!filled) return std::unexpected(filled.error());
  }
  return response;
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
