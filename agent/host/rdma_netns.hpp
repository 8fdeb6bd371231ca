// The RDMA subsystem's network-namespace mode: asking for it, changing it, and the agent's own option of ib_core for
// the next start. Thread: any; blocks as netlink_socket.hpp says, and for the write of a file. Sources: rdma-system(8),
// rdma/rdma_netlink.h, modprobe.d(5), rdma_compatdev_set in drivers/infiniband/core/device.c.
#pragma once

#include "host/netlink_socket.hpp"
#include "model/plan.hpp"
#include "model/rdma_netns.hpp"
#include "model/roots.hpp"

#include <expected>
#include <functional>
#include <optional>
#include <string>

namespace nic::host {

// nullopt: the kernel does not know the question, as those before 5.1.
[[nodiscard]] std::optional<model::RdmaNetnsMode> ask_rdma_netns_mode(NetlinkSocket& socket);

// What the step asks of the kernel; a test hands in its own.
struct RdmaNetnsKernel {
  // nullopt: ib_core is not loaded, or tells no mode.
  std::function<std::expected<std::optional<model::RdmaNetnsMode>, model::Error>()> mode;
  // EBUSY while there are network namespaces besides the first.
  std::function<std::expected<void, model::Error>(model::RdmaNetnsMode)> set_mode;
};
[[nodiscard]] RdmaNetnsKernel rdma_netns_kernel(const model::Roots& roots);

// The agent's own file of modprobe.d(5), "" where it is not there; why it cannot be read is as good as another text.
[[nodiscard]] std::string read_rdma_netns_option(const model::Roots& roots);

// Carries the step out. Success: the mode is so now, or it is now written that it will be so at the next start. EBUSY:
// the kernel does not change it now, and nothing more can be done about the next start.
[[nodiscard]] std::expected<void, model::Error> set_rdma_netns(const model::Roots& roots,
                                                               const model::SetRdmaNetns& step,
                                                               const RdmaNetnsKernel& kernel);

}  // namespace nic::host
