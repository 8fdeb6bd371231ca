// The questions that the agent asks by netlink.
#include "host/devlink.hpp"
#include "host/netlink_facts.hpp"
#include "host/netlink_socket.hpp"
#include "host/netlink_writer.hpp"
#include "host/rdma_netlink.hpp"
#include "host/rdma_netns.hpp"
#include "host/rtnetlink_parse.hpp"
#include "host/sysfs.hpp"
#include "host/vf_message.hpp"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace nic::host {
namespace {

template <class T>
using Answer = std::expected<T, model::Error>;

// Without the counters, which nobody here reads.
Attributes link_request(unsigned ifindex = 0, std::uint32_t more = 0) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(ifindex);
  return Attributes::behind(header).number(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS | more);
}

Answer<std::vector<Link>> ask_links() {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return std::unexpected(std::move(socket.error()));
  std::vector<Link> links;
  const auto request = link_request();
  const auto done = socket->dump(
      RTM_GETLINK, request.bytes(), [&] { links.clear(); },
      [&](Bytes payload) {
        if (auto link = parse_link(payload)) links.push_back(std::move(*link));
      });
  if (!done) return std::unexpected(done.error().during("read the network interfaces"));
  return links;
}

Answer<std::map<unsigned, model::VfSettings>> ask_vfs(unsigned ifindex) {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return std::unexpected(std::move(socket.error()));
  const auto request = link_request(ifindex, RTEXT_FILTER_VF);
  std::map<unsigned, model::VfSettings> vfs;
  const auto done = socket->ask(RTM_GETLINK, request.bytes(), [&](Bytes payload) { vfs = parse_vfs(payload); });
  if (!done) return std::unexpected(done.error().during("read the settings of the VFs"));
  return vfs;
}

Answer<std::vector<model::DefaultRoute>> ask_routes() {
  std::vector<model::DefaultRoute> routes;
  for (const unsigned char family : {AF_INET, AF_INET6}) {
    auto socket = NetlinkSocket::open(NETLINK_ROUTE);
    if (!socket) return std::unexpected(std::move(socket.error()));
    rtmsg request{};
    request.rtm_family = family;
    const auto before = routes.size();
    const auto done = socket->dump(
        RTM_GETROUTE, Attributes::behind(request).bytes(), [&] { routes.resize(before); },
        [&](Bytes payload) { std::ranges::copy(parse_default_routes(payload), std::back_inserter(routes)); });
    // A kernel without IPv6 has no IPv6 routes.
    if (!done && done.error().errno_value != EOPNOTSUPP)
      return std::unexpected(done.error().during("read the default routes"));
  }
  return routes;
}

Answer<RdmaFacts> ask_rdma(const model::Roots& roots) {
  RdmaFacts facts;
  const auto sys = Sysfs::open(roots.sys);
  if (!sys || (!sys->exists("class/infiniband") && !sys->exists("module/ib_core"))) return facts;
  auto socket = NetlinkSocket::open(NETLINK_RDMA);
  if (!socket && socket.error().errno_value == EPROTONOSUPPORT) return facts;
  if (!socket) return std::unexpected(std::move(socket.error()));
  facts.subsystem = true;
  facts.netns_mode = ask_rdma_netns_mode(*socket);
  const auto devices = socket->dump(
      rdma_type(RDMA_NLDEV_CMD_GET), {}, [&] { facts.devices.clear(); },
      [&](Bytes payload) {
        if (auto device = parse_rdma_device(payload)) facts.devices.push_back(std::move(*device));
      });
  if (!devices) return std::unexpected(devices.error().during("read the RDMA devices"));
  for (auto& device : facts.devices) {
    const auto request = Attributes{}.number(RDMA_NLDEV_ATTR_DEV_INDEX, std::uint32_t{device.index});
    const auto ports = socket->dump(
        rdma_type(RDMA_NLDEV_CMD_PORT_GET), request.bytes(), [&] { device.ports.clear(); },
        [&](Bytes payload) {
          if (const auto port = parse_rdma_port(payload)) device.ports.push_back(*port);
        });
    // EINVAL is the kernel's word for an index that is gone (nldev.c): its removal comes as an event.
    if (!ports && ports.error().errno_value != EINVAL && ports.error().errno_value != ENODEV)
      return std::unexpected(ports.error().during("read the ports of " + device.name));
  }
  return facts;
}

// A kernel without devlink, or without health reporters (before 5.1), has none to tell of.
Answer<DevlinkFacts> ask_devlink() {
  DevlinkFacts facts;
  auto devlink = Devlink::open();
  if (!devlink && devlink.error().code == model::Code::unsupported) return facts;
  if (!devlink) return std::unexpected(std::move(devlink.error()));
  auto ports = devlink->ports();
  if (!ports) return std::unexpected(std::move(ports.error()));
  facts.ports = std::move(*ports);
  auto reporters = devlink->health_reporters();
  if (!reporters && reporters.error().errno_value != EOPNOTSUPP) return std::unexpected(std::move(reporters.error()));
  if (reporters) facts.reporters = std::move(*reporters);
  return facts;
}

// The kernel has no dump of modes: one question for each PF.
Answer<EswitchModes> ask_eswitch_modes(std::span<const model::PciAddress> pfs) {
  EswitchModes modes;
  auto devlink = Devlink::open();
  if (!devlink && devlink.error().code != model::Code::unsupported) return std::unexpected(std::move(devlink.error()));
  for (const auto& pf : pfs) modes.emplace(pf, devlink ? devlink->eswitch_mode(DevlinkDevice::of(pf)) : std::nullopt);
  return modes;
}

// Intel's Dynamic Device Personalization: the package that the driver has loaded. Source: kernel
// Documentation/networking/devlink/ice.rst.
Answer<DdpProfiles> ask_ddp_profiles(std::span<const model::PciAddress> functions) {
  DdpProfiles profiles;
  auto devlink = Devlink::open();
  if (!devlink && devlink.error().code != model::Code::unsupported) return std::unexpected(std::move(devlink.error()));
  for (const auto& function : functions) {
    if (!devlink) continue;
    const auto versions = devlink->running_versions(DevlinkDevice::of(function));
    if (!versions) {
      profiles.emplace(function, std::unexpected(versions.error()));
      continue;
    }
    const auto found = versions->find("fw.app.name");
    profiles.emplace(function, found == versions->end() ? "" : found->second);
  }
  return profiles;
}

}  // namespace

bool is_real(const model::Roots& roots) { return roots.sys == "/sys" && roots.dev == "/dev"; }

NetlinkSource kernel_netlink(const model::Roots& roots) {
  return {ask_links,         ask_routes,      [roots] { return ask_rdma(roots); }, ask_vfs, ask_devlink,
          ask_eswitch_modes, ask_ddp_profiles};
}

NetlinkSource netlink_of(const model::Roots& roots) {
  return is_real(roots) ? kernel_netlink(roots) : sysfs_netlink(roots);
}

}  // namespace nic::host
