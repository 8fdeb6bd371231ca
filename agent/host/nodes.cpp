#include "host/nodes.hpp"

#include "host/facts.hpp"
#include "host/netlink_facts.hpp"
#include "host/sysfs.hpp"
#include "host/vdpa.hpp"

#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace nic::host {
namespace {

using model::Code;
using model::DeviceNode;
using model::Error;
using model::NodeKind;
using model::RdmaNode;
template <class T>
using Result = std::expected<T, Error>;

constexpr const char* kNotMade = "udev or devtmpfs has not made it";

// `name` is below /dev; `dev_file` is the sysfs file with its number, `number` what it is where that file is not there.
Result<DeviceNode> node(const model::Roots& roots, const Sysfs& sys, NodeKind kind, const std::string& name,
                        const std::string& dev_file, const char* advice, std::string_view number = {}) {
  const auto host_path = roots.dev / name;
  struct stat found{};
  if (::stat(host_path.c_str(), &found) < 0)
    return std::unexpected(model::system_error(errno, "find the device node", "/dev/" + name, advice));
  if (is_real(roots)) {
    const auto text = sys.text(dev_file.c_str());
    if (!text) return std::unexpected(text.error());
    if (const auto expected = text->value_or(std::string{number}); !is_device(found, expected))
      return std::unexpected(Error{Code::not_found, 0, "check the device node", "/dev/" + name,
                                   "it is not the device " + (expected.empty() ? "(unknown)" : expected) + " of " +
                                       sys.name(dev_file) + "; udev may still be at work"});
  }
  return DeviceNode{kind, "/dev/" + name, "/dev/" + name, {}};
}

// Where the access devices of one kind may stand: below the same parent as the RDMA device (ib_uverbs and ib_umad give
// them the parent of the ib_device), else among the virtual ones; the class has them all and is the last resort.
std::vector<std::string> places(const std::string& rdma_device, const char* kind) {
  return {"class/infiniband/" + rdma_device + "/device/" + kind, std::string{"devices/virtual/"} + kind,
          std::string{"class/"} + kind};
}

// By port, for those that belong to one.
Result<std::vector<std::string>> access_devices(const Sysfs& sys, const std::string& rdma_device, const char* kind) {
  for (const auto& place : places(rdma_device, kind)) {
    const auto names = sys.list(place.c_str());
    if (!names) return std::unexpected(names.error());
    std::vector<std::pair<unsigned, std::string>> mine;
    for (const auto& name : names->value_or(std::vector<std::string>{})) {
      const auto owner = sys.text((place + "/" + name + "/ibdev").c_str());
      if (!owner || !*owner || **owner != rdma_device) continue;
      const auto port = sys.number<unsigned>((place + "/" + name + "/port").c_str());
      mine.emplace_back(port ? port->value_or(0) : 0, name);
    }
    if (mine.empty()) continue;
    std::ranges::sort(mine);
    std::vector<std::string> result;
    for (auto& [port, name] : mine) result.push_back(std::move(name));
    return result;
  }
  return std::vector<std::string>{};
}

Result<Sysfs> open_sys(const model::Roots& roots) { return Sysfs::open(roots.sys); }

Result<Sysfs> open_function(const Sysfs& sys, const model::PciAddress& function) {
  auto folder = sys.folder(("bus/pci/devices/" + function.text()).c_str());
  if (!folder) return std::unexpected(std::move(folder.error()));
  if (!*folder) return std::unexpected(model::system_error(ENODEV, "find the PCI function", function.text()));
  return std::move(**folder);
}

NodeKind kind_of(std::string_view name) {
  if (name.starts_with("issm")) return NodeKind::issm;
  if (name.starts_with("umad")) return NodeKind::umad;
  return name.starts_with("ucm") ? NodeKind::ucm : NodeKind::uverbs;
}

// The nodes of one RDMA device in one class.
Result<void> add_class(const model::Roots& roots, const Sysfs& sys, const std::string& device, const char* kind,
                       std::vector<DeviceNode>& nodes) {
  const auto names = access_devices(sys, device, kind);
  if (!names) return std::unexpected(names.error());
  for (const auto& name : *names) {
    auto found =
        node(roots, sys, kind_of(name), "infiniband/" + name, fmt::format("class/{}/{}/dev", kind, name), kNotMade);
    if (!found) return std::unexpected(std::move(found.error()));
    found->rdma_device = device;
    nodes.push_back(std::move(*found));
  }
  return {};
}

bool has(std::span<const DeviceNode> nodes, NodeKind kind) {
  return std::ranges::find(nodes, kind, &DeviceNode::kind) != nodes.end();
}

Error missing(std::string_view what, const std::string& device, const char* module) {
  return Error{Code::not_found, 0, fmt::format("find the {} device of", what), device,
               fmt::format("load the module {}", module)};
}

Result<void> add_rdma_device(const model::Roots& roots, const Sysfs& sys, const std::string& device,
                             const RequiredNodes& required, std::vector<DeviceNode>& nodes) {
  if (device.empty() || device.find('/') != std::string::npos)
    return std::unexpected(model::invalid("find the device nodes of", device, "not the name of an RDMA device"));
  const auto before = nodes.size();
  if (auto done = add_class(roots, sys, device, "infiniband_verbs", nodes); !done) return done;
  if (nodes.size() == before) {
    if (!sys.exists(("class/infiniband/" + device).c_str()))
      return std::unexpected(model::system_error(ENODEV, "find the RDMA device", device));
    return std::unexpected(missing("uverbs", device, "ib_uverbs"));
  }
  // RoCE devices may have none (ib_umad serves ports that have an InfiniBand MAD layer).
  if (auto done = add_class(roots, sys, device, "infiniband_mad", nodes); !done) return done;
  // Kernels before 5.0 with the module ib_ucm.
  if (sys.exists("class/infiniband_cm"))
    if (auto done = add_class(roots, sys, device, "infiniband_cm", nodes); !done) return done;
  const auto mine = std::span{nodes}.subspan(before);
  if (required.contains(RdmaNode::umad) && !has(mine, NodeKind::umad))
    return std::unexpected(missing("umad", device, "ib_umad"));
  if (required.contains(RdmaNode::issm) && !has(mine, NodeKind::issm))
    return std::unexpected(missing("issm", device, "ib_umad"));
  return {};
}

void append(std::vector<DeviceNode>& all, std::vector<DeviceNode> more) {
  std::ranges::move(more, std::back_inserter(all));
}

Nodes rdma_nodes_now(const model::Roots& roots, const model::NodeRequest& request) {
  const auto names = rdma_devices_of(roots, request.function, request.rdma_devices, request.auxiliary);
  if (!names) return std::unexpected(names.error());
  if (names->empty())
    return std::unexpected(Error{Code::not_found, 0, "hand out",
                                 request.auxiliary.empty() ? request.function.text() : request.auxiliary,
                                 "it has no RDMA device now: the device went away with its driver or interface"});
  return rdma_nodes(roots, *names, request.required_nodes);
}

}  // namespace

bool is_device(const struct stat& found, std::string_view number) {
  const auto parsed = parse_device_number(number);
  return S_ISCHR(found.st_mode) && parsed && found.st_rdev == makedev(parsed->first, parsed->second);
}

Nodes resolve_nodes(const model::Roots& roots, const model::NodeRequest& request) {
  std::vector<DeviceNode> all;
  const auto add = [&](Nodes some) -> Result<void> {
    if (!some) return std::unexpected(std::move(some.error()));
    append(all, std::move(*some));
    return {};
  };
  if (request.vfio)
    if (auto done = add(vfio_nodes(roots, request.function)); !done) return std::unexpected(done.error());
  if (request.uio)
    if (auto done = add(uio_nodes(roots, request.function)); !done) return std::unexpected(done.error());
  if (request.rdma)
    if (auto done = add(rdma_nodes_now(roots, request)); !done) return std::unexpected(done.error());
  if (request.vhost_net)
    if (auto done = add(vhost_net_nodes(roots)); !done) return std::unexpected(done.error());
  if (request.vdpa)
    if (auto done = add(vdpa_nodes(roots, request.function, *request.vdpa)); !done)
      return std::unexpected(done.error());
  return all;
}

Nodes vfio_nodes(const model::Roots& roots, const model::PciAddress& function) {
  const auto sys = open_sys(roots);
  if (!sys) return std::unexpected(sys.error());
  const auto folder = open_function(*sys, function);
  if (!folder) return std::unexpected(folder.error());
  const auto driver = folder->link("driver");
  if (!driver) return std::unexpected(driver.error());
  // vfio-pci, or a variant of it (mlx5_vfio_pci): anything else leaves the group's node without a use.
  if (driver->value_or("").find("vfio") == std::string::npos)
    return std::unexpected(Error{Code::not_found, 0, "hand out", function.text(), "it is not bound to vfio-pci"});
  const auto group = folder->link("iommu_group");
  if (!group) return std::unexpected(group.error());
  if (!*group)
    return std::unexpected(Error{Code::not_found, 0, "find the IOMMU group of", function.text(),
                                 "bind the function to vfio-pci; turn the IOMMU on (VT-d or AMD-Vi in the BIOS, "
                                 "intel_iommu=on on the kernel command line)"});
  constexpr const char* kAdvice = "bind the function to vfio-pci and load the module vfio";
  auto container = node(roots, *sys, NodeKind::vfio_container, "vfio/vfio", "class/misc/vfio/dev", kAdvice);
  if (!container) return std::unexpected(std::move(container.error()));
  // The group that vfio makes up for a device without an IOMMU carries this name (drivers/vfio/group.c).
  const auto kind = folder->text("iommu_group/name");
  const bool unsafe = kind && kind->value_or("") == "vfio-noiommu";
  const std::string file = (unsafe ? "noiommu-" : "") + **group;
  auto own = node(roots, *sys, NodeKind::vfio_group, "vfio/" + file, "class/vfio/" + file + "/dev", kAdvice);
  if (!own) return std::unexpected(std::move(own.error()));
  own->container_path = "/dev/vfio/" + **group;
  return std::vector<DeviceNode>{std::move(*container), std::move(*own)};
}

Nodes uio_nodes(const model::Roots& roots, const model::PciAddress& function) {
  const auto sys = open_sys(roots);
  if (!sys) return std::unexpected(sys.error());
  const auto folder = open_function(*sys, function);
  if (!folder) return std::unexpected(folder.error());
  const auto names = folder->list("uio");
  if (!names) return std::unexpected(names.error());
  if (names->value_or(std::vector<std::string>{}).empty())
    return std::unexpected(Error{Code::not_found, 0, "find the uio device of", function.text(),
                                 "bind the function to igb_uio or uio_pci_generic"});
  const auto& name = (*names)->front();
  auto found = node(roots, *sys, NodeKind::uio, name, "class/uio/" + name + "/dev", kNotMade);
  if (!found) return std::unexpected(std::move(found.error()));
  return std::vector<DeviceNode>{std::move(*found)};
}

Nodes rdma_nodes(const model::Roots& roots, std::span<const std::string> rdma_device_names,
                 const RequiredNodes& required) {
  const auto sys = open_sys(roots);
  if (!sys) return std::unexpected(sys.error());
  std::vector<DeviceNode> nodes;
  std::set<std::string_view> seen;
  for (const auto& device : rdma_device_names)
    if (seen.insert(device).second)
      if (auto done = add_rdma_device(roots, *sys, device, required, nodes); !done)
        return std::unexpected(std::move(done.error()));
  if (seen.empty()) return nodes;
  constexpr const char* kAdvice = "load the module rdma_ucm";
  if (!sys->exists("class/misc/rdma_cm")) {
    if (!required.contains(RdmaNode::rdma_cm)) return nodes;
    return std::unexpected(Error{Code::not_found, 0, "find the device node", "/dev/infiniband/rdma_cm", kAdvice});
  }
  auto cm = node(roots, *sys, NodeKind::rdma_cm, "infiniband/rdma_cm", "class/misc/rdma_cm/dev", kAdvice);
  if (!cm) return std::unexpected(std::move(cm.error()));
  nodes.push_back(std::move(*cm));
  return nodes;
}

Nodes vhost_net_nodes(const model::Roots& roots) {
  const auto sys = open_sys(roots);
  if (!sys) return std::unexpected(sys.error());
  auto net = node(roots, *sys, NodeKind::vhost_net, "vhost-net", "class/misc/vhost-net/dev",
                  "load the module vhost_net", "10:238");
  if (!net) return std::unexpected(std::move(net.error()));
  auto tun = node(roots, *sys, NodeKind::tun, "net/tun", "class/misc/tun/dev", "load the module tun", "10:200");
  if (!tun) return std::unexpected(std::move(tun.error()));
  return std::vector<DeviceNode>{std::move(*net), std::move(*tun)};
}

Nodes vdpa_nodes(const model::Roots& roots, const model::PciAddress& function, model::VdpaType type) {
  const auto sys = open_sys(roots);
  if (!sys) return std::unexpected(sys.error());
  for (const auto& [address, name] : vdpa_devices(*sys)) {
    if (address != function) continue;
    const auto driver = sys->link(("bus/vdpa/devices/" + name + "/driver").c_str());
    if (!driver) return std::unexpected(driver.error());
    if (driver->value_or("") != vdpa_driver(type)) continue;
    if (type == model::VdpaType::virtio) return std::vector<DeviceNode>{};
    const auto paths = vhost_nodes(*sys, name);
    if (paths.empty())
      return std::unexpected(
          Error{Code::not_found, 0, "find the vhost-vdpa device of", name, "load the module vhost_vdpa"});
    const auto file = paths.front().substr(std::string_view{"/dev/"}.size());
    auto found =
        node(roots, *sys, NodeKind::vhost_vdpa, file, fmt::format("bus/vdpa/devices/{}/{}/dev", name, file), kNotMade);
    if (!found) return std::unexpected(std::move(found.error()));
    return std::vector<DeviceNode>{std::move(*found)};
  }
  return std::unexpected(Error{Code::not_found, 0, fmt::format("find the vDPA device of type {} of", word(type)),
                               function.text(),
                               fmt::format("bind a vDPA device of the function to {}", vdpa_driver(type))});
}

Result<std::vector<std::string>> rdma_devices_of(const model::Roots& roots, const model::PciAddress& function,
                                                 std::span<const std::string> others, std::string_view auxiliary) {
  const auto sys = open_sys(roots);
  if (!sys) return std::unexpected(sys.error());
  if (auxiliary.find('/') != std::string_view::npos)
    return std::unexpected(
        model::invalid("find the RDMA devices of", std::string{auxiliary}, "not the name of a device"));
  const auto below =
      sys->list(auxiliary.empty() ? ("bus/pci/devices/" + function.text() + "/infiniband").c_str()
                                  : fmt::format("bus/auxiliary/devices/{}/infiniband", auxiliary).c_str());
  if (!below) return std::unexpected(below.error());
  auto names = below->value_or(std::vector<std::string>{});
  for (const auto& name : others) {
    if (name.find('/') != std::string::npos || std::ranges::find(names, name) != names.end()) continue;
    const auto target = sys->target(("class/infiniband/" + name).c_str());
    // Those of scalable functions stand below the function too, and are somebody else's.
    if (target && *target && (*target)->find(".sf.") == std::string::npos) names.push_back(name);
  }
  return names;
}

}  // namespace nic::host
