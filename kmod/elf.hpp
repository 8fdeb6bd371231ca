// What a module file says of itself: pure readers of an ELF image that may be hostile.
// Thread: any. Cost: one pass over the section table. Source: elf(5), and the kernel's include/linux/module.h
// (.modinfo: "key=value" strings, each ended by NUL) and include/linux/elfnote.h (NT_GNU_BUILD_ID of name "GNU").
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nic::kmod {

using Bytes = std::span<const unsigned char>;

struct ModuleFile {
  std::vector<std::pair<std::string, std::string>> info;  // of .modinfo, in order; values printable
  std::string build_id;                                   // lower-case hex; "" where the file has none
  bool signed_{false};                                    // "~Module signature appended~" stands at its end

  bool operator==(const ModuleFile&) const = default;
  // The first value of the key, "" if there is none.
  [[nodiscard]] std::string_view value(std::string_view key) const;
};

// The error is a sentence without the file's name.
[[nodiscard]] std::expected<ModuleFile, std::string> read_module(Bytes image);
// The pairs of a .modinfo section; text without '=' and a last string without its NUL are left out.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> read_modinfo(Bytes section);

}  // namespace nic::kmod
