#include "core/peer_memory.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace nic::core {
namespace {

using model::PeerMemory;
using model::PeerMemoryFacts;
using model::PeerMemoryStatus;
using model::PeerMemoryWish;
using model::PeerModule;
using model::Readiness;

// Both modules register under this name, so the second one is refused.
constexpr std::string_view kClient{"nv_mem"};

std::optional<std::string> why_no_dmabuf(const PeerMemoryFacts& facts) {
  if (facts.nvidia_version.empty()) return "the NVIDIA driver is not loaded";
  if (!facts.nvidia_open) return "the NVIDIA driver is not of the open flavour, which alone exports DMA-BUF";
  if (!facts.kernel_dmabuf) return "the kernel is older than 5.12";
  return std::nullopt;
}

// Why the kernel would refuse the module, or why it is not there to be loaded.
std::optional<std::string> why_not_loadable(std::string_view name, const PeerModule& module, const PeerModule& rival,
                                            std::string_view rival_name, const PeerMemoryFacts& facts) {
  if (!module.there) return fmt::format("there is no {} for this kernel", name);
  if (rival.live) return fmt::format("{} is loaded and has registered as {}", rival_name, kClient);
  if (facts.nvidia_version.empty()) return "the NVIDIA driver is not loaded";
  if (!module.symbols_read) return std::nullopt;  // the kernel will tell
  if (!module.uses_ib_core)
    return fmt::format(
        "{} was built without peer memory support (it does not ask for ib_register_peer_memory_client) "
        "and would only answer EINVAL: build the NVIDIA driver again where the headers of the RDMA "
        "stack are installed",
        name);
  if (!facts.ib_core_registers)
    return fmt::format(
        "the installed ib_core takes no peer memory clients: {} needs the out-of-tree RDMA stack, or a "
        "kernel with that patch",
        name);
  if (!module.clashes.empty())
    return fmt::format("{} has to be built again, it was made for other versions of {}", name,
                       fmt::join(module.clashes, ", "));
  return std::nullopt;
}

struct Choice {
  PeerMemory way{PeerMemory::none};
  std::string why;  // none
};

// What is loaded stays: the two modules exclude each other.
Choice choose_module(const PeerMemoryFacts& facts) {
  if (facts.nvidia_peermem.live) return {PeerMemory::nvidia_peermem, {}};
  if (facts.nv_peer_mem.live) return {PeerMemory::nv_peer_mem, {}};
  const auto newer = why_not_loadable("nvidia_peermem", facts.nvidia_peermem, facts.nv_peer_mem, "nv_peer_mem", facts);
  if (!newer) return {PeerMemory::nvidia_peermem, {}};
  if (!facts.nv_peer_mem.there) return {PeerMemory::none, *newer};
  const auto older = why_not_loadable("nv_peer_mem", facts.nv_peer_mem, facts.nvidia_peermem, "nvidia_peermem", facts);
  if (!older) return {PeerMemory::nv_peer_mem, {}};
  return {PeerMemory::none, fmt::format("{}; {}", *newer, *older)};
}

// Of a wish other than none; one that is not said is shown as what this machine has.
Choice choose(PeerMemoryWish wish, const PeerMemoryFacts& facts) {
  if (wish == PeerMemoryWish::peermem) return choose_module(facts);
  const auto no_dmabuf = why_no_dmabuf(facts);
  if (!no_dmabuf) return {PeerMemory::dmabuf, {}};
  if (wish == PeerMemoryWish::dmabuf) return {PeerMemory::none, *no_dmabuf};
  auto choice = choose_module(facts);
  if (choice.way == PeerMemory::none) choice.why = fmt::format("no DMA-BUF, because {}; {}", *no_dmabuf, choice.why);
  return choice;
}

std::optional<std::string> why_not_ready(std::string_view name, const PeerModule& module,
                                         const PeerMemoryFacts& facts) {
  if (!module.live) return fmt::format("{} is not loaded", name);
  const auto client = facts.clients.find(std::string{kClient});
  if (client == facts.clients.end())
    return fmt::format("{} is loaded, but has not registered with ib_core: reload it after ib_core", name);
  if (name == "nvidia_peermem" && client->second != facts.nvidia_version)
    return fmt::format("{} registered as version {}, but the NVIDIA driver is {}: reload it", name, client->second,
                       facts.nvidia_version);
  return std::nullopt;
}

}  // namespace

PeerMemoryStatus judge_peer_memory(PeerMemoryWish wish, const PeerMemoryFacts& facts) {
  PeerMemoryStatus status;
  status.registrations = facts.registrations;
  if (!facts.gpu) {
    status.text = "There is no NVIDIA GPU.";
    return status;
  }
  if (facts.nvidia_peermem.live && facts.nv_peer_mem.live) {
    status.readiness = Readiness::not_ready;
    status.text = "nvidia_peermem and nv_peer_mem are both loaded, and only one can register: remove nv_peer_mem.";
    return status;
  }
  if (wish == PeerMemoryWish::none) {
    status.text = "Not asked for.";
    return status;
  }
  const auto choice = choose(wish, facts);
  status.way = choice.way;
  const auto say = [&](const std::optional<std::string>& why, std::string_view ready) {
    status.readiness = why ? Readiness::not_ready : Readiness::ready;
    status.text = why ? fmt::format("GPU memory cannot be registered for RDMA: {}.", *why) : std::string{ready};
  };
  switch (choice.way) {
    case PeerMemory::none: say(choice.why, ""); break;
    case PeerMemory::dmabuf: say(std::nullopt, "GPU memory is registered by DMA-BUF; no module is needed."); break;
    case PeerMemory::nvidia_peermem:
      say(why_not_ready("nvidia_peermem", facts.nvidia_peermem, facts), "nvidia_peermem has registered with ib_core.");
      break;
    case PeerMemory::nv_peer_mem:
      say(why_not_ready("nv_peer_mem", facts.nv_peer_mem, facts), "nv_peer_mem has registered with ib_core.");
      break;
  }
  return status;
}

std::optional<std::string> peer_memory_module(PeerMemoryWish wish, const PeerMemoryFacts& facts) {
  if (!facts.gpu || wish == PeerMemoryWish::not_said || wish == PeerMemoryWish::none) return std::nullopt;
  const auto choice = choose(wish, facts);
  if (choice.way == PeerMemory::nvidia_peermem && !facts.nvidia_peermem.live) return "nvidia_peermem";
  if (choice.way == PeerMemory::nv_peer_mem && !facts.nv_peer_mem.live) return "nv_peer_mem";
  return std::nullopt;
}

}  // namespace nic::core
