// rooms: kmod model
// The readers of kmod/ that are given bytes from files: module images, their .modinfo and notes, modprobe.d(5), and
// versions.
#include "kmod/elf.hpp"
#include "kmod/modprobe_d.hpp"
#include "kmod/parameters.hpp"
#include "kmod/user_space.hpp"
#include "model/version.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const nic::kmod::Bytes bytes{data, size};
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto file = nic::kmod::read_module(bytes)) {
    // What is shown on D-Bus must be text.
    for (const auto& [key, value] : file->info)
      for (const char c : key + value)
        if (c < 0x20 || c > 0x7e) std::abort();
  }
  (void)nic::kmod::read_modinfo(bytes);
  for (const auto& directive : nic::kmod::read_modprobe_conf(text))
    if (directive.line == 0 || directive.name.empty()) std::abort();
  (void)nic::kmod::names_on_command_line(text, "a");
  for (const auto& [name, value] : nic::kmod::read_options(text))
    for (const auto* type : {"int", "bool", "array of uint", "charp"})
      if (nic::kmod::same_value(type, value, value) != true) std::abort();
  (void)nic::kmod::stack_in(text);
  if (const auto version = nic::model::parse_version(text))
    if (std::is_neq(compare(*version, *version))) std::abort();
  return 0;
}
