// The netlink facts, as far as sysfs tells them.
#include "host/netlink_facts.hpp"
#include "host/sysfs.hpp"

#include <linux/if.h>

#include <algorithm>
#include <array>

namespace nic::host {
namespace {

template <class T>
using Answer = std::expected<T, model::Error>;

// linux/if.h IF_OPER_*, in the kernel's order; net-sysfs prints these words.
constexpr std::array<std::string_view, 7> kOperstates{"unknown", "notpresent", "down", "lowerlayerdown",
                                                      "testing", "dormant",    "up"};

template <class T>
T or_zero(const Sysfs::Maybe<T>& value) {
  return value && *value ? **value : T{};
}

std::string or_empty(const Sysfs::Maybe<std::string>& value) { return value && *value ? **value : std::string{}; }

std::optional<std::string> or_nothing(const Sysfs::Maybe<std::string>& value) {
  return value && *value && !(*value)->empty() ? *value : std::nullopt;
}

std::optional<Link> read_link(const Sysfs& net, const std::string& name) {
  const auto folder = net.folder(name.c_str());
  if (!folder || !*folder) return std::nullopt;
  Link link;
  link.name = name;
  link.ifindex = or_zero((*folder)->number<unsigned>("ifindex"));
  if (link.ifindex == 0) return std::nullopt;
  link.address = or_empty((*folder)->text("address"));
  link.hardware_type = or_zero((*folder)->number<std::uint16_t>("type"));
  link.flags = or_zero((*folder)->number<std::uint32_t>("flags", 16));
  link.mtu = or_zero((*folder)->number<unsigned>("mtu"));
  // EINVAL while the interface is down: no carrier then.
  link.carrier = or_zero((*folder)->number<unsigned>("carrier")) == 1;
  const auto state = std::ranges::find(kOperstates, or_empty((*folder)->text("operstate")));
  link.operstate = state == kOperstates.end() ? 0 : static_cast<std::uint8_t>(state - kOperstates.begin());
  if (const auto lower = or_zero((*folder)->number<unsigned>("iflink")); lower != 0 && lower != link.ifindex)
    link.lower_ifindex = lower;
  if (const auto master = (*folder)->number<unsigned>("master/ifindex"); master) link.master_ifindex = *master;
  link.phys_port_name = or_nothing((*folder)->text("phys_port_name"));
  link.phys_switch_id = or_nothing((*folder)->text("phys_switch_id"));
  return link;
}

Answer<std::vector<Link>> read_links(const model::Roots& roots) {
  const auto net = Sysfs::open(roots.sys / "class/net");
  if (!net && net.error().errno_value == ENOENT) return std::vector<Link>{};
  if (!net) return std::unexpected(net.error());
  const auto names = net->list(".");
  if (!names) return std::unexpected(names.error());
  std::vector<Link> links;
  for (const auto& name : names->value_or(std::vector<std::string>{}))
    if (auto link = read_link(*net, name)) links.push_back(std::move(*link));
  return links;
}

RdmaLink read_rdma(const Sysfs& sys, const Sysfs& device, const std::string& name) {
  RdmaLink link;
  link.name = name;
  link.index = or_zero(device.number<unsigned>("index"));
  link.firmware = or_empty(device.text("fw_ver"));
  link.node_guid = or_empty(device.text("node_guid"));
  link.sys_image_guid = or_empty(device.text("sys_image_guid"));
  const auto ports = device.list("ports");
  if (!ports || !*ports) return link;
  for (const auto& port : **ports) {
    RdmaPortLink entry;
    const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), entry.number);
    if (failure != std::errc{} || entry.number == 0) continue;
    ++link.port_count;
    auto net = or_empty(device.text(("ports/" + port + "/gid_attrs/ndevs/0").c_str()));
    // Soft-RoCE names its interface here (drivers/infiniband/sw/rxe/rxe_verbs.c, parent_show).
    if (net.empty()) net = or_empty(device.text("parent"));
    if (!net.empty() && net.find('/') == std::string::npos)
      if (const auto index = sys.number<unsigned>(("class/net/" + net + "/ifindex").c_str()); index)
        entry.net_ifindex = *index;
    link.ports.push_back(entry);
  }
  return link;
}

Answer<RdmaFacts> read_rdma_facts(const model::Roots& roots) {
  RdmaFacts facts;
  const auto sys = Sysfs::open(roots.sys);
  if (!sys) return std::unexpected(sys.error());
  const auto folder = sys->folder("class/infiniband");
  if (!folder) return std::unexpected(folder.error());
  facts.subsystem = folder->has_value() || sys->exists("module/ib_core");
  if (!*folder) return facts;
  const auto names = (*folder)->list(".");
  if (!names) return std::unexpected(names.error());
  for (const auto& name : names->value_or(std::vector<std::string>{}))
    if (const auto device = (*folder)->folder(name.c_str()); device && *device)
      facts.devices.push_back(read_rdma(*sys, **device, name));
  return facts;
}

}  // namespace

NetlinkSource sysfs_netlink(const model::Roots& roots) {
  return {[roots] { return read_links(roots); }, []() -> Answer<std::vector<model::DefaultRoute>> { return {}; },
          [roots] { return read_rdma_facts(roots); },
          [](unsigned) -> Answer<std::map<unsigned, model::VfSettings>> { return {}; }};
}

}  // namespace nic::host
