// RDMA devices: RDMA netlink's facts joined with sysfs, and their character devices.
// Source: kernel Documentation/ABI/stable/sysfs-class-infiniband, drivers/infiniband/core/{user_mad,uverbs_main}.c.
#include "host/observe.hpp"
#include "host/pci.hpp"
#include "host/sysfs.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace nic::host {
namespace {

using model::CharDevice;
using model::RdmaDevice;
using model::RdmaNode;

template <class T>
T or_default(Sysfs::Maybe<T> read) {
  return read && *read ? std::move(**read) : T{};
}

// "231:192"
bool read_numbers(const std::string& text, CharDevice& node) {
  const auto* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, node.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != ':') return false;
  return std::from_chars(major.ptr + 1, end, node.minor).ptr == end;
}

struct NodeClass {
  const char* folder;
  std::string_view prefix;
  RdmaNode kind;
};
constexpr std::array kNodeClasses{
    NodeClass{"class/infiniband_verbs", "uverbs", RdmaNode::uverbs},
    NodeClass{"class/infiniband_mad", "umad", RdmaNode::umad},
    NodeClass{"class/infiniband_mad", "issm", RdmaNode::issm},
    NodeClass{"class/infiniband_cm", "ucm", RdmaNode::ucm},
};

// RDMA device name -> its nodes.
std::map<std::string, std::vector<CharDevice>> read_nodes(const model::Roots& roots) {
  std::map<std::string, std::vector<CharDevice>> nodes;
  for (const auto& of : kNodeClasses) {
    const auto folder = Sysfs::open(roots.sys / of.folder);
    if (!folder) continue;
    for (const auto& name : or_default(folder->list("."))) {
      if (!name.starts_with(of.prefix)) continue;
      const auto device = or_default(folder->text((name + "/ibdev").c_str()));
      CharDevice node;
      node.kind = of.kind;
      node.path = "/dev/infiniband/" + name;
      if (device.empty() || !read_numbers(or_default(folder->text((name + "/dev").c_str())), node)) continue;
      if (const auto port = folder->number<unsigned>((name + "/port").c_str()); port && *port) node.port = **port;
      nodes[device].push_back(std::move(node));
    }
  }
  return nodes;
}

// "4: ACTIVE"
std::string after_colon(std::string text) {
  const auto colon = text.find(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

model::RdmaPort read_port(const Sysfs& ports, const std::string& number) {
  model::RdmaPort port;
  std::from_chars(number.data(), number.data() + number.size(), port.number);
  port.state = after_colon(or_default(ports.text((number + "/state").c_str())));
  port.phys_state = after_colon(or_default(ports.text((number + "/phys_state").c_str())));
  port.rate = or_default(ports.text((number + "/rate").c_str()));
  const auto layer = or_default(ports.text((number + "/link_layer").c_str()));
  if (layer == "Ethernet") port.link_layer = model::LinkType::ethernet;
  if (layer == "InfiniBand") port.link_layer = model::LinkType::infiniband;
  return port;
}

void read_sysfs(const Sysfs& folder, RdmaDevice& rdma) {
  const auto device = folder.folder(rdma.name.c_str());
  if (!device || !*device) return;
  const auto text = [&](const char* name) { return or_default((*device)->text(name)); };
  if (rdma.node_guid.empty()) rdma.node_guid = text("node_guid");
  if (rdma.sys_image_guid.empty()) rdma.sys_image_guid = text("sys_image_guid");
  if (rdma.firmware.empty()) rdma.firmware = text("fw_ver");
  rdma.board_id = text("board_id");
  rdma.hca_type = text("hca_type");
  rdma.node_description = text("node_desc");
  if (const auto ports = (*device)->folder("ports"); ports && *ports)
    for (const auto& number : or_default((*ports)->list("."))) rdma.ports.push_back(read_port(**ports, number));
  std::ranges::sort(rdma.ports, {}, &model::RdmaPort::number);
}

}  // namespace

std::vector<RdmaDevice> read_rdma_devices(const model::Roots& roots, const RdmaFacts& facts) {
  const auto nodes = read_nodes(roots);
  const auto folder = Sysfs::open(roots.sys / "class/infiniband");
  std::vector<RdmaDevice> all;
  for (const auto& fact : facts.devices) {
    RdmaDevice rdma;
    rdma.name = fact.name;
    rdma.index = fact.index;
    rdma.firmware = fact.firmware;
    rdma.node_guid = fact.node_guid;
    rdma.sys_image_guid = fact.sys_image_guid;
    if (folder) {
      read_sysfs(*folder, rdma);
      if (const auto path = folder->target(rdma.name.c_str()); path && *path) {
        rdma.function = innermost_address(**path);
        rdma.software = (*path)->contains("/virtual/");
      }
    }
    for (const auto& link : fact.ports) {
      auto port = std::ranges::find(rdma.ports, link.number, &model::RdmaPort::number);
      if (port != rdma.ports.end()) port->net_ifindex = link.net_ifindex;
    }
    if (const auto found = nodes.find(rdma.name); found != nodes.end()) rdma.nodes = found->second;
    all.push_back(std::move(rdma));
  }
  std::ranges::sort(all, {}, &RdmaDevice::name);
  return all;
}

std::optional<CharDevice> read_rdma_cm(const model::Roots& roots) {
  const auto folder = Sysfs::open(roots.sys / "class/misc/rdma_cm");
  if (!folder) return std::nullopt;
  CharDevice node;
  node.kind = RdmaNode::rdma_cm;
  node.path = "/dev/infiniband/rdma_cm";
  if (!read_numbers(or_default(folder->text("dev")), node)) return std::nullopt;
  return node;
}

}  // namespace nic::host
