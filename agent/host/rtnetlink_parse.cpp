#include "host/rtnetlink_parse.hpp"

#include "host/sysfs.hpp"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <rdma/rdma_netlink.h>
#include <sys/socket.h>

#include <utility>

namespace nic::host {
namespace {

std::string hex_bytes(Bytes bytes, std::string_view separator) {
  constexpr std::size_t kMost = 32;  // MAX_ADDR_LEN, MAX_PHYS_ITEM_ID_LEN
  std::string text;
  for (const auto byte : bytes.first(std::min(bytes.size(), kMost)))
    text += fmt::format("{}{:02x}", text.empty() ? "" : separator, std::to_integer<unsigned>(byte));
  return text;
}

std::optional<unsigned> positive(Bytes payload) {
  auto value = leading<std::uint32_t>(payload);
  if (value == 0) value.reset();
  return value;
}

void read_altnames(Bytes list, Link& link) {
  while (const auto item = next_attribute(list))
    if (item->type == IFLA_ALT_IFNAME) link.altnames.push_back(plain_text(leading_text(item->payload)));
}

void read_kind(Bytes info, Link& link) {
  while (const auto item = next_attribute(info))
    if (item->type == IFLA_INFO_KIND) link.kind = plain_text(leading_text(item->payload));
}

}  // namespace

std::optional<Link> parse_link(Bytes payload) {
  const auto header = leading<ifinfomsg>(payload);
  if (!header || header->ifi_family != AF_UNSPEC || header->ifi_index <= 0) return std::nullopt;
  Link link;
  link.ifindex = static_cast<unsigned>(header->ifi_index);
  link.hardware_type = header->ifi_type;
  link.flags = header->ifi_flags;
  bool elsewhere = false;  // IFLA_LINK is an index of another network namespace
  auto rest = behind<ifinfomsg>(payload);
  while (const auto attribute = next_attribute(rest)) {
    const auto value = attribute->payload;
    switch (attribute->type) {
      case IFLA_IFNAME: link.name = plain_text(leading_text(value)); break;
      case IFLA_PROP_LIST: read_altnames(value, link); break;
      case IFLA_LINKINFO: read_kind(value, link); break;
      case IFLA_ADDRESS: link.address = hex_bytes(value, ":"); break;
      case IFLA_PERM_ADDRESS: link.permanent_address = hex_bytes(value, ":"); break;
      case IFLA_MTU: link.mtu = leading<std::uint32_t>(value).value_or(0); break;
      case IFLA_MAX_MTU: link.max_mtu = positive(value); break;
      case IFLA_OPERSTATE: link.operstate = leading<std::uint8_t>(value).value_or(0); break;
      case IFLA_CARRIER: link.carrier = leading<std::uint8_t>(value).value_or(0) != 0; break;
      case IFLA_LINK: link.lower_ifindex = positive(value); break;
      case IFLA_LINK_NETNSID: elsewhere = true; break;
      case IFLA_MASTER: link.master_ifindex = positive(value); break;
      case IFLA_PHYS_PORT_NAME: link.phys_port_name = plain_text(leading_text(value)); break;
      case IFLA_PHYS_SWITCH_ID: link.phys_switch_id = hex_bytes(value, ""); break;
      default: break;
    }
  }
  if (link.name.empty()) return std::nullopt;
  // Some devices name themselves as their lower one.
  if (elsewhere || link.lower_ifindex == link.ifindex) link.lower_ifindex.reset();
  return link;
}

std::vector<model::DefaultRoute> parse_default_routes(Bytes payload) {
  const auto header = leading<rtmsg>(payload);
  if (!header || header->rtm_dst_len != 0 || header->rtm_type != RTN_UNICAST || (header->rtm_flags & RTM_F_CLONED) != 0)
    return {};
  if (header->rtm_family != AF_INET && header->rtm_family != AF_INET6) return {};
  unsigned table = header->rtm_table;
  std::vector<unsigned> hops;
  auto rest = behind<rtmsg>(payload);
  while (const auto attribute = next_attribute(rest)) {
    if (attribute->type == RTA_TABLE) table = leading<std::uint32_t>(attribute->payload).value_or(table);
    if (attribute->type == RTA_OIF)
      if (const auto index = positive(attribute->payload)) hops.push_back(*index);
    if (attribute->type != RTA_MULTIPATH) continue;
    for (auto list = attribute->payload;;) {
      const auto hop = leading<rtnexthop>(list);
      if (!hop || hop->rtnh_len < sizeof(rtnexthop) || hop->rtnh_len > list.size()) break;
      if (hop->rtnh_ifindex > 0) hops.push_back(static_cast<unsigned>(hop->rtnh_ifindex));
      const std::size_t whole = RTNH_ALIGN(std::size_t{hop->rtnh_len});
      list = list.subspan(std::min(whole, list.size()));
    }
  }
  std::vector<model::DefaultRoute> routes;
  routes.reserve(hops.size());
  for (const auto index : hops) routes.push_back({header->rtm_family == AF_INET6, index, table});
  return routes;
}

std::optional<RdmaLink> parse_rdma_device(Bytes payload) {
  RdmaLink device;
  bool has_index = false;
  while (const auto attribute = next_attribute(payload)) {
    const auto value = attribute->payload;
    switch (attribute->type) {
      case RDMA_NLDEV_ATTR_DEV_INDEX:
        has_index = value.size() >= sizeof(std::uint32_t);
        device.index = leading<std::uint32_t>(value).value_or(0);
        break;
      case RDMA_NLDEV_ATTR_DEV_NAME: device.name = plain_text(leading_text(value)); break;
      case RDMA_NLDEV_ATTR_PORT_INDEX: device.port_count = leading<std::uint32_t>(value).value_or(0); break;
      case RDMA_NLDEV_ATTR_FW_VERSION: device.firmware = plain_text(leading_text(value)); break;
      case RDMA_NLDEV_ATTR_NODE_GUID:
        if (const auto guid = leading<std::uint64_t>(value)) device.node_guid = model::Guid{*guid}.text();
        break;
      case RDMA_NLDEV_ATTR_SYS_IMAGE_GUID:
        if (const auto guid = leading<std::uint64_t>(value)) device.sys_image_guid = model::Guid{*guid}.text();
        break;
      default: break;
    }
  }
  if (!has_index || device.name.empty()) return std::nullopt;
  return device;
}

std::optional<RdmaPortLink> parse_rdma_port(Bytes payload) {
  RdmaPortLink port;
  while (const auto attribute = next_attribute(payload)) {
    if (attribute->type == RDMA_NLDEV_ATTR_PORT_INDEX) port.number = positive(attribute->payload).value_or(0);
    if (attribute->type == RDMA_NLDEV_ATTR_NDEV_INDEX) port.net_ifindex = positive(attribute->payload);
  }
  if (port.number == 0) return std::nullopt;
  return port;
}

std::optional<model::RdmaNetnsMode> parse_rdma_netns_mode(Bytes payload) {
  while (const auto attribute = next_attribute(payload)) {
    if (attribute->type != RDMA_NLDEV_SYS_ATTR_NETNS_MODE) continue;
    const auto value = leading<std::uint8_t>(attribute->payload);
    for (const auto mode : model::kRdmaNetnsModes)
      if (value == std::to_underlying(mode)) return mode;
  }
  return std::nullopt;
}

}  // namespace nic::host
