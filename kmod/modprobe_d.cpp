#include "kmod/modprobe_d.hpp"

#include "kmod/context.hpp"
#include "model/module.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <functional>
#include <map>
#include <ranges>

namespace nic::kmod {
namespace {

constexpr std::string_view kBlank{" \t\r"};

bool holds(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string_view next_word(std::string_view& text) {
  const auto begin = std::min(text.find_first_not_of(kBlank), text.size());
  const auto end = std::min(text.find_first_of(kBlank, begin), text.size());
  const auto word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

// The files that count, in the order in which libkmod reads them: by name, one hidden by its like in a stronger folder.
std::map<std::string, std::filesystem::path> conf_files(const model::Roots& roots) {
  std::map<std::string, std::filesystem::path> files;
  for (const auto& folder : modprobe_folders(roots)) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry{folder, error}, end; !error && entry != end;
         entry.increment(error)) {
      std::error_code ignored;
      if (entry->path().extension() == ".conf" && entry->is_regular_file(ignored))
        files.emplace(entry->path().filename(), entry->path());
    }
  }
  return files;
}

std::optional<std::string> who_says(const model::Roots& roots, std::string_view word,
                                    const std::function<bool(const std::string&)>& meant) {
  for (const auto& path : conf_files(roots) | std::views::values) {
    const auto text = text_of(path);
    if (!text) continue;
    for (const auto& directive : read_modprobe_conf(*text))
      if (directive.word == word && meant(directive.name))
        return printable(path.string()) + ":" + std::to_string(directive.line);
  }
  return std::nullopt;
}

}  // namespace

std::vector<Directive> read_modprobe_conf(std::string_view text) {
  std::vector<Directive> directives;
  unsigned number = 0;
  while (!text.empty()) {
    std::string line;
    const unsigned first = number + 1;
    for (bool more = true; more && !text.empty();) {
      const auto end = std::min(text.find('\n'), text.size());
      line += text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++number;
      more = line.ends_with('\\');
      if (more) line.pop_back();
    }
    std::string_view rest{line};
    const auto word = next_word(rest);
    if (word != "blacklist" && word != "install") continue;
    const auto name = next_word(rest);
    if (name.empty()) continue;
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
    directives.push_back({first, std::string{word}, model::kernel_name(name), printable(rest)});
  }
  return directives;
}

std::vector<std::string> names_on_command_line(std::string_view command_line, std::string_view key) {
  std::vector<std::string> names;
  for (auto word = next_word(command_line); !word.empty(); word = next_word(command_line)) {
    if (!word.starts_with(key) || !word.substr(key.size()).starts_with('=')) continue;
    for (auto list = word.substr(key.size() + 1); !list.empty();) {
      const auto end = std::min(list.find(','), list.size());
      if (end > 0) names.push_back(model::kernel_name(list.substr(0, end)));
      list.remove_prefix(std::min(end + 1, list.size()));
    }
  }
  return names;
}

std::optional<std::string> who_blacklists(const model::Roots& roots, std::string_view kernel_name) {
  if (auto file = who_says(roots, "blacklist", [&](const std::string& name) { return name == kernel_name; }))
    return file;
  const auto command_line = text_of(roots.proc / "cmdline").value_or("");
  if (holds(names_on_command_line(command_line, "modprobe.blacklist"), kernel_name))
    return "kernel command line (modprobe.blacklist=)";
  return std::nullopt;
}

std::optional<std::string> who_installs(const model::Roots& roots, std::string_view kernel_name) {
  const std::string name{kernel_name};
  return who_says(roots, "install", [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;  // as libkmod matches it
  });
}

bool kernel_refuses(const model::Roots& roots, std::string_view kernel_name) {
  const auto names = names_on_command_line(text_of(roots.proc / "cmdline").value_or(""), "module_blacklist");
  return holds(names, kernel_name);
}

}  // namespace nic::kmod
