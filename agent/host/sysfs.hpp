// One folder of sysfs (or procfs, or a composed tree): the only place of the agent that opens attributes.
// Everything is relative to the folder's descriptor (openat), so a device that is replaced under the same name is never
// mixed with its successor. Thread: any; const calls may run side by side. Blocks as long as the kernel's show or store
// function does. Source: kernel Documentation/filesystems/sysfs.rst (one value per file, at most one page, one read).
//
// Text from the kernel comes from firmware and drivers too: it is cut at one page, trimmed at both ends, and bytes
// outside printable ASCII become '?', so that it can go to D-Bus and into the journal as it is.
#pragma once

#include "host/fd.hpp"
#include "model/error.hpp"

#include <charconv>
#include <concepts>
#include <cstddef>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::host {

class Sysfs {
 public:
  template <class T>
  using Result = std::expected<T, model::Error>;
  // nullopt: the file is not there (ENOENT), which in sysfs means "this device or kernel does not have it".
  template <class T>
  using Maybe = Result<std::optional<T>>;

  [[nodiscard]] static Result<Sysfs> open(const std::filesystem::path& folder);
  // A folder below; symbolic links are followed.
  [[nodiscard]] Maybe<Sysfs> folder(const char* path) const;

  [[nodiscard]] Maybe<std::string> text(const char* path) const;
  // The bytes as they are, at most `limit`, for notes and /proc files: read to the end.
  [[nodiscard]] Maybe<std::string> bytes(const char* path, std::size_t limit) const;
  // A whole number that fills the text; a leading 0x is skipped in base 16.
  template <std::integral T>
  [[nodiscard]] Maybe<T> number(const char* path, int base = 10) const {
    auto read = text(path);
    if (!read) return std::unexpected(std::move(read.error()));
    if (!*read) return std::optional<T>{};
    std::string_view digits = **read;
    if (base == 16 && digits.starts_with("0x")) digits.remove_prefix(2);
    T value{};
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (failure != std::errc{} || end != digits.data() + digits.size()) return std::unexpected(no_number(path, **read));
    return std::optional{value};
  }
  // Where a symbolic link points, as it is stored.
  [[nodiscard]] Maybe<std::string> target(const char* path) const;
  // The last component of where a symbolic link points: the name of a driver, a group, a device.
  [[nodiscard]] Maybe<std::string> link(const char* path) const;
  // Names in a folder, sorted; "." lists this one.
  [[nodiscard]] Maybe<std::vector<std::string>> list(const char* path) const;
  [[nodiscard]] bool exists(const char* path) const;
  // Of the folder itself; 0 where the kernel does not tell it.
  [[nodiscard]] std::uint64_t inode() const;
  // The file itself, for what is not one text (PCI configuration space).
  [[nodiscard]] Maybe<Fd> file(const char* path, int flags) const;

  // One write(2) of the whole value, as store functions want it. ENOENT is an error here.
  [[nodiscard]] Result<void> write(const char* path, std::string_view value) const;

  // How errors name a file of this folder.
  [[nodiscard]] std::string name(std::string_view path) const;

 private:
  Sysfs(Fd fd, std::string path) : fd_{std::move(fd)}, path_{std::move(path)} {}
  [[nodiscard]] model::Error no_number(const char* path, std::string_view text) const;
  // Fills the buffer by one read; nullopt where the file is not there.
  [[nodiscard]] Maybe<std::size_t> read_once(const char* path, char* buffer, std::size_t size) const;

  Fd fd_;
  std::string path_;
};

// Printable ASCII of at most a page, without blanks at the ends.
[[nodiscard]] std::string plain_text(std::string_view raw);

}  // namespace nic::host
