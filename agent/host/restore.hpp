// Makes interfaces and RDMA devices again what they were before their drivers were loaded anew. Thread: a worker;
// blocking. Only what is wrong is written; what is there already (EEXIST) is good. Sources: rtnetlink(7),
// linux/if_link.h, rdma/rdma_netlink.h.
#pragma once

#include "host/netlink_facts.hpp"
#include "model/error.hpp"
#include "model/plan.hpp"
#include "model/roots.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <vector>

namespace nic::host {

// What restoring asks of the kernel; a test hands in its own.
struct RestoreKernel {
  std::function<std::expected<std::vector<Link>, model::Error>()> links;
  // RTM_* with NLM_F_* flags.
  std::function<std::expected<void, model::Error>(std::uint16_t type, std::span<const std::byte> payload, int flags)>
      route;
  std::function<std::expected<RdmaFacts, model::Error>()> rdma;
  // RDMA_NLDEV_CMD_*.
  std::function<std::expected<void, model::Error>(unsigned command, std::span<const std::byte> payload)> nldev;
};
[[nodiscard]] RestoreKernel restore_kernel(const model::Roots& roots);

// Everything is tried; the first failure is told. Code::busy: udev has not named the interface yet.
[[nodiscard]] std::expected<void, model::Error> restore(const model::Roots& roots, const model::RestoreInterface& step,
                                                        const RestoreKernel& kernel);
[[nodiscard]] std::expected<void, model::Error> restore(const model::RestoreRdmaDevice& step,
                                                        const RestoreKernel& kernel);

}  // namespace nic::host
