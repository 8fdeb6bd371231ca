#include "host/nodes.hpp"

#include "host/netlink_facts.hpp"
#include "host/observe.hpp"
#include "host/sysfs.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

namespace nic::host {
namespace {

using model::CharDevice;
using model::DeviceNode;
using model::Error;
using model::NodeKind;
using Nodes = std::vector<DeviceNode>;

Error missing(const std::string& path, std::string advice) {
  return {model::Code::not_found, ENOENT, "find the device node", path, std::move(advice)};
}

NodeKind kind_of(model::RdmaNode kind) {
  switch (kind) {
    case model::RdmaNode::uverbs: return NodeKind::uverbs;
    case model::RdmaNode::umad: return NodeKind::umad;
    case model::RdmaNode::issm: return NodeKind::issm;
    case model::RdmaNode::ucm: return NodeKind::ucm;
    case model::RdmaNode::rdma_cm: return NodeKind::rdma_cm;
  }
  std::unreachable();
}

// The node is there, and is the device that sysfs means: a stale one would hand out somebody else's.
std::expected<void, Error> check(const model::Roots& roots, const std::string& path, unsigned major, unsigned minor) {
  struct stat status{};
  const auto real = roots.dev / path.substr(std::string_view{"/dev/"}.size());
  if (::stat(real.c_str(), &status) != 0)
    return std::unexpected(missing(path, "udev has not made it; is udevd running?"));
  if (!is_real(roots)) return {};
  if (!S_ISCHR(status.st_mode) || ::major(status.st_rdev) != major || ::minor(status.st_rdev) != minor)
    return std::unexpected(missing(path, fmt::format("it is not the character device {}:{}", major, minor)));
  return {};
}

std::expected<Nodes, Error> vfio_nodes(const model::Roots& roots, const model::PciAddress& address) {
  const auto function = Sysfs::open(roots.sys / "bus/pci/devices" / address.text());
  if (!function) return std::unexpected(function.error());
  if (const auto driver = function->link("driver"); !driver || *driver != "vfio-pci")
    return std::unexpected(Error{model::Code::not_found, 0, "hand out", address.text(), "it is not bound to vfio-pci"});
  const auto group = function->link("iommu_group");
  if (!group) return std::unexpected(group.error());
  if (!*group) return std::unexpected(missing(function->name("iommu_group"), "the function is in no IOMMU group"));
  const auto kind = function->text("iommu_group/name");
  const bool noiommu = kind && *kind == "vfio-noiommu";
  const std::string container = "/dev/vfio/vfio";
  const std::string inside = "/dev/vfio/" + **group;
  const std::string outside = noiommu ? "/dev/vfio/noiommu-" + **group : inside;
  for (const auto& path : {container, outside}) {
    struct stat status{};
    if (::stat((roots.dev / path.substr(5)).c_str(), &status) != 0)
      return std::unexpected(missing(path, "is the module vfio-pci loaded?"));
  }
  return Nodes{{NodeKind::vfio_container, container, container, ""}, {NodeKind::vfio_group, outside, inside, ""}};
}

std::expected<Nodes, Error> rdma_nodes(const model::Roots& roots, const std::vector<std::string>& names) {
  RdmaFacts facts;
  for (const auto& name : names) {
    RdmaLink device;
    device.name = name;
    facts.devices.push_back(std::move(device));
  }
  Nodes nodes;
  const auto add = [&](const CharDevice& node, const std::string& device) -> std::expected<void, Error> {
    if (auto good = check(roots, node.path, node.major, node.minor); !good) return good;
    nodes.push_back({kind_of(node.kind), node.path, node.path, device});
    return {};
  };
  for (const auto& device : read_rdma_devices(roots, facts)) {
    const bool user_access =
        std::ranges::any_of(device.nodes, [](const auto& node) { return node.kind == model::RdmaNode::uverbs; });
    if (!user_access)
      return std::unexpected(missing("/dev/infiniband/uverbs* of " + device.name,
                                     "the RDMA device went away, or the module ib_uverbs is not loaded"));
    for (const auto& node : device.nodes)
      if (auto added = add(node, device.name); !added) return std::unexpected(added.error());
  }
  const auto cm = read_rdma_cm(roots);
  if (!cm) return std::unexpected(missing("/dev/infiniband/rdma_cm", "the module rdma_ucm is not loaded"));
  if (auto added = add(*cm, ""); !added) return std::unexpected(added.error());
  return nodes;
}

}  // namespace

std::expected<Nodes, Error> resolve_nodes(const model::Roots& roots, const model::NodeRequest& request) {
  return request.vfio ? vfio_nodes(roots, request.function) : rdma_nodes(roots, request.rdma_devices);
}

}  // namespace nic::host
