// Versions of drivers: "24.10-1.1.4", "5.8-1.1.2.1", "MLNX_OFED_LINUX-24.10-0.7.0.0", "2.9.1" (DOCA), "570.86.15".
// Thread: any (values).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::model {

struct Version {
  std::string text;                  // as written
  std::vector<std::uint32_t> parts;  // its numbers, from the first digit on

  bool operator==(const Version&) const = default;
};

// nullopt where there is no number in it, or one that no version has (over 9 digits).
[[nodiscard]] std::optional<Version> parse_version(std::string_view text);

// Number by number, not as text, and only as far as the bound goes: 24.10-1.1.4 equals the bound 24.10, and is more
// than 24.7 and 5.8.
[[nodiscard]] std::strong_ordering compare(const Version& version, const Version& bound);

}  // namespace nic::model
