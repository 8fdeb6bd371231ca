// Members of JSON objects from hostile text: nullopt where one is absent or is no such thing. Internal to apply/.
// Thread: any (pure).
#pragma once

#include "model/pci_address.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace nic::apply {

using Json = nlohmann::ordered_json;

[[nodiscard]] inline const Json* member(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

[[nodiscard]] inline std::optional<std::uint64_t> number(const Json* value, std::uint64_t most) {
  if (value == nullptr || !value->is_number_unsigned() || value->get<std::uint64_t>() > most) return std::nullopt;
  return value->get<std::uint64_t>();
}

[[nodiscard]] inline std::optional<bool> boolean(const Json* value) {
  if (value == nullptr || !value->is_boolean()) return std::nullopt;
  return value->get<bool>();
}

[[nodiscard]] inline std::optional<std::string> text_of(const Json* value) {
  constexpr std::size_t kLongestText = 256;
  if (value == nullptr || !value->is_string()) return std::nullopt;
  auto text = value->get<std::string>();
  if (text.size() > kLongestText) return std::nullopt;
  return text;
}

[[nodiscard]] inline std::optional<model::PciAddress> address(const Json* value) {
  const auto text = text_of(value);
  if (!text) return std::nullopt;
  const auto parsed = model::PciAddress::parse(*text);
  return parsed ? std::optional{*parsed} : std::nullopt;
}

}  // namespace nic::apply
