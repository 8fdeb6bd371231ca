// What this machine has of GPUDirect RDMA: GPU, NVIDIA driver, the modules that register GPU memory with ib_core, and
// who has registered.
// Thread: any worker; BLOCKING (reads sysfs, and where one of the modules is installed and not loaded, its file and
// those it depends on). Errors: what cannot be read is as if it were not there; of symbols `symbols_read` tells.
// Source: /sys/bus/pci, /sys/module/nvidia/version, /proc/driver/nvidia/version, /sys/kernel/mm/memory_peers (of the
// out-of-tree stack's ib_core), libkmod.
#pragma once

#include "kmod/context.hpp"
#include "model/driver_status.hpp"
#include "model/roots.hpp"

namespace nic::kmod {

[[nodiscard]] model::PeerMemoryFacts read_peer_memory(const model::Roots& roots, const Context& context);

}  // namespace nic::kmod
