// What was read from files, kept for as long as the file is the same: neither another one, nor of another time or size.
// Thread: any; calls may run side by side. Source: stat(2).
#pragma once

#include "model/error.hpp"

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace nic::kmod {

struct FileIdentity {
  dev_t device{0};
  ino_t inode{0};
  off_t size{0};
  std::int64_t changed_sec{0}, changed_nsec{0};

  bool operator==(const FileIdentity&) const = default;
};

[[nodiscard]] std::expected<FileIdentity, model::Error> identity_of(const std::filesystem::path& path);

template <class Content>
class Remembered {
 public:
  // `make` gives std::expected<Content, model::Error>; its errors are not kept.
  template <class Make>
  [[nodiscard]] std::expected<std::shared_ptr<const Content>, model::Error> get(const std::filesystem::path& path,
                                                                                const Make& make) {
    const auto identity = identity_of(path);
    if (!identity) return std::unexpected(identity.error());
    {
      const std::lock_guard lock{mutex_};
      if (const auto found = known_.find(path); found != known_.end() && found->second.identity == *identity)
        return found->second.content;
    }
    auto made = make(path);
    if (!made) return std::unexpected(std::move(made.error()));
    auto shared = std::make_shared<const Content>(std::move(*made));
    const std::lock_guard lock{mutex_};
    known_[path] = {*identity, shared};
    return shared;
  }

 private:
  struct Known {
    FileIdentity identity;
    std::shared_ptr<const Content> content;
  };
  std::mutex mutex_;
  std::map<std::filesystem::path, Known> known_;
};

}  // namespace nic::kmod
