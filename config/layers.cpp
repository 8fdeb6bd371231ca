#include "config/layers.hpp"

#include "config/parse_toml.hpp"
#include "files/files.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace nic::config {
namespace {

constexpr std::size_t kMostName = 64;

std::filesystem::path folder(const model::Roots& roots) { return roots.state / "layers"; }

std::expected<std::filesystem::path, model::Error> path_of(const model::Roots& roots, std::string_view name) {
  if (!is_layer_name(name))
    return std::unexpected(model::invalid("name a configuration layer", std::string{name.substr(0, kMostName)},
                                          "1 to 64 of A-Z a-z 0-9 _ . -, not beginning with a dot"));
  return folder(roots) / (std::string{name} + ".toml");
}

}  // namespace

bool is_layer_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostName && name.front() != '.' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

std::expected<std::vector<Layer>, model::Error> load_layers(const model::Roots& roots) {
  std::vector<Layer> layers;
  std::error_code failure;
  std::filesystem::directory_iterator entries{folder(roots), failure};
  if (failure == std::errc::no_such_file_or_directory) return layers;
  for (; !failure && entries != std::filesystem::directory_iterator{}; entries.increment(failure)) {
    const auto& path = entries->path();
    if (path.extension() != ".toml" || !is_layer_name(path.stem().string())) continue;
    auto text = files::read(path, kMostBytes);
    if (!text) return std::unexpected(text.error());
    layers.push_back({path.stem().string(), std::move(*text)});
  }
  if (failure) return std::unexpected(model::system_error(failure.value(), "read the folder", folder(roots).string()));
  std::ranges::sort(layers, {}, &Layer::name);
  return layers;
}

std::expected<void, model::Error> store_layer(const model::Roots& roots, const Layer& layer) {
  const auto path = path_of(roots, layer.name);
  if (!path) return std::unexpected(path.error());
  return files::write_atomically(*path, layer.text, 0600);
}

std::expected<void, model::Error> remove_layer(const model::Roots& roots, std::string_view name) {
  const auto path = path_of(roots, name);
  if (!path) return std::unexpected(path.error());
  std::error_code failure;
  if (!std::filesystem::exists(*path, failure))
    return std::unexpected(
        model::Error{model::Code::not_found, 0, "remove the configuration layer", std::string{name}, "there is none"});
  return files::remove(*path);
}

}  // namespace nic::config
