// What of a text goes to toml++: ASCII and nothing else. 3.3 of it runs into undefined behaviour on some characters
// beyond (is_non_ascii_horizontal_whitespace), also behind a mistake, where it looks on for the end of a value. Pure;
// thread: any.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace nic::config {

struct Position {
  unsigned line{1}, column{1};  // in bytes, from 1
  bool operator==(const Position&) const = default;
};

// Where a text goes on of which this much is read.
[[nodiscard]] Position position_behind(std::string_view before);

// The text with '?' for every byte beyond ASCII in its comments, and without a byte order mark. Error: the first such
// byte that stands elsewhere; in strings, TOML's \u escapes say the same. Source: TOML 1.0, "Comment", "String".
[[nodiscard]] std::expected<std::string, Position> ascii_text(std::string_view text);

}  // namespace nic::config
