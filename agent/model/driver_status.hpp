// What there is to say of the drivers together: the RDMA stack as a whole, and GPUDirect RDMA.
// Thread: any (values). Made by core::judge_drivers, shown on D-Bus.
#pragma once

#include "model/error.hpp"
#include "model/module.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::model {

// How a GPU's memory is registered for RDMA.
enum class PeerMemory : std::uint8_t { none, dmabuf, nvidia_peermem, nv_peer_mem };
// What the configuration says of it: [gpudirect] peer_memory. `automatic`: what this machine has, DMA-BUF first.
enum class PeerMemoryWish : std::uint8_t { not_said, none, automatic, dmabuf, peermem };
enum class Readiness : std::uint8_t { not_applicable, ready, not_ready };

// A module that registers GPU memory with ib_core, before it is loaded and after.
struct PeerModule {
  bool there{false};  // the running kernel's tree has it
  bool live{false};
  bool uses_ib_core{false};          // its file asks for ib_register_peer_memory_client
  bool symbols_read{false};          // ... which could be found out
  std::vector<std::string> clashes;  // symbols of which another version is installed, with both
  std::string version;               // of the running one

  bool operator==(const PeerModule&) const = default;
};

// What the machine has of GPUDirect RDMA. Sources: PCI, /sys/module, the modules' files, /sys/kernel/mm/memory_peers.
struct PeerMemoryFacts {
  bool gpu{false};                // an NVIDIA GPU is there
  std::string nvidia_version;     // of the running NVIDIA driver; "" while it is not loaded
  bool nvidia_open{false};        // its open flavour, which exports DMA-BUF
  bool kernel_dmabuf{false};      // kernel 5.12 or later
  bool ib_core_registers{false};  // the installed ib_core takes peer memory clients
  PeerModule nvidia_peermem, nv_peer_mem;
  std::map<std::string, std::string> clients;  // that registered with ib_core: name to version
  std::uint64_t registrations{0};              // GPU memory regions in use

  bool operator==(const PeerMemoryFacts&) const = default;
};

// By modalias, the modules that say they drive such a device, for each function that was there; none where the module
// tree has no such module, or cannot be asked.
using ModulesOfDevices = std::map<std::string, std::vector<std::string>>;

// What only reading the machine's module files tells.
struct DriverFacts {
  std::vector<ModuleReport> modules;
  ModulesOfDevices modules_of;
  std::string user_space;  // "MLNX_OFED_LINUX-24.10-0.7.0.0" where the user space of such a stack is installed
  PeerMemoryFacts peer_memory;
  std::vector<Finding> next_boot;  // what would be wrong after the next boot; found out after the rest

  bool operator==(const DriverFacts&) const = default;
};

// RDMA devices that were opened and queried through libibverbs: an Error where that failed, or did not come back.
using RdmaAnswers = std::map<std::string, std::optional<Error>>;

struct PeerMemoryStatus {
  PeerMemory way{PeerMemory::none};
  Readiness readiness{Readiness::not_applicable};
  std::string text;  // one line for people
  std::uint64_t registrations{0};

  bool operator==(const PeerMemoryStatus&) const = default;
};

struct DriverStatus {
  Provider running{Provider::unknown}, on_disk{Provider::unknown};  // of the RDMA stack
  std::string user_space;                                           // "" where it is the distribution's
  std::string version;                                              // of the running stack, if it tells
  Verdict verdict{Verdict::unknown};
  std::vector<Finding> findings;
  PeerMemoryStatus peer_memory;

  bool operator==(const DriverStatus&) const = default;
};

[[nodiscard]] std::string_view word(PeerMemory way);       // "none", "dmabuf", "nvidia_peermem", "nv_peer_mem"
[[nodiscard]] std::string_view word(PeerMemoryWish wish);  // "none", "auto", "dmabuf", "peermem", ""
[[nodiscard]] std::string_view word(Readiness readiness);  // "notApplicable", "ready", "notReady"

}  // namespace nic::model
