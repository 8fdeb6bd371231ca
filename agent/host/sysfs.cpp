#include "host/sysfs.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace nic::host {
namespace {

constexpr std::size_t kPage = 4096;

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

int open_retrying(int folder, const char* path, int flags) {
  int fd{};
  do fd = ::openat(folder, path, flags | O_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  return fd;
}

ssize_t read_retrying(int fd, char* buffer, std::size_t size) {
  ssize_t got{};
  do got = ::read(fd, buffer, size);
  while (got < 0 && errno == EINTR);
  return got;
}

}  // namespace

std::string plain_text(std::string_view raw) {
  raw = raw.substr(0, kPage);
  // A string ends at its NUL, also where a driver copied a whole buffer.
  raw = raw.substr(0, raw.find('\0'));
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  const auto first = raw.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  std::string text{raw.substr(first, raw.find_last_not_of(kBlank) - first + 1)};
  std::ranges::replace_if(text, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

Sysfs::Result<Sysfs> Sysfs::open(const std::filesystem::path& folder) {
  Fd fd{open_retrying(AT_FDCWD, folder.c_str(), O_PATH | O_DIRECTORY)};
  if (!fd) return std::unexpected(model::system_error(errno, "open", folder));
  return Sysfs{std::move(fd), folder};
}

Sysfs::Maybe<Sysfs> Sysfs::folder(const char* path) const {
  Fd fd{open_retrying(fd_.get(), path, O_PATH | O_DIRECTORY)};
  if (fd) return Sysfs{std::move(fd), name(path)};
  if (errno == ENOENT) return std::nullopt;
  return std::unexpected(model::system_error(errno, "open", name(path)));
}

Sysfs::Maybe<std::size_t> Sysfs::read_once(const char* path, char* buffer, std::size_t size) const {
  const Fd fd{open_retrying(fd_.get(), path, O_RDONLY)};
  if (!fd) {
    if (errno == ENOENT) return std::nullopt;
    return std::unexpected(model::system_error(errno, "open", name(path)));
  }
  const auto got = read_retrying(fd.get(), buffer, size);
  if (got < 0) return std::unexpected(model::system_error(errno, "read", name(path)));
  return static_cast<std::size_t>(got);
}

Sysfs::Maybe<std::string> Sysfs::text(const char* path) const {
  std::array<char, kPage> buffer;  // NOLINT(*-member-init): read_once says how much of it counts
  auto got = read_once(path, buffer.data(), buffer.size());
  if (!got) return std::unexpected(std::move(got.error()));
  if (!*got) return std::nullopt;
  return plain_text({buffer.data(), **got});
}

Sysfs::Maybe<std::string> Sysfs::bytes(const char* path, std::size_t limit) const {
  const Fd fd{open_retrying(fd_.get(), path, O_RDONLY)};
  if (!fd) {
    if (errno == ENOENT) return std::nullopt;
    return std::unexpected(model::system_error(errno, "open", name(path)));
  }
  std::string all;
  for (;;) {
    const auto before = all.size();
    const auto room = std::min<std::size_t>(limit - before, std::size_t{4} * kPage);
    if (room == 0) return all;
    all.resize(before + room);
    const auto got = read_retrying(fd.get(), all.data() + before, room);
    if (got < 0) return std::unexpected(model::system_error(errno, "read", name(path)));
    all.resize(before + static_cast<std::size_t>(got));
    if (got == 0) return all;
  }
}

Sysfs::Maybe<std::string> Sysfs::target(const char* path) const {
  std::array<char, kPage> buffer;  // NOLINT(*-member-init)
  const auto got = ::readlinkat(fd_.get(), path, buffer.data(), buffer.size());
  if (got >= 0) return std::string{buffer.data(), static_cast<std::size_t>(got)};
  if (errno == ENOENT) return std::nullopt;
  return std::unexpected(model::system_error(errno, "read the link", name(path)));
}

Sysfs::Maybe<std::string> Sysfs::link(const char* path) const {
  auto whole = target(path);
  if (whole && *whole)
    if (const auto slash = (*whole)->rfind('/'); slash != std::string::npos) (*whole)->erase(0, slash + 1);
  return whole;
}

Sysfs::Maybe<std::vector<std::string>> Sysfs::list(const char* path) const {
  Fd fd{open_retrying(fd_.get(), path, O_RDONLY | O_DIRECTORY)};
  const std::unique_ptr<DIR, CloseDirectory> directory{fd ? ::fdopendir(fd.get()) : nullptr};
  if (!directory) {
    if (errno == ENOENT) return std::nullopt;
    return std::unexpected(model::system_error(errno, "list", name(path)));
  }
  std::ignore = fd.release();  // belongs to `directory` now
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());  // NOLINT(concurrency-mt-unsafe): a stream of our own
    if (entry == nullptr) break;
    const std::string_view found{entry->d_name};
    if (found != "." && found != "..") names.emplace_back(found);
  }
  if (errno != 0) return std::unexpected(model::system_error(errno, "list", name(path)));
  std::ranges::sort(names);
  return names;
}

Sysfs::Maybe<Fd> Sysfs::file(const char* path, int flags) const {
  Fd fd{open_retrying(fd_.get(), path, flags)};
  if (fd) return fd;
  if (errno == ENOENT) return std::nullopt;
  return std::unexpected(model::system_error(errno, "open", name(path)));
}

bool Sysfs::exists(const char* path) const { return ::faccessat(fd_.get(), path, F_OK, 0) == 0; }

Sysfs::Result<void> Sysfs::write(const char* path, std::string_view value) const {
  // sysfs ignores O_TRUNC; in a composed tree it makes the file hold just this value.
  const Fd fd{open_retrying(fd_.get(), path, O_WRONLY | O_TRUNC)};
  if (!fd) return std::unexpected(model::system_error(errno, "open for writing", name(path)));
  ssize_t put{};
  do put = ::write(fd.get(), value.data(), value.size());
  while (put < 0 && errno == EINTR);
  if (put < 0) return std::unexpected(model::system_error(errno, "write", name(path)));
  if (static_cast<std::size_t>(put) != value.size())
    return std::unexpected(model::system_error(EIO, "write the whole value", name(path)));
  return {};
}

std::uint64_t Sysfs::inode() const {
  struct stat facts{};
  return ::fstat(fd_.get(), &facts) == 0 ? facts.st_ino : 0;
}

std::string Sysfs::name(std::string_view path) const {
  std::string full{path_};
  if (path != ".") full.append("/").append(path);
  return full;
}

model::Error Sysfs::no_number(const char* path, std::string_view text) const {
  return model::invalid("read a number from", name(path), "it holds \"" + std::string{text.substr(0, 40)} + "\"");
}

}  // namespace nic::host
