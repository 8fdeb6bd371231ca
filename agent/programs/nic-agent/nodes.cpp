#include "nic-agent/nodes.hpp"

#include "host/nodes.hpp"

#include <array>
#include <string_view>

namespace nic::daemon {
namespace {

using model::DeviceNode;
using model::Error;
using model::NodeKind;

struct Prefix {
  std::string_view text;
  NodeKind kind;
};
constexpr std::array kPrefixes{
    Prefix{"/dev/vfio/vfio", NodeKind::vfio_container},   Prefix{"/dev/vfio/", NodeKind::vfio_group},
    Prefix{"/dev/infiniband/uverbs", NodeKind::uverbs},   Prefix{"/dev/infiniband/umad", NodeKind::umad},
    Prefix{"/dev/infiniband/issm", NodeKind::issm},       Prefix{"/dev/infiniband/ucm", NodeKind::ucm},
    Prefix{"/dev/infiniband/rdma_cm", NodeKind::rdma_cm},
};

NodeKind kind_of(std::string_view path) {
  for (const auto& prefix : kPrefixes)
    if (path.starts_with(prefix.text)) return prefix.kind;
  return NodeKind::uverbs;
}

}  // namespace

std::expected<std::vector<DeviceNode>, Error> resolve_nodes(const model::Roots& roots,
                                                            const model::NodeRequest& request) {
  const auto found =
      request.vfio ? host::vfio_nodes(roots, request.function) : host::rdma_nodes(roots, request.rdma_devices);
  if (!found) return std::unexpected(found.error());
  std::vector<DeviceNode> nodes;
  for (const auto& node : *found) {
    const auto kind = kind_of(node.host_path);
    const bool of_device = !request.vfio && kind != NodeKind::rdma_cm && request.rdma_devices.size() == 1;
    nodes.push_back({kind, node.host_path, node.container_path, of_device ? request.rdma_devices.front() : ""});
  }
  return nodes;
}

}  // namespace nic::daemon
