#include "host/reload_messages.hpp"

#include "host/netlink_socket.hpp"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace nic::host {
namespace {

using model::RawMessage;

template <class T>
using Answer = std::expected<T, model::Error>;

RawMessage raw(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

template <class Header>
void put_header(RawMessage& message, const Header& header) {
  std::memcpy(message.data(), &header, sizeof header);
}

// The hops of an RTA_MULTIPATH, in place: `each(hop)` may change one.
template <class Each>
void for_each_hop(char* at, std::size_t size, Each each) {
  for (;;) {
    const auto hop = leading<rtnexthop>(std::as_bytes(std::span{at, size}));
    if (!hop || hop->rtnh_len < sizeof(rtnexthop) || hop->rtnh_len > size) return;
    auto changed = *hop;
    each(changed, std::as_bytes(std::span{at, std::size_t{hop->rtnh_len}}).subspan(sizeof(rtnexthop)));
    std::memcpy(at, &changed, sizeof changed);
    const std::size_t whole = std::min<std::size_t>(RTNH_ALIGN(std::size_t{hop->rtnh_len}), size);
    at += whole;
    size -= whole;
  }
}

// `each(ifindex)` for every interface that a route leads through; what it gives stands there afterwards.
template <class Each>
void for_each_interface(RawMessage& message, Each each) {
  auto rest = behind<rtmsg>(bytes_of(message));
  while (const auto attribute = next_attribute(rest)) {
    const auto offset = static_cast<std::size_t>(attribute->payload.data() - bytes_of(message).data());
    if (attribute->type == RTA_OIF) {
      const auto index = leading<std::uint32_t>(attribute->payload);
      if (!index) continue;
      const std::uint32_t now = each(*index);
      std::memcpy(message.data() + offset, &now, sizeof now);
    }
    if (attribute->type == RTA_MULTIPATH)
      for_each_hop(message.data() + offset, attribute->payload.size(), [&](rtnexthop& hop, Bytes) {
        hop.rtnh_ifindex = static_cast<int>(each(static_cast<unsigned>(hop.rtnh_ifindex)));
      });
  }
}

template <class Header>
std::optional<Answer<void>> dump(std::uint16_t type, const Header& request, const std::function<void(Bytes)>& each) {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return std::unexpected(std::move(socket.error()));
  auto done = socket->dump(type, Attributes::behind(request).bytes(), [] {}, each);
  // A kernel without IPv6 has none of it.
  if (!done && done.error().errno_value == EOPNOTSUPP) return std::nullopt;
  return done;
}

// Both families, each in a dump of its own.
template <class Header>
Answer<void> dump_families(std::uint16_t type, unsigned char Header::* family, const char* activity,
                           const std::function<void(Bytes)>& each) {
  for (const unsigned char one : {AF_INET, AF_INET6}) {
    Header request{};
    request.*family = one;
    if (const auto done = dump(type, request, each); done && !*done)
      return std::unexpected(done->error().during(activity));
  }
  return {};
}

}  // namespace

std::optional<std::pair<unsigned, RawMessage>> kept_address(Bytes payload) {
  auto header = leading<ifaddrmsg>(payload);
  if (!header || header->ifa_index == 0) return std::nullopt;
  if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6) return std::nullopt;
  return std::pair{header->ifa_index, raw(payload)};
}

std::optional<std::string> address_bytes(Bytes payload) {
  std::optional<std::string> address;
  auto rest = behind<ifaddrmsg>(payload);
  while (const auto attribute = next_attribute(rest)) {
    const auto size = attribute->payload.size();
    if (size != 4 && size != 16) continue;
    // IPv4 has its own address in IFA_LOCAL, and in IFA_ADDRESS the other end's where there is one.
    if (attribute->type == IFA_LOCAL || (attribute->type == IFA_ADDRESS && !address)) address = raw(attribute->payload);
  }
  return address;
}

std::optional<model::SavedRoute> kept_route(Bytes payload, const std::map<unsigned, std::string>& going) {
  auto header = leading<rtmsg>(payload);
  if (!header || (header->rtm_family != AF_INET && header->rtm_family != AF_INET6)) return std::nullopt;
  // The kernel makes its own, with the addresses; cached ones and those of router advertisements come anew.
  if (header->rtm_protocol == RTPROT_KERNEL || header->rtm_protocol == RTPROT_RA ||
      (header->rtm_flags & RTM_F_CLONED) != 0 || header->rtm_table == RT_TABLE_LOCAL)
    return std::nullopt;
  // What stands in it is of the moment: "linkdown", "offload".
  header->rtm_flags &= RTNH_F_ONLINK;
  auto kept = Attributes::behind(*header);
  auto rest = behind<rtmsg>(payload);
  while (const auto attribute = next_attribute(rest)) {
    // Nexthop objects go with their interface; the same route names its hops itself as well.
    if (attribute->type == RTA_CACHEINFO || attribute->type == RTA_NH_ID) continue;
    kept.add(attribute->type, attribute->payload);
  }
  model::SavedRoute route{raw(kept.bytes()), {}};
  for_each_interface(route.message, [&](unsigned index) {
    if (const auto found = going.find(index); found != going.end()) route.interfaces.insert(*found);
    return index;
  });
  if (route.interfaces.empty()) return std::nullopt;
  return route;
}

namespace {

// The kernel tells the flags of a VLAN with a mask of all ones, and takes none with bits that it does not know. Those
// that are off are so from the beginning, but for the one that is on then.
Attributes sendable(Bytes data, bool vlan) {
  Attributes kept;
  while (const auto part = next_attribute(data)) {
    auto flags = leading<ifla_vlan_flags>(part->payload);
    if (vlan && part->type == IFLA_VLAN_FLAGS && flags) {
      flags->mask = flags->flags | VLAN_FLAG_REORDER_HDR;
      kept.number(part->type, *flags);
    } else {
      kept.add(part->type, part->payload);
    }
  }
  return kept;
}

}  // namespace

RawMessage kept_link_info(Bytes payload) {
  auto rest = behind<ifinfomsg>(payload);
  while (const auto attribute = next_attribute(rest)) {
    if (attribute->type != IFLA_LINKINFO) continue;
    Attributes kept;
    bool vlan = false;
    auto parts = attribute->payload;
    while (const auto part = next_attribute(parts)) {
      if (part->type == IFLA_INFO_KIND) {
        kept.add(part->type, part->payload);
        vlan = leading_text(part->payload) == "vlan";
      }
      if (part->type == IFLA_INFO_DATA) kept.nest(part->type, sendable(part->payload, vlan));
    }
    return raw(kept.bytes());
  }
  return {};
}

std::optional<RawMessage> address_message(const RawMessage& kept, unsigned ifindex) {
  auto header = leading<ifaddrmsg>(bytes_of(kept));
  if (!header) return std::nullopt;
  header->ifa_index = ifindex;
  auto message = kept;
  put_header(message, *header);
  return message;
}

std::optional<RawMessage> route_message(const model::SavedRoute& kept,
                                        const std::function<unsigned(const std::string& name)>& ifindex_of) {
  if (kept.message.size() < sizeof(rtmsg)) return std::nullopt;
  auto message = kept.message;
  bool all_there = true;
  for_each_interface(message, [&](unsigned index) {
    const auto found = kept.interfaces.find(index);
    if (found == kept.interfaces.end()) return index;
    const auto now = ifindex_of(found->second);
    all_there = all_there && now != 0;
    return now;
  });
  // The kernel takes no hop that says it is down.
  auto rest = behind<rtmsg>(bytes_of(message));
  while (const auto attribute = next_attribute(rest)) {
    if (attribute->type != RTA_MULTIPATH) continue;
    const auto offset = static_cast<std::size_t>(attribute->payload.data() - bytes_of(message).data());
    for_each_hop(message.data() + offset, attribute->payload.size(),
                 [](rtnexthop& hop, Bytes) { hop.rtnh_flags &= RTNH_F_ONLINK; });
  }
  return all_there ? std::optional{std::move(message)} : std::nullopt;
}

bool needs_gateway(const model::SavedRoute& kept) {
  auto rest = behind<rtmsg>(bytes_of(kept.message));
  while (const auto attribute = next_attribute(rest))
    if (attribute->type == RTA_GATEWAY || attribute->type == RTA_VIA || attribute->type == RTA_MULTIPATH) return true;
  return false;
}

Answer<InterfaceAddresses> ask_interface_addresses() {
  InterfaceAddresses all;
  const auto done =
      dump_families(RTM_GETADDR, &ifaddrmsg::ifa_family, "read the addresses of the interfaces", [&](Bytes payload) {
        const auto header = leading<ifaddrmsg>(payload);
        const auto address = address_bytes(payload);
        if (header && address) all[header->ifa_index].insert(*address);
      });
  if (!done) return std::unexpected(done.error());
  return all;
}

Answer<std::map<unsigned, model::SavedMessages>> save_interfaces(const std::map<unsigned, std::string>& going) {
  // A dump that is asked again tells the same once more.
  std::map<unsigned, model::SavedMessages> all;
  const auto once = [](auto& list, auto item) {
    if (std::ranges::find(list, item) == list.end()) list.push_back(std::move(item));
  };
  const auto addresses =
      dump_families(RTM_GETADDR, &ifaddrmsg::ifa_family, "read the addresses of the interfaces", [&](Bytes payload) {
        if (auto kept = kept_address(payload); kept && going.contains(kept->first))
          once(all[kept->first].addresses, std::move(kept->second));
      });
  if (!addresses) return std::unexpected(addresses.error());
  const auto routes = dump_families(RTM_GETROUTE, &rtmsg::rtm_family, "read the routes", [&](Bytes payload) {
    if (const auto kept = kept_route(payload, going))
      for (const auto& [index, name] : kept->interfaces) once(all[index].routes, *kept);
  });
  if (!routes) return std::unexpected(routes.error());
  const auto links = dump(RTM_GETLINK, ifinfomsg{}, [&](Bytes payload) {
    const auto header = leading<ifinfomsg>(payload);
    if (header && header->ifi_family == AF_UNSPEC && going.contains(static_cast<unsigned>(header->ifi_index)))
      all[static_cast<unsigned>(header->ifi_index)].link_info = kept_link_info(payload);
  });
  if (links && !*links) return std::unexpected(links->error().during("read the network interfaces"));
  return all;
}

}  // namespace nic::host
