// MAC addresses and InfiniBand GUIDs. Thread: any (values).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nic::model {

struct MacAddress {
  static constexpr std::size_t kBits = 48;
  std::uint64_t value{0};  // the first byte on the wire is the highest of the 48 bits

  auto operator<=>(const MacAddress&) const = default;

  // "52:54:00:12:34:56", either case; nullopt for anything else.
  [[nodiscard]] static std::optional<MacAddress> parse(std::string_view text);
  [[nodiscard]] static MacAddress of(const std::array<std::uint8_t, 6>& bytes);
  [[nodiscard]] std::array<std::uint8_t, 6> bytes() const;
  [[nodiscard]] std::string text() const;
  // An interface can have it: not zero, not multicast (IEEE 802, "Individual/Group" bit).
  [[nodiscard]] bool usable() const { return value != 0 && (value >> 40U & 1U) == 0; }
};

struct Guid {
  static constexpr std::size_t kBits = 64;
  std::uint64_t value{0};

  auto operator<=>(const Guid&) const = default;

  // As sysfs has it ("0002:c903:00f9:bfa0"), as ip(8) does ("00:02:c9:03:00:f9:bf:a0"), or 16 digits after "0x".
  [[nodiscard]] static std::optional<Guid> parse(std::string_view text);
  [[nodiscard]] std::string text() const;  // as sysfs has it
  [[nodiscard]] bool usable() const { return value != 0 && value != ~std::uint64_t{0}; }
};

}  // namespace nic::model
