#include "config/ascii_text.hpp"

#include <algorithm>

namespace nic::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// How far the comment or string goes that begins at the front of `rest` (string: 0 where there is none). What is not
// closed is an error for the parser, which sees nothing behind it.
std::size_t comment(std::string_view rest) { return std::min(rest.find('\n'), rest.size()); }

std::size_t one_line(std::string_view rest, char quote) {
  for (std::size_t at = 1; at < rest.size() && rest[at] != '\n'; ++at) {
    if (quote == '"' && rest[at] == '\\')
      ++at;
    else if (rest[at] == quote)
      return at + 1;
  }
  return comment(rest);
}

std::size_t many_lines(std::string_view rest, std::string_view quotes) {
  for (std::size_t at = 3; at < rest.size(); ++at) {
    if (quotes[0] == '"' && rest[at] == '\\') {
      ++at;
      continue;
    }
    if (!rest.substr(at).starts_with(quotes)) continue;
    std::size_t end = at + 3;  // up to two more quotes belong to the text
    while (end < rest.size() && end < at + 5 && rest[end] == quotes[0]) ++end;
    return end;
  }
  return rest.size();
}

std::size_t string(std::string_view rest) {
  if (rest.starts_with("\"\"\"") || rest.starts_with("'''")) return many_lines(rest, rest.substr(0, 3));
  return rest.front() == '"' || rest.front() == '\'' ? one_line(rest, rest.front()) : 0;
}

bool beyond_ascii(char c) { return static_cast<unsigned char>(c) > 0x7f; }

}  // namespace

Position position_behind(std::string_view before) {
  const auto line = static_cast<unsigned>(std::ranges::count(before, '\n'));
  const auto begin = line == 0 ? 0 : before.rfind('\n') + 1;
  return {line + 1, static_cast<unsigned>(before.size() - begin) + 1};
}

std::expected<std::string, Position> ascii_text(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::string result{text};
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = text.substr(at);
    const bool is_comment = rest.front() == '#';
    const auto piece = std::max<std::size_t>(is_comment ? comment(rest) : string(rest), 1);
    if (is_comment) {
      std::replace_if(result.begin() + static_cast<std::ptrdiff_t>(at),
                      result.begin() + static_cast<std::ptrdiff_t>(at + piece), beyond_ascii, '?');
    } else {
      const auto part = rest.substr(0, piece);
      const auto found = std::ranges::find_if(part, beyond_ascii);
      if (found != part.end())
        return std::unexpected(position_behind(text.substr(0, at + static_cast<std::size_t>(found - part.begin()))));
    }
    at += piece;
  }
  return result;
}

}  // namespace nic::config
