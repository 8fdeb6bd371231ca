#include "apply/found_vfs_json.hpp"

#include <limits>
#include <string_view>
#include <utility>

namespace nic::apply {
namespace {

using model::FoundVf;
using model::FoundVfs;
using model::VfSettings;

constexpr std::uint64_t kMostIndex = 0xffff;
constexpr std::uint64_t kMostMtu = 0xffffffff;
constexpr std::uint64_t kMostRate = 0xffffffff;

Json json_of(const model::MacAddress& mac) { return mac.text(); }
Json json_of(const model::Guid& guid) { return guid.text(); }
Json json_of(bool on) { return on; }
Json json_of(unsigned rate) { return rate; }
Json json_of(model::VfLinkState state) { return word(state); }
Json json_of(const model::Vlan& vlan) {
  return {{"id", vlan.id}, {"qos", vlan.qos}, {"protocol", word(vlan.protocol)}};
}

template <class Word>
std::optional<Word> one_of(std::initializer_list<Word> words, const Json* value) {
  const auto text = text_of(value);
  for (const auto known : words)
    if (text == word(known)) return known;
  return std::nullopt;
}

void read(const Json& json, std::optional<model::MacAddress>& into) {
  if (const auto text = text_of(&json)) into = model::MacAddress::parse(*text);
}
void read(const Json& json, std::optional<model::Guid>& into) {
  if (const auto text = text_of(&json)) into = model::Guid::parse(*text);
}
void read(const Json& json, std::optional<bool>& into) { into = boolean(&json); }
void read(const Json& json, std::optional<unsigned>& into) {
  if (const auto value = number(&json, kMostRate)) into = static_cast<unsigned>(*value);
}
void read(const Json& json, std::optional<model::VfLinkState>& into) {
  using enum model::VfLinkState;
  into = one_of({automatic, enable, disable}, &json);
}
void read(const Json& json, std::optional<model::Vlan>& into) {
  if (!json.is_object()) return;
  const auto id = number(member(json, "id"), 4095);
  const auto qos = number(member(json, "qos"), 7);
  const auto protocol = one_of({model::VlanProtocol::dot1q, model::VlanProtocol::dot1ad}, member(json, "protocol"));
  if (id && qos && protocol)
    into = model::Vlan{static_cast<std::uint16_t>(*id), static_cast<std::uint8_t>(*qos), *protocol};
}

Json to_json(const VfSettings& settings) {
  Json json = Json::object();
  model::for_each_setting([&](const char* name, auto member) {
    if (const auto& value = settings.*member) json[name] = json_of(*value);
  });
  return json;
}

// What is there must be a value of its kind.
std::optional<VfSettings> settings_of(const Json* json) {
  VfSettings settings;
  if (json == nullptr) return settings;
  if (!json->is_object()) return std::nullopt;
  bool good = true;
  model::for_each_setting([&](const char* name, auto setting) {
    const auto* given = member(*json, name);
    if (given == nullptr) return;
    read(*given, settings.*setting);
    good = good && (settings.*setting);
  });
  return good ? std::optional{settings} : std::nullopt;
}

std::optional<std::pair<model::PciAddress, FoundVf>> found_vf(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const auto vf = address(member(json, "vf"));
  const auto life = number(member(json, "life"), std::numeric_limits<std::uint64_t>::max());
  const auto index = number(member(json, "index"), kMostIndex);
  const auto settings = settings_of(member(json, "settings"));
  if (!vf || !life || !index || !settings) return std::nullopt;
  FoundVf found{.life = *life, .index = static_cast<unsigned>(*index), .settings = *settings};
  if (const auto* driver = member(json, "driver")) {
    found.driver = text_of(driver);
    if (!found.driver) return std::nullopt;
  }
  if (const auto* mtu = member(json, "mtu")) {
    const auto value = number(mtu, kMostMtu);
    if (!value) return std::nullopt;
    found.mtu = static_cast<unsigned>(*value);
  }
  return std::pair{*vf, std::move(found)};
}

}  // namespace

Json to_json(const FoundVfs& vfs) {
  Json list = Json::array();
  for (const auto& [address, found] : vfs) {
    Json vf{{"vf", address.text()}, {"index", found.index}, {"life", found.life}};
    if (found.driver) vf["driver"] = *found.driver;
    if (found.mtu) vf["mtu"] = *found.mtu;
    if (!found.settings.empty()) vf["settings"] = to_json(found.settings);
    list.push_back(std::move(vf));
  }
  return list;
}

std::optional<FoundVfs> found_vfs(const Json* value) {
  FoundVfs vfs;
  if (value == nullptr) return vfs;
  if (!value->is_array()) return std::nullopt;
  for (const auto& item : *value) {
    auto vf = found_vf(item);
    if (!vf) return std::nullopt;
    vfs.insert(std::move(*vf));
  }
  return vfs;
}

}  // namespace nic::apply
