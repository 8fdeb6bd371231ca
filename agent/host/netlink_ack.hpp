// What the kernel says when it refuses a netlink request. Pure; thread: any. Source: linux/netlink.h (struct nlmsgerr,
// NLMSGERR_ATTR_MSG), kernel Documentation/userspace-api/netlink/intro.rst (extended ACK).
#pragma once

#include "host/netlink_message.hpp"

#include <cstdint>
#include <string>

namespace nic::host {

// The kernel's own sentence in an NLMSG_ERROR message with these flags; "" where it has none.
[[nodiscard]] std::string explanation(std::uint16_t flags, Bytes payload);

// The kernel has an ENOTSUPP of its own (524), which no C library knows; drivers give it away now and then.
[[nodiscard]] int errno_of_kernel(int errno_value);

}  // namespace nic::host
