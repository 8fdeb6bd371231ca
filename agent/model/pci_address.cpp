#include "model/pci_address.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace nic::model {
namespace {

// Hexadecimal digits only, between `least` and `most` of them.
std::optional<std::uint32_t> hex(std::string_view digits, std::size_t least, std::size_t most) {
  if (digits.size() < least || digits.size() > most) return std::nullopt;
  std::uint32_t value{};
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

std::expected<PciAddress, Error> PciAddress::parse(std::string_view text) {
  const auto refuse = [&] {
    // Hostile text may be long: enough of it to be recognised is shown.
    return std::unexpected(invalid("read the PCI address", std::string{text.substr(0, 32)},
                                   "a PCI address looks like 0000:3b:00.0 (domain:bus:device.function)"));
  };
  const auto first = text.find(':');
  if (first == std::string_view::npos || text.size() != first + 8 || text[first + 3] != ':' || text[first + 6] != '.')
    return refuse();
  const auto domain = hex(text.substr(0, first), 4, 8);
  const auto bus = hex(text.substr(first + 1, 2), 2, 2);
  const auto device = hex(text.substr(first + 4, 2), 2, 2);
  const auto function = hex(text.substr(first + 7, 1), 1, 1);
  if (!domain || !bus || !device || !function || *device > 31 || *function > 7) return refuse();
  return PciAddress{*domain, static_cast<std::uint8_t>(*bus), static_cast<std::uint8_t>(*device),
                    static_cast<std::uint8_t>(*function)};
}

std::string PciAddress::text() const { return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", domain, bus, device, function); }

std::string PciAddress::path_element() const {
  return fmt::format("{:04x}_{:02x}_{:02x}_{:x}", domain, bus, device, function);
}

}  // namespace nic::model
