// The text of what a reload has to put back, and of which modules were loaded anew unasked: JSON, versioned. Hostile
// input. Internal to apply/. Thread: any (pure).
#pragma once

#include "model/reload.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace nic::apply {

struct ReloadNote {
  model::ReloadRecord record;
  std::string boot;  // boot_id of the boot in which it was noted

  bool operator==(const ReloadNote&) const = default;
};

[[nodiscard]] std::string to_text(const ReloadNote& note);
// Nullopt: damaged, or of a version that is not ours.
[[nodiscard]] std::optional<ReloadNote> parse_reload(std::string_view text);

[[nodiscard]] std::string to_text(const model::Builds& tried);
[[nodiscard]] std::optional<model::Builds> parse_tried_reloads(std::string_view text);

}  // namespace nic::apply
