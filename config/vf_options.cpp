#include "config/vf_options.hpp"

#include <type_traits>
#include <variant>

namespace nic::config {
namespace {

constexpr unsigned kMostVlan = 4094;
constexpr unsigned kMostQos = 7;
constexpr unsigned kMostRate = 10'000'000;  // Mbit/s, 10 Tbit/s: beyond it is a slip of the unit

// A word for where they come from, or a range.
template <class Address>
using Entry = std::variant<model::AddressSource, std::pair<Address, Address>>;

template <class Address>
std::optional<model::AddressSource> source_called(std::string_view text) {
  if (text == word(model::AddressSource::derived)) return model::AddressSource::derived;
  if (std::is_same_v<Address, model::Guid> && text == word(model::AddressSource::file))
    return model::AddressSource::file;
  return std::nullopt;
}

template <class Address>
Read<Entry<Address>> entry(std::string_view text, std::string_view looks_like) {
  if (const auto source = source_called<Address>(text)) return Entry<Address>{*source};
  const auto dash = text.find('-');
  const auto first = Address::parse(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : Address::parse(text.substr(dash + 1));
  const auto shown = text.substr(0, 64);
  if (!first || !last) return std::unexpected(fmt::format("\"{}\" is no address: {}", shown, looks_like));
  if (!first->usable() || !last->usable())
    return std::unexpected(fmt::format("\"{}\": zero, multicast and broadcast addresses cannot be a VF's", shown));
  if (*last < *first) return std::unexpected(fmt::format("the range {} runs backwards", shown));
  return Entry<Address>{std::pair{*first, *last}};
}

template <class Address>
std::optional<model::AddressPool<Address>> pool(TableReader& reader, std::string_view key,
                                                std::string_view looks_like) {
  if (!reader.has(key)) return std::nullopt;
  const auto entries =
      reader.text_or_texts(key, [&](std::string_view text) { return entry<Address>(text, looks_like); });
  model::AddressPool<Address> all;
  for (const auto& one : entries) {
    if (const auto* source = std::get_if<model::AddressSource>(&one))
      all.source = *source;
    else
      all.ranges.push_back(std::get<1>(one));
  }
  if (reader.empty_list(key)) reader.refuse(key, "the list is empty; leave the key out to leave the addresses alone");
  if (all.source != model::AddressSource::listed && entries.size() > 1)
    reader.refuse(key, fmt::format("either \"{}\" alone, or addresses and ranges of addresses", word(all.source)));
  return all;
}

Read<model::VlanProtocol> vlan_protocol(std::string_view text) {
  for (const auto protocol : {model::VlanProtocol::dot1q, model::VlanProtocol::dot1ad})
    if (text == word(protocol)) return protocol;
  return std::unexpected(fmt::format("\"{}\" is not a VLAN protocol: \"802.1q\" or \"802.1ad\"", text.substr(0, 32)));
}

Read<model::VfLinkState> link_state(std::string_view text) {
  for (const auto state : {model::VfLinkState::automatic, model::VfLinkState::enable, model::VfLinkState::disable})
    if (text == word(state)) return state;
  return std::unexpected(
      fmt::format("\"{}\" is not a link state: \"auto\", \"enable\" or \"disable\"", text.substr(0, 32)));
}

std::optional<model::Vlan> vlan(TableReader& reader) {
  const auto id = reader.number("vlan", 0, kMostVlan);
  const auto qos = reader.number("vlan_qos", 0, kMostQos);
  const auto protocol = reader.text("vlan_proto", vlan_protocol);
  if (!reader.has("vlan"))
    for (const auto key : {"vlan_qos", "vlan_proto"})
      if (reader.has(key)) reader.refuse(key, "it belongs to a vlan, and none is given here");
  if (!id) return std::nullopt;
  return model::Vlan{static_cast<std::uint16_t>(*id), static_cast<std::uint8_t>(qos.value_or(0)),
                     protocol.value_or(model::VlanProtocol::dot1q)};
}

}  // namespace

model::VfOptions vf_options(TableReader& reader) {
  model::VfOptions options;
  options.macs = pool<model::MacAddress>(reader, "macs", "it looks like 02:00:00:00:00:10");
  options.guids = pool<model::Guid>(reader, "guids", "it looks like 0002:c903:00f9:bfa0");
  options.settings.vlan = vlan(reader);
  options.settings.trust = reader.boolean("trust");
  options.settings.spoof_check = reader.boolean("spoofchk");
  options.settings.link_state = reader.text("link_state", link_state);
  options.settings.min_tx_rate = reader.number("min_tx_rate", 0, kMostRate);
  options.settings.max_tx_rate = reader.number("max_tx_rate", 0, kMostRate);
  if (const auto& most = options.settings.max_tx_rate; most && *most != 0 && options.settings.min_tx_rate > *most)
    reader.refuse("min_tx_rate", fmt::format("it is more than max_tx_rate ({})", *most));
  return options;
}

}  // namespace nic::config
