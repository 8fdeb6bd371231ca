#include "dbus/text.hpp"

#include "model/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace nic::dbus {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool plain(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::string below(std::string_view folder, std::string_view element) {
  return fmt::format("{}/{}/{}", names::kRootPath, folder, element);
}

// Length of the well-formed UTF-8 sequence that `text` begins with, 0 if there is none. Unicode, table 3-7.
std::size_t sequence(std::string_view text) {
  struct Row {
    unsigned char lead_first, lead_last, second_first, second_last;
    std::size_t length;
  };
  constexpr std::array kRows{
      Row{0x01, 0x7f, 0, 0, 1},       Row{0xc2, 0xdf, 0x80, 0xbf, 2}, Row{0xe0, 0xe0, 0xa0, 0xbf, 3},
      Row{0xe1, 0xec, 0x80, 0xbf, 3}, Row{0xed, 0xed, 0x80, 0x9f, 3}, Row{0xee, 0xef, 0x80, 0xbf, 3},
      Row{0xf0, 0xf0, 0x90, 0xbf, 4}, Row{0xf1, 0xf3, 0x80, 0xbf, 4}, Row{0xf4, 0xf4, 0x80, 0x8f, 4},
  };
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  for (const auto& row : kRows) {
    if (byte(0) < row.lead_first || byte(0) > row.lead_last) continue;
    if (text.size() < row.length) return 0;
    if (row.length > 1 && (byte(1) < row.second_first || byte(1) > row.second_last)) return 0;
    for (std::size_t at = 2; at < row.length; ++at)
      if (byte(at) < 0x80 || byte(at) > 0xbf) return 0;
    return row.length;
  }
  return 0;
}

}  // namespace

std::string path_element(std::string_view name) {
  if (name.empty()) return "_";
  std::string element;
  for (const char c : name) {
    if (plain(c))
      element += c;
    else
      element += fmt::format("_{:02x}", static_cast<unsigned char>(c));
  }
  return element;
}

std::string device_path(const model::PciAddress& address) { return below("device", address.path_element()); }
std::string module_path(std::string_view name) { return below("module", path_element(name)); }
std::string resource_path(std::string_view name) { return below("resource", path_element(name)); }
std::string job_path(std::uint32_t id) { return below("job", std::to_string(id)); }

std::optional<model::PciAddress> address_of_path(std::string_view path) {
  const std::string front = below("device", "");
  if (!path.starts_with(front)) return std::nullopt;
  // 0000_3b_00_0 -> 0000:3b:00.0
  std::string address{path.substr(front.size())};
  if (std::ranges::count(address, '_') != 3) return std::nullopt;
  address[address.rfind('_')] = '.';
  std::ranges::replace(address, '_', ':');
  const auto parsed = model::PciAddress::parse(address);
  return parsed ? std::optional{*parsed} : std::nullopt;
}

std::string utf8(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence(text);
    clean += length > 0 ? text.substr(0, length) : kReplacement;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

}  // namespace nic::dbus
