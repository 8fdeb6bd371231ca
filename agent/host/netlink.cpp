#include "host/netlink_facts.hpp"
#include "host/netlink_socket.hpp"
#include "host/rtnetlink_parse.hpp"
#include "host/sysfs.hpp"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <rdma/rdma_netlink.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>

namespace nic::host {
namespace {

using model::Error;

template <class T>
Bytes bytes_of(const T& value) {
  return std::as_bytes(std::span{&value, 1});
}

std::expected<std::vector<Link>, Error> kernel_links() {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return std::unexpected(socket.error());
  std::vector<Link> links;
  ifinfomsg header{};
  auto done = socket->dump(
      RTM_GETLINK, bytes_of(header), [&] { links.clear(); },
      [&](Bytes payload) {
        if (auto link = parse_link(payload)) links.push_back(std::move(*link));
      });
  if (!done) return std::unexpected(done.error());
  return links;
}

std::expected<std::vector<model::DefaultRoute>, Error> kernel_routes() {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return std::unexpected(socket.error());
  std::vector<model::DefaultRoute> routes, of_family;
  for (const std::uint8_t family : {AF_INET, AF_INET6}) {
    rtmsg header{};
    header.rtm_family = family;
    auto done = socket->dump(
        RTM_GETROUTE, bytes_of(header), [&] { of_family.clear(); },
        [&](Bytes payload) {
          const auto more = parse_default_routes(payload);
          of_family.insert(of_family.end(), more.begin(), more.end());
        });
    // A kernel without IPv6 has no IPv6 default route.
    if (!done && !(family == AF_INET6 && done.error().code == model::Code::unsupported))
      return std::unexpected(done.error());
    routes.insert(routes.end(), of_family.begin(), of_family.end());
  }
  return routes;
}

// A request with one 32-bit attribute, as nldev's port dump wants it.
struct IndexRequest {
  nlattr attribute{sizeof(nlattr) + sizeof(std::uint32_t), RDMA_NLDEV_ATTR_DEV_INDEX};
  std::uint32_t index{0};
};

std::expected<RdmaFacts, Error> kernel_rdma(const model::Roots& roots) {
  RdmaFacts facts;
  std::error_code failure;
  if (!std::filesystem::exists(roots.sys / "class/infiniband", failure)) return facts;
  auto socket = NetlinkSocket::open(NETLINK_RDMA);
  if (!socket) return std::unexpected(socket.error());
  facts.subsystem = true;
  constexpr auto type = [](unsigned command) {
    return static_cast<std::uint16_t>(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, command));
  };
  auto done = socket->dump(
      type(RDMA_NLDEV_CMD_GET), {}, [&] { facts.devices.clear(); },
      [&](Bytes payload) {
        if (auto device = parse_rdma_device(payload)) facts.devices.push_back(std::move(*device));
      });
  if (!done) return std::unexpected(done.error());
  for (auto& device : facts.devices) {
    IndexRequest request;
    request.index = device.index;
    // A device that went away between the two questions simply has no ports.
    std::ignore = socket->dump(
        type(RDMA_NLDEV_CMD_PORT_GET), bytes_of(request), [&] { device.ports.clear(); },
        [&](Bytes payload) {
          if (auto port = parse_rdma_port(payload)) device.ports.push_back(*port);
        });
  }
  std::ignore = socket->ask(type(RDMA_NLDEV_CMD_SYS_GET), {},
                            [&](Bytes payload) { facts.netns_exclusive = parse_rdma_netns_exclusive(payload); });
  return facts;
}

template <class T>
T or_default(const Sysfs::Maybe<T>& read) {
  return read && *read ? **read : T{};
}

std::expected<std::vector<Link>, Error> sysfs_links(const model::Roots& roots) {
  std::vector<Link> links;
  const auto folder = Sysfs::open(roots.sys / "class/net");
  if (!folder) return links;
  for (const auto& name : or_default(folder->list("."))) {
    const auto device = folder->folder(name.c_str());
    if (!device || !*device) continue;
    Link link;
    link.name = name;
    link.ifindex = or_default((*device)->number<unsigned>("ifindex"));
    link.hardware_type = or_default((*device)->number<std::uint16_t>("type"));
    link.flags = or_default((*device)->number<std::uint32_t>("flags", 16));
    link.mtu = or_default((*device)->number<unsigned>("mtu"));
    link.address = or_default((*device)->text("address"));
    link.carrier = or_default((*device)->text("carrier")) == "1";
    links.push_back(std::move(link));
  }
  return links;
}

std::expected<RdmaFacts, Error> sysfs_rdma(const model::Roots& roots) {
  RdmaFacts facts;
  const auto folder = Sysfs::open(roots.sys / "class/infiniband");
  if (!folder) return facts;
  facts.subsystem = true;
  unsigned index = 0;
  for (const auto& name : or_default(folder->list("."))) {
    RdmaLink device;
    device.name = name;
    device.index = index++;
    facts.devices.push_back(std::move(device));
  }
  return facts;
}

}  // namespace

NetlinkSource kernel_netlink(const model::Roots& roots) {
  return {kernel_links, kernel_routes, [roots] { return kernel_rdma(roots); }};
}

NetlinkSource sysfs_netlink(const model::Roots& roots) {
  return {[roots] { return sysfs_links(roots); },
          [] { return std::expected<std::vector<model::DefaultRoute>, Error>{}; },
          [roots] { return sysfs_rdma(roots); }};
}

NetlinkSource netlink_of(const model::Roots& roots) {
  return is_real(roots) ? kernel_netlink(roots) : sysfs_netlink(roots);
}

bool is_real(const model::Roots& roots) { return roots.sys == "/sys" && roots.dev == "/dev"; }

}  // namespace nic::host
