// rtnetlink and RDMA netlink messages to values. Pure; thread: any. Malformed input gives nullopt or what could be read
// before it. Sources: rtnetlink(7), linux/if_link.h, linux/rtnetlink.h, rdma/rdma_netlink.h.
#pragma once

#include "host/netlink_facts.hpp"
#include "host/netlink_message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nic::host {

// Payload of RTM_NEWLINK or RTM_DELLINK. nullopt: no interface of this host's own (AF_BRIDGE port reports and the
// like).
[[nodiscard]] std::optional<Link> parse_link(Bytes payload);

// Payload of RTM_NEWROUTE or RTM_DELROUTE: one entry per next hop if it is a unicast default route, else none.
[[nodiscard]] std::vector<model::DefaultRoute> parse_default_routes(Bytes payload);

// Payload of an answer to RDMA_NLDEV_CMD_GET; nullopt without name or index.
[[nodiscard]] std::optional<RdmaLink> parse_rdma_device(Bytes payload);
// Payload of an answer to RDMA_NLDEV_CMD_PORT_GET; nullopt without a port number.
[[nodiscard]] std::optional<RdmaPortLink> parse_rdma_port(Bytes payload);
// Payload of an answer to RDMA_NLDEV_CMD_SYS_GET; nullopt where it tells no mode, or one that is not known here.
[[nodiscard]] std::optional<model::RdmaNetnsMode> parse_rdma_netns_mode(Bytes payload);

}  // namespace nic::host
