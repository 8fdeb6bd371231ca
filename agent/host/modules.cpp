#include "files/build_id.hpp"
#include "host/facts.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace nic::host {
namespace {

constexpr std::size_t kMostProc = std::size_t{1} << 20;  // some 10,000 modules
constexpr std::size_t kMostNote = 4096;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = text.find(separator);
    if (end != 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

std::string state_word(std::string_view state) {
  if (state == "Live") return "live";
  if (state == "Loading") return "coming";
  if (state == "Unloading") return "going";
  return plain_text(state);
}

void read_attributes(const Sysfs& modules, model::LoadedModule& module, Problems& problems) {
  auto opened = modules.folder(module.name.c_str());
  if (!opened) problems.push_back(std::move(opened.error()));
  if (!opened || !*opened) return;
  const auto take = [&](auto value) {
    if (!value) {
      problems.push_back(std::move(value.error()));
      return std::string{};
    }
    return std::move(*value).value_or("");
  };
  module.version = take((*opened)->text("version"));
  module.srcversion = take((*opened)->text("srcversion"));
  const auto note = take((*opened)->bytes("notes/.note.gnu.build-id", kMostNote));
  module.build_id = files::read_build_id(note);
}

}  // namespace

// "mlx5_core 2170880 1 mlx5_ib, Live 0x0000000000000000 (OE)". Source: kernel/module/procfs.c m_show.
std::vector<model::LoadedModule> parse_proc_modules(std::string_view text) {
  std::vector<model::LoadedModule> modules;
  for (const auto line : split(text, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 5 || words[0].find('/') != std::string_view::npos) continue;
    model::LoadedModule module;
    module.name = plain_text(words[0]);
    std::ignore = std::from_chars(words[2].data(), words[2].data() + words[2].size(), module.references);
    if (words[3] != "-")
      for (const auto holder : split(words[3], ','))
        if (holder != "[permanent]") module.holders.push_back(plain_text(holder));
    module.state = state_word(words[4]);
    if (words.size() > 6 && words[6].starts_with('(') && words[6].ends_with(')')) {
      // '+' and '-' tell of coming and going (print_unload_info's neighbour module_flags): no taint.
      for (const char flag : words[6].substr(1, words[6].size() - 2))
        if (flag >= 'A' && flag <= 'Z') module.taint += flag;
    }
    modules.push_back(std::move(module));
  }
  std::ranges::sort(modules, {}, &model::LoadedModule::name);
  return modules;
}

std::vector<model::LoadedModule> read_modules(const Sysfs& proc, const Sysfs& sys, Problems& problems) {
  const auto text = proc.bytes("modules", kMostProc);
  if (!text) problems.push_back(text.error());
  if (!text || !*text) return {};  // a kernel without loadable modules has no such file
  auto modules = parse_proc_modules(**text);
  const auto folder = sys.folder("module");
  if (!folder) problems.push_back(folder.error());
  if (!folder || !*folder) return modules;
  for (auto& module : modules) read_attributes(**folder, module, problems);
  return modules;
}

}  // namespace nic::host
