// A listening socket below the kubelet's root, and whose it is. Thread: the loop's.
// gRPC would unlink the path when it binds and again when it lets go, whoever has bound it meanwhile: so the sockets
// are made here. A path is bound only under its folder's lock, and its file goes only if it is still this socket.
// Sources: unix(7), flock(2). A bound socket holds on to its inode: its number names no other file as long as we have
// it open.
#pragma once

#include "model/error.hpp"

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

namespace nic::kubelet {

// A file of ours, closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_{fd} {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// Which file it is: inode numbers are given anew soon, so the time of its making counts too.
struct FileIdentity {
  dev_t device{0};
  ino_t inode{0};
  std::int64_t changed_ns{0};
  bool socket{false};
  bool folder{false};
  bool operator==(const FileIdentity&) const = default;
};
[[nodiscard]] std::optional<FileIdentity> identity_of(const std::string& path);  // symbolic links are not followed

// A connection to whoever listens on the socket. Does not block. errno where nobody does: ECONNREFUSED, ENOENT ...
[[nodiscard]] std::expected<Descriptor, int> connect_to(const std::string& path);

class FolderLock {
 public:
  // Code::busy where another agent has it.
  [[nodiscard]] static std::expected<FolderLock, model::Error> take(const std::string& folder);
  // Still the folder that stands at this path?
  [[nodiscard]] bool is_of(const std::string& folder) const;

 private:
  FolderLock(Descriptor folder, FileIdentity identity) : folder_{std::move(folder)}, identity_{identity} {}
  Descriptor folder_;
  FileIdentity identity_;
};

class Door {
 public:
  // Binds and listens. What a killed agent left is replaced; a socket that somebody serves is not (Code::busy).
  [[nodiscard]] static std::expected<std::unique_ptr<Door>, model::Error> open(const std::string& path);
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;
  ~Door();

  [[nodiscard]] int fd() const { return listening_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool is_there() const;
  // Takes it from the kubelet's sight without a word: a renamed socket is no removed one to it, and a name with a dot
  // at the front is no plugin's.
  void hide();

 private:
  Door(Descriptor listening, std::string path, FileIdentity identity)
      : listening_{std::move(listening)}, path_{std::move(path)}, identity_{identity} {}
  Descriptor listening_;
  std::string path_;
  FileIdentity identity_;
};

// Removes the sockets of agents that were killed: named as ours, and nobody listens. Under the folder's lock.
void sweep(const std::string& folder);

// File name of a resource's socket: "nic-agent_example.com_rdma.sock", shortened by a hash where the path would be too
// long for sun_path (107 bytes).
[[nodiscard]] std::string socket_name(const std::string& resource, const std::string& folder);

}  // namespace nic::kubelet
