// What module files say, kept between inspections: unpacking one costs milliseconds, and a file that has neither
// another time nor another size says the same. Thread: any; calls may run side by side.
#pragma once

#include "kmod/elf.hpp"
#include "model/error.hpp"

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

namespace nic::kmod {

class FileCache {
 public:
  // Reads the file unless it is known. Errors are not kept.
  [[nodiscard]] std::expected<std::shared_ptr<const ModuleFile>, model::Error> read(const std::filesystem::path& path);

 private:
  struct Identity {
    dev_t device{0};
    ino_t inode{0};
    off_t size{0};
    std::int64_t changed_sec{0}, changed_nsec{0};
    bool operator==(const Identity&) const = default;
  };
  struct Known {
    Identity identity;
    std::shared_ptr<const ModuleFile> content;
  };
  std::mutex mutex_;
  std::map<std::filesystem::path, Known> known_;
};

}  // namespace nic::kmod
