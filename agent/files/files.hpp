// Files on disk, read with a limit and written so that power loss leaves either the old or the new one.
// Thread: any; blocking. Source: open(2), fsync(2), rename(2).
#pragma once

#include "model/error.hpp"

#include <sys/types.h>

#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

namespace nic::files {

// The text of a regular file of at most `limit` bytes; a larger one, a directory or a device is Code::invalid.
[[nodiscard]] std::expected<std::string, model::Error> read(const std::filesystem::path& path, std::size_t limit);

// write, fsync, rename, fsync of the folder; folders above are made (0755). Nothing is left behind on failure.
[[nodiscard]] std::expected<void, model::Error> write_atomically(const std::filesystem::path& path,
                                                                 std::string_view text, mode_t mode = 0644);

// write, rename: readers see the old or the new one, and nothing waits for a disk. Power loss may leave an empty one:
// for files in memory (/run) and those that can be done without.
[[nodiscard]] std::expected<void, model::Error> replace(const std::filesystem::path& path, std::string_view text,
                                                        mode_t mode = 0644);

// Remove durably; a file that is not there is success.
[[nodiscard]] std::expected<void, model::Error> remove(const std::filesystem::path& path);

// Keep a damaged file for inspection, beside its old place: "<path>.corrupt" (an older one is replaced).
[[nodiscard]] std::expected<std::filesystem::path, model::Error> set_aside(const std::filesystem::path& path);

}  // namespace nic::files
