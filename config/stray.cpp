#include "config/stray.hpp"

#include <algorithm>

namespace nic::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// How far the comment or string goes that begins at the front of `rest`; 0 where there is none. What is not closed is
// an error for the parser, which sees nothing behind it.
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

std::size_t many_lines(std::string_view rest, char quote) {
  for (std::size_t at = 3; at < rest.size(); ++at) {
    if (quote == '"' && rest[at] == '\\') {
      ++at;
      continue;
    }
    if (!rest.substr(at).starts_with(std::string_view{quote == '"' ? "\"\"\"" : "'''"})) continue;
    std::size_t end = at + 3;  // up to two more quotes belong to the text
    while (end < rest.size() && end < at + 5 && rest[end] == quote) ++end;
    return end;
  }
  return rest.size();
}

std::size_t shielded(std::string_view rest) {
  switch (rest.front()) {
    case '#': return comment(rest);
    case '"': return rest.starts_with("\"\"\"") ? many_lines(rest, '"') : one_line(rest, '"');
    case '\'': return rest.starts_with("'''") ? many_lines(rest, '\'') : one_line(rest, '\'');
    default: return 0;
  }
}

}  // namespace

std::optional<Position> first_stray(std::string_view text) {
  const std::string_view whole = text;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  while (!text.empty()) {
    if (static_cast<unsigned char>(text.front()) > 0x7f) {
      const auto before = whole.substr(0, whole.size() - text.size());
      const auto line_begin = before.rfind('\n');
      return Position{
          static_cast<unsigned>(std::ranges::count(before, '\n')) + 1,
          static_cast<unsigned>(before.size() - (line_begin == std::string_view::npos ? 0 : line_begin + 1)) + 1};
    }
    text.remove_prefix(std::max<std::size_t>(shielded(text), 1));
  }
  return std::nullopt;
}

}  // namespace nic::config
