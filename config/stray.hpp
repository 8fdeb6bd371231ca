// Characters that TOML allows in strings and comments only. They are found before the text goes to toml++: 3.3 of it
// runs into undefined behaviour on some of them (is_non_ascii_horizontal_whitespace). Pure; thread: any.
#pragma once

#include <optional>
#include <string_view>

namespace nic::config {

struct Position {
  unsigned line{1}, column{1};  // in bytes, from 1
  bool operator==(const Position&) const = default;
};

// The first byte beyond ASCII outside strings and comments; a byte order mark at the very beginning is none.
// Source: TOML 1.0, "Comment", "String".
[[nodiscard]] std::optional<Position> first_stray(std::string_view text);

}  // namespace nic::config
