// GPUDirect RDMA: by which way GPU memory is registered on this machine, and whether that is ready. Pure.
// Source: the documentation of the NVIDIA driver (nvidia-peermem) and of nv_peer_mem; ib_core's peer memory interface
// (/sys/kernel/mm/memory_peers) of the out-of-tree stack.
#pragma once

#include "model/driver_status.hpp"

#include <optional>
#include <string>

namespace nic::core {

[[nodiscard]] model::PeerMemoryStatus judge_peer_memory(model::PeerMemoryWish wish,
                                                        const model::PeerMemoryFacts& facts);

// The module that has to be loaded for it; nullopt where none has to, or where the kernel is known to refuse it.
[[nodiscard]] std::optional<std::string> peer_memory_module(model::PeerMemoryWish wish,
                                                            const model::PeerMemoryFacts& facts);

}  // namespace nic::core
