#include "kubelet/door.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

namespace nic::kubelet {
namespace {

using model::Error;

constexpr std::size_t kMostSocketPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr int kBacklog = 64;
constexpr std::string_view kOurs = "nic-agent_";

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() > kMostSocketPath) return std::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Descriptor new_socket() { return Descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)}; }

// A file of this name that is in the way goes, if nobody serves it.
std::expected<void, Error> make_way(const std::string& path) {
  const auto there = identity_of(path);
  if (!there) return {};
  if (!there->socket)
    return std::unexpected(model::system_error(EEXIST, "bind", path, "a file that is no socket is in the way"));
  if (const auto served = connect_to(path); served || served.error() != ECONNREFUSED)
    return std::unexpected(Error{model::Code::busy, EADDRINUSE, "bind", path, "another process serves on this socket"});
  ::unlink(path.c_str());
  return {};
}

std::string hidden_name(const std::string& path) {
  const std::filesystem::path shown{path};
  return (shown.parent_path() / ("." + shown.filename().string())).string();
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<FileIdentity> identity_of(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  constexpr std::int64_t kBillion = 1'000'000'000;
  return FileIdentity{status.st_dev, status.st_ino, (status.st_ctim.tv_sec * kBillion) + status.st_ctim.tv_nsec,
                      S_ISSOCK(status.st_mode), S_ISDIR(status.st_mode)};
}

std::expected<Descriptor, int> connect_to(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return std::unexpected(ENAMETOOLONG);
  auto socket = new_socket();
  if (socket.get() < 0) return std::unexpected(errno);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return std::unexpected(errno);
  return socket;
}

std::expected<FolderLock, Error> FolderLock::take(const std::string& folder) {
  Descriptor open{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (open.get() < 0) return std::unexpected(model::system_error(errno, "open", folder));
  if (::flock(open.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return std::unexpected(Error{model::Code::busy, 0, "serve in", folder,
                                   "another nic-agent does: end it (its work is taken over when it has gone)"});
    return std::unexpected(model::system_error(errno, "lock", folder));
  }
  struct stat status{};
  if (::fstat(open.get(), &status) != 0) return std::unexpected(model::system_error(errno, "stat", folder));
  FileIdentity identity{status.st_dev, status.st_ino, 0, false, true};
  return FolderLock{std::move(open), identity};
}

bool FolderLock::is_of(const std::string& folder) const {
  const auto now = identity_of(folder);
  return now && now->device == identity_.device && now->inode == identity_.inode;
}

std::expected<std::unique_ptr<Door>, Error> Door::open(const std::string& path) {
  // It gets its name when it listens: whoever sees it and is refused tries again only after a second.
  const auto hidden = hidden_name(path);
  const auto address = address_of(hidden);
  if (!address)
    return std::unexpected(model::system_error(ENAMETOOLONG, "bind", path, "a socket's path has at most 107 bytes"));
  for (const auto& name : {path, hidden})
    if (const auto free = make_way(name); !free) return std::unexpected(free.error());
  auto socket = new_socket();
  if (socket.get() < 0) return std::unexpected(model::system_error(errno, "make a socket for", path));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return std::unexpected(model::system_error(errno, "bind", path, "is the folder there and writable?"));
  const auto identity = identity_of(hidden);
  if (!identity || ::listen(socket.get(), kBacklog) != 0 || ::rename(hidden.c_str(), path.c_str()) != 0) {
    const int why = errno;
    ::unlink(hidden.c_str());
    return std::unexpected(model::system_error(why, "listen on", path));
  }
  return std::unique_ptr<Door>{new Door{std::move(socket), path, *identity}};
}

Door::~Door() {
  if (is_there()) ::unlink(path_.c_str());
}

bool Door::is_there() const {
  const auto now = identity_of(path_);
  return now && now->device == identity_.device && now->inode == identity_.inode;
}

void Door::hide() {
  if (!is_there() || std::filesystem::path{path_}.filename().string().starts_with('.')) return;
  const auto hidden = hidden_name(path_);
  if (::rename(path_.c_str(), hidden.c_str()) == 0) path_ = hidden;
}

void sweep(const std::string& folder) {
  std::error_code failure;
  std::vector<std::string> stale;
  for (const auto& entry : std::filesystem::directory_iterator{folder, failure}) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(kOurs) && !name.starts_with("." + std::string{kOurs})) continue;
    const auto path = entry.path().string();
    const auto there = identity_of(path);
    if (!there || !there->socket) continue;
    if (const auto served = connect_to(path); !served && served.error() == ECONNREFUSED) stale.push_back(path);
  }
  for (const auto& path : stale) ::unlink(path.c_str());
}

std::string socket_name(const std::string& resource, const std::string& folder) {
  std::string flat = resource;
  std::ranges::replace(flat, '/', '_');
  auto whole = fmt::format("{}{}.sock", kOurs, flat);
  // One byte for the '/', one for the dot of a hidden one.
  if (folder.size() + 2 + whole.size() <= kMostSocketPath) return whole;
  return fmt::format("{}{:016x}.sock", kOurs, fnv1a(resource));
}

}  // namespace nic::kubelet
