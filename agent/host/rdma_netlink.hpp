// Message types of RDMA netlink. Pure; thread: any. Source: rdma/rdma_netlink.h.
#pragma once

#include <rdma/rdma_netlink.h>

#include <cstdint>

namespace nic::host {

[[nodiscard]] constexpr std::uint16_t rdma_type(unsigned command) {
  return static_cast<std::uint16_t>(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, command));
}

}  // namespace nic::host
