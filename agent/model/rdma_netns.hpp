// Whose RDMA devices are: in mode exclusive each belongs to one network namespace, in mode shared to all of them.
// Thread: any (values). Source: rdma-system(8), linux/rdma/rdma_netlink.h (RDMA_NLDEV_SYS_ATTR_NETNS_MODE), the
// parameter netns_mode of ib_core (drivers/infiniband/core/device.c).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nic::model {

// As the kernel numbers them.
enum class RdmaNetnsMode : std::uint8_t { exclusive = 0, shared = 1 };

// Both, for those who look for a word.
inline constexpr RdmaNetnsMode kRdmaNetnsModes[]{RdmaNetnsMode::shared, RdmaNetnsMode::exclusive};

[[nodiscard]] std::string_view word(RdmaNetnsMode mode);  // "shared", "exclusive"

// What the agent's own file of modprobe.d(5) says when ib_core is to start in this mode.
[[nodiscard]] std::string ib_core_option(RdmaNetnsMode mode);

// What the agent has changed about the mode. A live change ends with the boot, the option does not.
struct OwnedRdmaNetns {
  std::optional<RdmaNetnsMode> found{};   // before the agent changed it for the first time
  std::optional<RdmaNetnsMode> option{};  // written by the agent, because the kernel did not change it at once
  bool rebooted{false};                   // the machine has started since the option was written

  bool operator==(const OwnedRdmaNetns&) const = default;
};

}  // namespace nic::model
