#include "kmod/remembered.hpp"

#include <sys/stat.h>

#include <cerrno>

namespace nic::kmod {

std::expected<FileIdentity, model::Error> identity_of(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::unexpected(model::system_error(errno, "find the file", path));
  return FileIdentity{status.st_dev, status.st_ino, status.st_size, status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
}

}  // namespace nic::kmod
