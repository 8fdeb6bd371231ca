#include "kmod/file_cache.hpp"

#include "kmod/decompress.hpp"

#include <utility>

namespace nic::kmod {
namespace {

std::expected<ModuleFile, model::Error> read_module_file(const std::filesystem::path& path) {
  const auto image = read_file(path);
  if (!image) return std::unexpected(image.error());
  auto content = read_module(*image);
  if (!content) return std::unexpected(model::invalid("read the module file", path, content.error()));
  return std::move(*content);
}

}  // namespace

std::expected<std::shared_ptr<const ModuleFile>, model::Error> FileCache::read(const std::filesystem::path& path) {
  return known_.get(path, &read_module_file);
}

std::expected<std::shared_ptr<const ModuleSignature>, model::Error> FileCache::signature(::kmod_module* module) {
  return signatures_.get(::kmod_module_get_path(module), [module](const auto& /*path*/) {
    return std::expected<ModuleSignature, model::Error>{read_signature(module)};
  });
}

}  // namespace nic::kmod
