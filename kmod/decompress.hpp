// The bytes of a module file, whether it is .ko, .ko.gz, .ko.xz or .ko.zst. Blocking: reads the whole file.
// Thread: any. What it is compressed with is told by its first bytes, as the kernel and libkmod do, not by its name.
#pragma once

#include "model/error.hpp"

#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>
#include <vector>

namespace nic::kmod {

// No module is larger, unpacked; the largest with debug information are about 100 MiB. A file that unpacks to more is
// refused, so that a few hostile kilobytes cannot take the machine's memory.
inline constexpr std::size_t kMaxModule = std::size_t{256} << 20;

[[nodiscard]] std::expected<std::vector<unsigned char>, model::Error> read_file(const std::filesystem::path& path,
                                                                                std::size_t limit = kMaxModule);

// Of a module file's bytes, those of the module; bytes that are not compressed are taken as they are. The error is a
// sentence that begins with "it" or "its".
[[nodiscard]] std::expected<std::vector<unsigned char>, std::string> unpacked(std::vector<unsigned char> raw,
                                                                              std::size_t limit = kMaxModule);

}  // namespace nic::kmod
