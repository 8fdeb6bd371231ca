// Which file says what of a module: libkmod merges modprobe.d(5) and forgets where each line stood, and an
// administrator needs to know. libkmod stays the judge of what holds; this only finds the line.
// Thread: any; the finders read files (blocking). Source: modprobe.d(5), the kernel's admin-guide/kernel-parameters.
#pragma once

#include "model/roots.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::kmod {

// "blacklist NAME" or "install PATTERN COMMAND...".
struct Directive {
  unsigned line{0};  // from 1; the first of a continued one
  std::string word;
  std::string name;  // in the kernel's spelling
  std::string rest;

  bool operator==(const Directive&) const = default;
};

[[nodiscard]] std::vector<Directive> read_modprobe_conf(std::string_view text);
// The names after `key`= on the kernel's command line, comma-separated, in the kernel's spelling.
[[nodiscard]] std::vector<std::string> names_on_command_line(std::string_view command_line, std::string_view key);

// "/etc/modprobe.d/x.conf:3", or "kernel command line (modprobe.blacklist=)"; nullopt where no line says so.
[[nodiscard]] std::optional<std::string> who_blacklists(const model::Roots& roots, std::string_view kernel_name);
// "/etc/modprobe.d/x.conf:3" of the install command that libkmod would run for the module.
[[nodiscard]] std::optional<std::string> who_installs(const model::Roots& roots, std::string_view kernel_name);
// module_blacklist= on the command line: the kernel itself refuses the module, whoever loads it.
[[nodiscard]] bool kernel_refuses(const model::Roots& roots, std::string_view kernel_name);

}  // namespace nic::kmod
