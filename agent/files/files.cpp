#include "files/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace nic::files {
namespace {

using model::Error;
using model::system_error;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_{fd} {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  // close(2) may report a late write error; the descriptor is gone either way.
  [[nodiscard]] int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

std::expected<void, Error> sync_folder(const std::filesystem::path& folder) {
  const Descriptor fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) return std::unexpected(system_error(errno, "sync", folder.string()));
  return {};
}

std::expected<void, Error> write_all(int fd, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return std::unexpected(system_error(errno, "write", path.string()));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

enum class Durability : std::uint8_t { disk, memory };

std::expected<void, Error> write_beside(const std::filesystem::path& path, std::string_view text, mode_t mode,
                                        Durability durability) {
  std::error_code failure;
  std::filesystem::create_directories(path.parent_path(), failure);
  if (failure) return std::unexpected(system_error(failure.value(), "create", path.parent_path().string()));
  const std::filesystem::path temporary = path.string() + ".new";
  auto written = [&]() -> std::expected<void, Error> {
    Descriptor fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)};
    if (fd.get() < 0) return std::unexpected(system_error(errno, "create", temporary.string()));
    if (auto done = write_all(fd.get(), text, temporary); !done) return done;
    if (::fchmod(fd.get(), mode) != 0 || (durability == Durability::disk && ::fsync(fd.get()) != 0) || fd.close() != 0)
      return std::unexpected(system_error(errno, "write", temporary.string()));
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      return std::unexpected(system_error(errno, "rename", temporary.string()));
    return {};
  }();
  if (!written) ::unlink(temporary.c_str());
  return written;
}

}  // namespace

std::expected<std::string, Error> read(const std::filesystem::path& path, std::size_t limit) {
  // O_NONBLOCK: a FIFO put in a file's place must not hold us.
  const Descriptor fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (fd.get() < 0) return std::unexpected(system_error(errno, "open", path.string()));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return std::unexpected(system_error(errno, "stat", path.string()));
  if (!S_ISREG(status.st_mode))
    return std::unexpected(model::invalid("read", path.string(), "it is not a regular file"));
  std::string text;
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(system_error(errno, "read", path.string()));
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > limit)
      return std::unexpected(model::invalid("read", path.string(), fmt::format("it is larger than {} bytes", limit)));
  }
}

std::expected<void, Error> write_atomically(const std::filesystem::path& path, std::string_view text, mode_t mode) {
  if (auto written = write_beside(path, text, mode, Durability::disk); !written) return written;
  return sync_folder(path.parent_path());
}

std::expected<void, Error> replace(const std::filesystem::path& path, std::string_view text, mode_t mode) {
  return write_beside(path, text, mode, Durability::memory);
}

std::expected<void, Error> remove(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return std::unexpected(system_error(errno, "remove", path.string()));
  }
  return sync_folder(path.parent_path());
}

std::expected<std::filesystem::path, Error> set_aside(const std::filesystem::path& path) {
  std::filesystem::path aside = path.string() + ".corrupt";
  if (::rename(path.c_str(), aside.c_str()) != 0)
    return std::unexpected(system_error(errno, "set aside", path.string()));
  return aside;
}

}  // namespace nic::files
