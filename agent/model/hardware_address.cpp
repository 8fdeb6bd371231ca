#include "model/hardware_address.hpp"

#include <fmt/format.h>

#include <charconv>

namespace nic::model {
namespace {

// `groups` groups of `digits` hexadecimal digits each, with colons between them.
std::optional<std::uint64_t> grouped(std::string_view text, std::size_t groups, std::size_t digits) {
  if (text.size() != groups * (digits + 1) - 1) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t group = 0; group < groups; ++group) {
    const auto* first = text.data() + group * (digits + 1);
    if (group > 0 && first[-1] != ':') return std::nullopt;
    std::uint64_t part = 0;
    const auto [end, failure] = std::from_chars(first, first + digits, part, 16);
    if (failure != std::errc{} || end != first + digits) return std::nullopt;
    if (group > 0) value <<= 4 * digits;  // a single group may fill the number
    value |= part;
  }
  return value;
}

}  // namespace

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  if (const auto value = grouped(text, 6, 2)) return MacAddress{*value};
  return std::nullopt;
}

MacAddress MacAddress::of(const std::array<std::uint8_t, 6>& bytes) {
  MacAddress address;
  for (const auto byte : bytes) address.value = address.value << 8U | byte;
  return address;
}

std::array<std::uint8_t, 6> MacAddress::bytes() const {
  std::array<std::uint8_t, 6> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(value >> (40 - 8 * i));
  return all;
}

std::string MacAddress::text() const {
  const auto b = bytes();
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", b[0], b[1], b[2], b[3], b[4], b[5]);
}

std::optional<Guid> Guid::parse(std::string_view text) {
  auto value = grouped(text, 4, 4);
  if (!value) value = grouped(text, 8, 2);
  if (!value && text.starts_with("0x")) value = grouped(text.substr(2), 1, 16);
  if (value) return Guid{*value};
  return std::nullopt;
}

std::string Guid::text() const {
  return fmt::format("{:04x}:{:04x}:{:04x}:{:04x}", value >> 48U, value >> 32U & 0xffffU, value >> 16U & 0xffffU,
                     value & 0xffffU);
}

}  // namespace nic::model
