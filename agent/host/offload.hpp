// hw-tc-offload: tc rules carried out by the card, which switchdev is for. Thread: any; blocks on rtnl. Source: kernel
// Documentation/networking/ethtool-netlink.rst (FEATURES_SET).
#pragma once

#include "model/error.hpp"

#include <expected>

namespace nic::host {

// Turns it on. Success also where the interface, its driver or the kernel does not have it.
[[nodiscard]] std::expected<void, model::Error> offload_tc(unsigned ifindex);

}  // namespace nic::host
