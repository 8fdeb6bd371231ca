#include "kmod/peer_memory.hpp"

#include "kmod/symbols.hpp"
#include "model/version.hpp"

#include <fmt/format.h>

#include <charconv>
#include <compare>
#include <filesystem>
#include <functional>

namespace nic::kmod {
namespace {

using model::PeerMemoryFacts;
using model::PeerModule;

constexpr const char* kRegister = "ib_register_peer_memory_client";
constexpr std::string_view kNvidia{"0x10de"};
constexpr std::string_view kDisplay{"0x03"};  // PCI class: VGA, 3D and other display controllers

// Entries of a folder by name; none where there is no such folder.
void each_entry(const std::filesystem::path& folder, const std::function<void(const std::filesystem::path&)>& tell) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry{folder, error}, end; !error && entry != end; entry.increment(error))
    tell(entry->path());
}

// The NVIDIA driver does not start without a GPU.
bool has_gpu(const model::Roots& roots) {
  bool found = sysfs_state(roots, "nvidia") == "live";
  each_entry(roots.sys / "bus/pci/devices", [&](const std::filesystem::path& device) {
    found = found ||
            (text_of(device / "vendor") == kNvidia && text_of(device / "class").value_or("").starts_with(kDisplay));
  });
  return found;
}

std::uint64_t count(const std::filesystem::path& file) {
  const auto text = text_of(file).value_or("");
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void clients(const model::Roots& roots, PeerMemoryFacts& facts) {
  each_entry(roots.sys / "kernel/mm/memory_peers", [&](const std::filesystem::path& client) {
    const auto version = text_of(client / "version");
    if (!version) return;
    facts.clients.emplace(printable(client.filename().string()), printable(*version));
    const auto made = count(client / "num_alloc_mrs");
    const auto gone = count(client / "num_dealloc_mrs");
    if (made > gone) facts.registrations += made - gone;
  });
}

void symbols(::kmod_module* module, PeerModule& peer) {
  const auto read = read_symbols(module);
  peer.symbols_read = read.has_value();
  if (!read) return;
  peer.uses_ib_core = read->used.contains(kRegister);
  for (const auto& clash : read->clashes)
    peer.clashes.push_back(fmt::format("{} of {} (wants {:#010x}, installed is {:#010x})", clash.symbol, clash.provider,
                                       clash.wanted, clash.offered));
}

PeerModule look(const model::Roots& roots, const Context& context, const std::string& name) {
  PeerModule peer;
  peer.live = sysfs_state(roots, name) == "live";
  const auto module = context.find(name);
  peer.there = peer.live || module != nullptr;
  if (peer.live)
    peer.version = printable(text_of(roots.sys / "module" / name / "version").value_or(""));
  else if (module)
    symbols(module.get(), peer);
  return peer;
}

bool knows_dmabuf(const std::string& release) {
  const auto version = model::parse_version(release);
  return version && compare(*version, model::Version{"5.12", {5, 12}}) >= 0;
}

}  // namespace

PeerMemoryFacts read_peer_memory(const model::Roots& roots, const Context& context) {
  PeerMemoryFacts facts;
  facts.gpu = has_gpu(roots);
  if (!facts.gpu) return facts;
  if (sysfs_state(roots, "nvidia") == "live") {
    facts.nvidia_version = printable(text_of(roots.sys / "module/nvidia/version").value_or("unknown"));
    facts.nvidia_open = text_of(roots.proc / "driver/nvidia/version").value_or("").contains("Open Kernel Module");
  }
  facts.kernel_dmabuf = knows_dmabuf(context.release());
  facts.ib_core_registers = !context.behind_alias(std::string{"symbol:"} + kRegister).empty();
  facts.nvidia_peermem = look(roots, context, "nvidia_peermem");
  facts.nv_peer_mem = look(roots, context, "nv_peer_mem");
  clients(roots, facts);
  return facts;
}

}  // namespace nic::kmod
