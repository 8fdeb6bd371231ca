#include "host/facts.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace nic::host {
namespace {

// The classes of RDMA user access and the names of their devices. Source: drivers/infiniband/core/{uverbs_main,
// user_mad,ucm}.c.
struct NodeClass {
  const char* folder;
  std::string_view prefix;
  model::RdmaNode kind;
};
constexpr std::array kNodeClasses{
    NodeClass{"class/infiniband_verbs", "uverbs", model::RdmaNode::uverbs},
    NodeClass{"class/infiniband_mad", "umad", model::RdmaNode::umad},
    NodeClass{"class/infiniband_mad", "issm", model::RdmaNode::issm},
    NodeClass{"class/infiniband_cm", "ucm", model::RdmaNode::ucm},
};

std::string or_empty(Sysfs::Maybe<std::string> value, Problems& problems) {
  if (value) return std::move(*value).value_or("");
  // Gone while it was being read: its removal comes as an event.
  if (value.error().errno_value != ENODEV) problems.push_back(std::move(value.error()));
  return {};
}

// "4: ACTIVE" without the number.
std::string word_behind_number(const std::string& text) {
  const auto colon = text.find(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

model::LinkType link_layer(std::string_view text) {
  if (text == "Ethernet") return model::LinkType::ethernet;
  return text == "InfiniBand" ? model::LinkType::infiniband : model::LinkType::unknown;
}

std::optional<model::CharDevice> read_node(const Sysfs& folder, const NodeClass& nodes, const std::string& name,
                                           Problems& problems) {
  const auto number = parse_device_number(or_empty(folder.text((name + "/dev").c_str()), problems));
  if (!number) return std::nullopt;
  model::CharDevice node{nodes.kind, "/dev/infiniband/" + name, number->first, number->second, std::nullopt};
  if (nodes.kind == model::RdmaNode::umad || nodes.kind == model::RdmaNode::issm)
    if (const auto port = folder.number<unsigned>((name + "/port").c_str()); port) node.port = *port;
  return node;
}

// Every character device, by the name of its RDMA device.
std::map<std::string, std::vector<model::CharDevice>> read_nodes(const Sysfs& sys, Problems& problems) {
  std::map<std::string, std::vector<model::CharDevice>> nodes;
  for (const auto& kind : kNodeClasses) {
    const auto folder = sys.folder(kind.folder);
    if (!folder || !*folder) continue;  // its module is not loaded
    const auto names = (*folder)->list(".");
    if (!names || !*names) continue;
    for (const auto& name : **names) {
      if (!name.starts_with(kind.prefix)) continue;
      const auto device = or_empty((*folder)->text((name + "/ibdev").c_str()), problems);
      if (device.empty()) continue;
      if (auto node = read_node(**folder, kind, name, problems)) nodes[device].push_back(std::move(*node));
    }
  }
  return nodes;
}

// "fe80:0000:0000:0000:0002:c903:00f9:bfa1" is the subnet's prefix and the port's GUID.
std::string guid_in(const std::string& gid) {
  constexpr std::size_t kGid = (8 * 5) - 1, kGuid = (4 * 5) - 1;
  return gid.size() == kGid ? gid.substr(kGid - kGuid) : "";
}

// A subnet manager hands its keys over in blocks of 32 (InfiniBand Architecture 14.2.5.7) and fills the table from the
// front; every place costs a question to the card. Behind a whole block of empty places nobody looks.
std::vector<std::uint16_t> read_pkeys(const Sysfs& device, const std::string& folder) {
  constexpr unsigned kMost = 65535, kBlock = 32;
  constexpr std::uint16_t kMembers = 0x7fff;  // without the bit for full membership
  std::vector<std::uint16_t> keys;
  for (unsigned place = 0, empty = 0; place < kMost && empty < kBlock; ++place) {
    const auto key = device.number<std::uint16_t>((folder + std::to_string(place)).c_str(), 16);
    if (!key || !*key) break;  // the end of the table, or the device is going
    empty = (**key & kMembers) == 0 ? empty + 1 : 0;
    if (empty == 0) keys.push_back(**key);
  }
  return keys;
}

model::RdmaPort read_port(const Sysfs& device, unsigned number, const RdmaLink& link, Problems& problems) {
  const auto file = [&](const char* name) { return "ports/" + std::to_string(number) + "/" + name; };
  model::RdmaPort port;
  port.number = number;
  port.state = word_behind_number(or_empty(device.text(file("state").c_str()), problems));
  port.phys_state = word_behind_number(or_empty(device.text(file("phys_state").c_str()), problems));
  port.link_layer = link_layer(or_empty(device.text(file("link_layer").c_str()), problems));
  if (port.link_layer == model::LinkType::infiniband) {
    port.guid = guid_in(or_empty(device.text(file("gids/0").c_str()), problems));
    if (const auto first = device.number<std::uint16_t>(file("pkeys/0").c_str(), 16); first) port.first_pkey = *first;
    port.pkeys = read_pkeys(device, file("pkeys/"));
  }
  port.rate = or_empty(device.text(file("rate").c_str()), problems);
  for (const auto& known : link.ports)
    if (known.number == number) port.net_ifindex = known.net_ifindex;
  return port;
}

}  // namespace

std::optional<std::pair<unsigned, unsigned>> parse_device_number(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits) -> std::optional<unsigned> {
    unsigned value{};
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  const auto major = number(text.substr(0, colon));
  const auto minor = number(text.substr(colon + 1));
  if (!major || !minor) return std::nullopt;
  return std::pair{*major, *minor};
}

std::vector<model::RdmaDevice> join_rdma_devices(const Sysfs& sys, std::span<const RdmaLink> links,
                                                 Problems& problems) {
  std::vector<model::RdmaDevice> result;
  const auto opened = sys.folder("class/infiniband");
  if (!opened) problems.push_back(opened.error());
  if (!opened || !*opened) return result;
  const Sysfs& folder = **opened;
  auto nodes = read_nodes(sys, problems);
  for (const auto& link : links) {
    if (link.name.find('/') != std::string::npos) continue;
    const auto target = folder.target(link.name.c_str());
    const auto device = folder.folder(link.name.c_str());
    if (!target || !*target || !device || !*device) continue;  // removed or renamed since: an event is on its way
    model::RdmaDevice rdma;
    rdma.name = link.name;
    rdma.index = link.index;
    rdma.node_guid = link.node_guid;
    rdma.sys_image_guid = link.sys_image_guid;
    rdma.firmware = link.firmware;
    rdma.function = function_above(**target);
    if (rdma.function) rdma.auxiliary = scalable_function_above(**target);
    rdma.software = !rdma.function;
    if (rdma.firmware.empty()) rdma.firmware = or_empty((*device)->text("fw_ver"), problems);
    rdma.board_id = or_empty((*device)->text("board_id"), problems);
    rdma.hca_type = or_empty((*device)->text("hca_type"), problems);
    rdma.node_description = or_empty((*device)->text("node_desc"), problems);
    constexpr unsigned kMostPorts = 255;  // a port number is 8 bits on the wire
    const auto ports = std::min(std::max<unsigned>(link.port_count, 1), kMostPorts);
    for (unsigned number = 1; number <= ports; ++number)
      rdma.ports.push_back(read_port(**device, number, link, problems));
    if (const auto mine = nodes.find(link.name); mine != nodes.end()) rdma.nodes = std::move(mine->second);
    result.push_back(std::move(rdma));
  }
  std::ranges::sort(result, {}, &model::RdmaDevice::name);
  return result;
}

std::optional<model::CharDevice> read_rdma_cm(const Sysfs& sys, Problems& problems) {
  const auto text = or_empty(sys.text("class/misc/rdma_cm/dev"), problems);
  if (text.empty()) return std::nullopt;
  if (const auto number = parse_device_number(text))
    return model::CharDevice{model::RdmaNode::rdma_cm, "/dev/infiniband/rdma_cm", number->first, number->second,
                             std::nullopt};
  problems.push_back(model::invalid("read a device number from", sys.name("class/misc/rdma_cm/dev"), text));
  return std::nullopt;
}

void tie_software_rdma(model::Inventory& inventory) {
  constexpr int kDeepest = 8;  // VLAN on macvlan on ...: loops cannot be, but the kernel's word is not trusted with it
  for (auto& rdma : inventory.rdma_devices) {
    if (!rdma.software) continue;
    rdma.function.reset();
    for (const auto& port : rdma.ports) {
      const auto* net = port.net_ifindex ? inventory.net_device(*port.net_ifindex) : nullptr;
      for (int depth = 0; net != nullptr && !net->function && net->lower_ifindex && depth < kDeepest; ++depth)
        net = inventory.net_device(*net->lower_ifindex);
      if (net != nullptr && net->function) rdma.function = net->function;
      if (rdma.function) break;
    }
  }
}

}  // namespace nic::host
