#include "host/modules.hpp"

#include "host/observe.hpp"
#include "host/sysfs.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace nic::host {
namespace {

using model::LoadedModule;

constexpr std::size_t kMostProcModules = 1U << 20U;

std::string_view next_word(std::string_view& line) {
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

std::string text_of(const Sysfs& folder, const char* path) {
  auto read = folder.text(path);
  return read && *read ? std::move(**read) : std::string{};
}

}  // namespace

std::vector<LoadedModule> parse_proc_modules(std::string_view text) {
  std::vector<LoadedModule> modules;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    LoadedModule module;
    module.name = plain_text(next_word(line));
    next_word(line);
    const auto references = next_word(line);
    const bool counted =
        std::from_chars(references.data(), references.data() + references.size(), module.references).ec == std::errc{};
    next_word(line);
    const auto state = next_word(line);
    if (module.name.empty() || (!counted && references != "-")) continue;
    module.state = state == "Loading" ? "coming" : state == "Unloading" ? "going" : "live";
    modules.push_back(std::move(module));
  }
  std::ranges::sort(modules, {}, &LoadedModule::name);
  return modules;
}

std::string parse_build_id(std::string_view note) {
  while (note.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr header;
    std::memcpy(&header, note.data(), sizeof header);
    note.remove_prefix(sizeof header);
    const std::size_t name = aligned(header.n_namesz), descriptor = aligned(header.n_descsz);
    if (name > note.size() || header.n_descsz > note.size() - name) return {};
    if (header.n_type == NT_GNU_BUILD_ID && note.substr(0, header.n_namesz) == std::string_view{"GNU", 4}) {
      std::string id;
      for (const char byte : note.substr(name, header.n_descsz))
        id += fmt::format("{:02x}", static_cast<unsigned char>(byte));
      return id;
    }
    note.remove_prefix(std::min(name + descriptor, note.size()));
  }
  return {};
}

std::vector<LoadedModule> read_modules(const model::Roots& roots) {
  const auto proc = Sysfs::open(roots.proc);
  if (!proc) return {};
  const auto text = proc->bytes("modules", kMostProcModules);
  if (!text || !*text) return {};  // a kernel without modules
  auto modules = parse_proc_modules(**text);
  const auto folder = Sysfs::open(roots.sys / "module");
  if (!folder) return modules;
  for (auto& module : modules) {
    const auto own = folder->folder(module.name.c_str());
    if (!own || !*own) continue;
    module.version = text_of(**own, "version");
    module.srcversion = text_of(**own, "srcversion");
    module.taint = text_of(**own, "taint");
    if (auto holders = (*own)->list("holders"); holders && *holders) module.holders = std::move(**holders);
    if (const auto note = (*own)->bytes("notes/.note.gnu.build-id", 4096); note && *note)
      module.build_id = parse_build_id(**note);
  }
  return modules;
}

}  // namespace nic::host
