// The layers of configuration that D-Bus callers set: one TOML file each below <state>/layers.
// Thread: any; blocking. Names: 1 to 64 of A-Z a-z 0-9 _ . -, not beginning with a dot; they are laid over each other
// in the order of their names.
#pragma once

#include "model/error.hpp"
#include "model/roots.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace nic::config {

struct Layer {
  std::string name;
  std::string text;

  bool operator==(const Layer&) const = default;
};

[[nodiscard]] bool is_layer_name(std::string_view name);
// Unreadable layers are an error: going on without one would undo what it asked for.
[[nodiscard]] std::expected<std::vector<Layer>, model::Error> load_layers(const model::Roots& roots);
[[nodiscard]] std::expected<void, model::Error> store_layer(const model::Roots& roots, const Layer& layer);
// not_found when there is none.
[[nodiscard]] std::expected<void, model::Error> remove_layer(const model::Roots& roots, std::string_view name);

}  // namespace nic::config
