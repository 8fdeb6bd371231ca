// Whether an RDMA device answers user space: it is opened and queried as every RDMA program does it.
// Thread: any worker; BLOCKING (a command to the device's firmware; a dead one answers after a minute, or never).
// Source: libibverbs (ibv_open_device(3), ibv_query_device(3), ibv_query_port(3)).
#pragma once

#include "model/error.hpp"

#include <expected>
#include <string>

namespace nic::host {

// Errors: not_found (no user space driver for it, or no such device in this network namespace), and what opening or
// querying answered.
[[nodiscard]] std::expected<void, model::Error> ask_rdma_device(const std::string& name);

}  // namespace nic::host
