#include "model/version.hpp"

#include <algorithm>
#include <charconv>

namespace nic::model {

std::optional<Version> parse_version(std::string_view text) {
  constexpr std::size_t kMostDigits = 9;
  constexpr std::string_view kDigits{"0123456789"};
  Version version{std::string{text}, {}};
  for (auto at = text.find_first_of(kDigits); at != std::string_view::npos; at = text.find_first_of(kDigits, at)) {
    const auto end = std::min(text.find_first_not_of(kDigits, at), text.size());
    if (end - at > kMostDigits) return std::nullopt;
    std::uint32_t part = 0;
    std::from_chars(text.data() + at, text.data() + end, part);
    version.parts.push_back(part);
    at = end;
  }
  if (version.parts.empty()) return std::nullopt;
  return version;
}

std::strong_ordering compare(const Version& version, const Version& bound) {
  for (std::size_t i = 0; i < bound.parts.size(); ++i) {
    const auto have = i < version.parts.size() ? version.parts[i] : 0;
    if (const auto order = have <=> bound.parts[i]; order != 0) return order;
  }
  return std::strong_ordering::equal;
}

}  // namespace nic::model
