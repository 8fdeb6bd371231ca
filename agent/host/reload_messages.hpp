// Addresses, routes and the making of VLANs, kept as the kernel's own messages and sent back with nothing but indexes
// of interfaces changed, as `ip address save` and `ip route save` do it. Pure but for the last; thread: any. Malformed
// input gives nullopt. Sources: rtnetlink(7), linux/if_addr.h, linux/rtnetlink.h.
#pragma once

#include "host/netlink_message.hpp"
#include "host/netlink_writer.hpp"
#include "host/reload_facts.hpp"
#include "model/error.hpp"
#include "model/reload.hpp"

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace nic::host {

// Payload of RTM_NEWADDR: of which interface, and the message to keep.
[[nodiscard]] std::optional<std::pair<unsigned, model::RawMessage>> kept_address(Bytes payload);
// The address itself: 4 or 16 bytes.
[[nodiscard]] std::optional<std::string> address_bytes(Bytes payload);
// Payload of RTM_NEWROUTE, where it leads through one of these interfaces and the kernel does not make it by itself.
[[nodiscard]] std::optional<model::SavedRoute> kept_route(Bytes payload, const std::map<unsigned, std::string>& going);
// Payload of RTM_NEWLINK: IFLA_LINKINFO without what only counts; "" where there is none.
[[nodiscard]] model::RawMessage kept_link_info(Bytes payload);

// The same as payloads to be sent. A route: nullopt while one of its interfaces is not there (0).
[[nodiscard]] std::optional<model::RawMessage> address_message(const model::RawMessage& kept, unsigned ifindex);
[[nodiscard]] std::optional<model::RawMessage> route_message(
    const model::SavedRoute& kept, const std::function<unsigned(const std::string& name)>& ifindex_of);
// Leads through a gateway, so that another route has to be there first.
[[nodiscard]] bool needs_gateway(const model::SavedRoute& kept);

[[nodiscard]] inline Bytes bytes_of(const model::RawMessage& message) {
  return std::as_bytes(std::span{message.data(), message.size()});
}

// Asks the kernel.
[[nodiscard]] std::expected<InterfaceAddresses, model::Error> ask_interface_addresses();
// Of these interfaces, by ifindex.
[[nodiscard]] std::expected<std::map<unsigned, model::SavedMessages>, model::Error> save_interfaces(
    const std::map<unsigned, std::string>& going);

}  // namespace nic::host
