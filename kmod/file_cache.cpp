#include "kmod/file_cache.hpp"

#include "kmod/decompress.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace nic::kmod {

std::expected<std::shared_ptr<const ModuleFile>, model::Error> FileCache::read(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0)
    return std::unexpected(model::system_error(errno, "find the module file", path));
  const Identity identity{status.st_dev, status.st_ino, status.st_size, status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
  {
    const std::lock_guard lock{mutex_};
    if (const auto found = known_.find(path); found != known_.end() && found->second.identity == identity)
      return found->second.content;
  }
  const auto image = read_file(path);
  if (!image) return std::unexpected(image.error());
  auto content = read_module(*image);
  if (!content) return std::unexpected(model::invalid("read the module file", path, content.error()));
  auto shared = std::make_shared<const ModuleFile>(std::move(*content));
  const std::lock_guard lock{mutex_};
  known_[path] = {identity, shared};
  return shared;
}

}  // namespace nic::kmod
