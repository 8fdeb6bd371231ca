#include "host/nodes.hpp"

#include "host/facts.hpp"
#include "host/netlink_facts.hpp"
#include "host/sysfs.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <set>

namespace nic::host {
namespace {

using model::Code;
using model::DeviceNode;
using model::Error;
using model::NodeKind;
template <class T>
using Result = std::expected<T, Error>;

// `name` is below /dev; `dev_file` is the sysfs file with its number.
Result<DeviceNode> node(const model::Roots& roots, const Sysfs& sys, NodeKind kind, const std::string& name,
                        const std::string& dev_file, const char* advice) {
  const auto host_path = roots.dev / name;
  struct stat found{};
  if (::stat(host_path.c_str(), &found) < 0)
    return std::unexpected(model::system_error(errno, "find the device node", "/dev/" + name, advice));
  if (is_real(roots)) {
    const auto text = sys.text(dev_file.c_str());
    if (!text) return std::unexpected(text.error());
    const auto number = parse_device_number(text->value_or(""));
    if (!S_ISCHR(found.st_mode) || !number || found.st_rdev != makedev(number->first, number->second))
      return std::unexpected(Error{Code::not_found, 0, "check the device node", "/dev/" + name,
                                   "it is not the device " + text->value_or("(unknown)") + " of " + sys.name(dev_file) +
                                       "; udev may still be at work"});
  }
  return DeviceNode{kind, "/dev/" + name, "/dev/" + name, {}};
}

// Where the access devices of one kind may stand: below the same parent as the RDMA device (ib_uverbs and ib_umad give
// them the parent of the ib_device), else among the virtual ones; the class has them all and is the last resort.
std::vector<std::string> places(const std::string& rdma_device, const char* kind) {
  return {"class/infiniband/" + rdma_device + "/device/" + kind, std::string{"devices/virtual/"} + kind,
          std::string{"class/"} + kind};
}

Result<std::vector<std::string>> access_devices(const Sysfs& sys, const std::string& rdma_device, const char* kind) {
  for (const auto& place : places(rdma_device, kind)) {
    const auto names = sys.list(place.c_str());
    if (!names) return std::unexpected(names.error());
    std::vector<std::string> mine;
    for (const auto& name : names->value_or(std::vector<std::string>{})) {
      const auto owner = sys.text((place + "/" + name + "/ibdev").c_str());
      if (owner && *owner && **owner == rdma_device) mine.push_back(name);
    }
    if (!mine.empty()) return mine;
  }
  return std::vector<std::string>{};
}

Result<Sysfs> open_sys(const model::Roots& roots) { return Sysfs::open(roots.sys); }

}  // namespace

Result<std::vector<DeviceNode>> rdma_nodes(const model::Roots& roots, std::span<const std::string> rdma_device_names) {
  const auto sys = open_sys(roots);
  if (!sys) return std::unexpected(sys.error());
  std::vector<DeviceNode> nodes;
  std::set<std::string_view> seen;
  for (const auto& device : rdma_device_names) {
    if (!seen.insert(device).second) continue;
    if (device.empty() || device.find('/') != std::string::npos)
      return std::unexpected(model::invalid("find the device nodes of", device, "not the name of an RDMA device"));
    const auto verbs = access_devices(*sys, device, "infiniband_verbs");
    if (!verbs) return std::unexpected(verbs.error());
    if (verbs->empty()) {
      if (!sys->exists(("class/infiniband/" + device).c_str()))
        return std::unexpected(model::system_error(ENODEV, "find the RDMA device", device));
      return std::unexpected(
          Error{Code::not_found, 0, "find the uverbs device of", device, "load the module ib_uverbs"});
    }
    for (const auto& name : *verbs) {
      auto found = node(roots, *sys, NodeKind::uverbs, "infiniband/" + name, "class/infiniband_verbs/" + name + "/dev",
                        "udev or devtmpfs has not made it");
      if (!found) return std::unexpected(std::move(found.error()));
      found->rdma_device = device;
      nodes.push_back(std::move(*found));
    }
    // umad and issm of every port; RoCE devices have none (ib_umad serves ports that have an InfiniBand MAD layer).
    const auto mads = access_devices(*sys, device, "infiniband_mad");
    if (!mads) return std::unexpected(mads.error());
    for (const auto& name : *mads) {
      auto found = node(roots, *sys, name.starts_with("issm") ? NodeKind::issm : NodeKind::umad, "infiniband/" + name,
                        "class/infiniband_mad/" + name + "/dev", "udev or devtmpfs has not made it");
      if (!found) return std::unexpected(std::move(found.error()));
      found->rdma_device = device;
      nodes.push_back(std::move(*found));
    }
  }
  if (seen.empty()) return nodes;
  if (!sys->exists("class/misc/rdma_cm"))
    return std::unexpected(
        Error{Code::not_found, 0, "find the device node", "/dev/infiniband/rdma_cm", "load the module rdma_ucm"});
  auto cm =
      node(roots, *sys, NodeKind::rdma_cm, "infiniband/rdma_cm", "class/misc/rdma_cm/dev", "load the module rdma_ucm");
  if (!cm) return std::unexpected(std::move(cm.error()));
  nodes.push_back(std::move(*cm));
  return nodes;
}

Result<std::vector<DeviceNode>> vfio_nodes(const model::Roots& roots, const model::PciAddress& function) {
  const auto sys = open_sys(roots);
  if (!sys) return std::unexpected(sys.error());
  const auto folder = sys->folder(("bus/pci/devices/" + function.text()).c_str());
  if (!folder) return std::unexpected(folder.error());
  if (!*folder) return std::unexpected(model::system_error(ENODEV, "find the PCI function", function.text()));
  const auto driver = (*folder)->link("driver");
  if (!driver) return std::unexpected(driver.error());
  // vfio-pci, or a variant of it (mlx5_vfio_pci): anything else leaves the group's node without a use.
  if (driver->value_or("").find("vfio") == std::string::npos)
    return std::unexpected(Error{Code::not_found, 0, "hand out", function.text(), "it is not bound to vfio-pci"});
  const auto group = (*folder)->link("iommu_group");
  if (!group) return std::unexpected(group.error());
  if (!*group)
    return std::unexpected(Error{Code::not_found, 0, "find the IOMMU group of", function.text(),
                                 "bind the function to vfio-pci; turn the IOMMU on (VT-d or AMD-Vi in the BIOS, "
                                 "intel_iommu=on on the kernel command line)"});
  constexpr const char* kAdvice = "bind the function to vfio-pci and load the module vfio";
  auto container = node(roots, *sys, NodeKind::vfio_container, "vfio/vfio", "class/misc/vfio/dev", kAdvice);
  if (!container) return std::unexpected(std::move(container.error()));
  // The group that vfio makes up for a device without an IOMMU carries this name (drivers/vfio/group.c).
  const auto kind = (*folder)->text("iommu_group/name");
  const bool unsafe = kind && kind->value_or("") == "vfio-noiommu";
  const std::string file = (unsafe ? "noiommu-" : "") + **group;
  auto own = node(roots, *sys, NodeKind::vfio_group, "vfio/" + file, "class/vfio/" + file + "/dev", kAdvice);
  if (!own) return std::unexpected(std::move(own.error()));
  own->container_path = "/dev/vfio/" + **group;
  return std::vector<DeviceNode>{std::move(*container), std::move(*own)};
}

Result<std::vector<DeviceNode>> resolve_nodes(const model::Roots& roots, const model::NodeRequest& request) {
  if (request.vfio) return vfio_nodes(roots, request.function);
  const auto names = rdma_devices_of(roots, request.function, request.rdma_devices);
  if (!names) return std::unexpected(names.error());
  if (names->empty())
    return std::unexpected(Error{Code::not_found, 0, "hand out", request.function.text(),
                                 "it has no RDMA device now: the device went away with its driver or interface"});
  return rdma_nodes(roots, *names);
}

Result<std::vector<std::string>> rdma_devices_of(const model::Roots& roots, const model::PciAddress& function,
                                                 std::span<const std::string> software) {
  const auto sys = open_sys(roots);
  if (!sys) return std::unexpected(sys.error());
  const auto below = sys->list(("bus/pci/devices/" + function.text() + "/infiniband").c_str());
  if (!below) return std::unexpected(below.error());
  auto names = below->value_or(std::vector<std::string>{});
  for (const auto& name : software)
    if (name.find('/') == std::string::npos && std::ranges::find(names, name) == names.end() &&
        sys->exists(("class/infiniband/" + name).c_str()))
      names.push_back(name);
  return names;
}

}  // namespace nic::host
