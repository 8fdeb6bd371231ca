#include "apply/reload_text.hpp"

#include "apply/found_vfs_json.hpp"
#include "apply/json_members.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <utility>
#include <vector>

namespace nic::apply {
namespace {

using model::RawMessage;
using model::SavedInterface;

constexpr unsigned kVersion = 1;
constexpr std::size_t kMostItems = 65'536;    // modules, interfaces, addresses of one of them
constexpr std::size_t kMostMessage = 65'536;  // of netlink
constexpr std::uint64_t kMostNumber = 0xffffffff;

std::string hex(const RawMessage& message) {
  std::string text;
  text.reserve(message.size() * 2);
  for (const char byte : message) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

// Each reads what stands there; false where it is no such thing.
bool read(const Json& json, std::string& into) {
  auto text = text_of(&json);
  if (!text) return false;
  into = std::move(*text);
  return true;
}
bool read(const Json& json, bool& into) {
  const auto value = boolean(&json);
  into = value.value_or(false);
  return value.has_value();
}
bool read(const Json& json, unsigned& into) {
  const auto value = number(&json, kMostNumber);
  into = static_cast<unsigned>(value.value_or(0));
  return value.has_value();
}
bool read(const Json& json, std::size_t& into) {
  const auto value = number(&json, kMostNumber);
  into = value.value_or(0);
  return value.has_value();
}
bool read(const Json& json, std::optional<model::PciAddress>& into) {
  into = address(&json);
  return into.has_value();
}
bool read(const Json& json, std::optional<model::EswitchMode>& into) {
  const auto text = text_of(&json);
  for (const auto known : {model::EswitchMode::legacy, model::EswitchMode::switchdev})
    if (text == model::word(known)) into = known;
  return into.has_value();
}

// As hex() writes it.
struct Hex {
  RawMessage& message;
};
bool read(const Json& json, const Hex& into) {
  if (!json.is_string()) return false;
  const auto& text = json.get_ref<const std::string&>();
  if (text.size() % 2 != 0 || text.size() > kMostMessage * 2) return false;
  for (const char* at = text.data(); at != text.data() + text.size(); at += 2) {
    unsigned char byte = 0;
    const auto [end, failure] = std::from_chars(at, at + 2, byte, 16);
    if (failure != std::errc{} || end != at + 2) return false;
    into.message += static_cast<char>(byte);
  }
  return true;
}

// What is not there stays as it is.
template <class Into>
bool take(const Json& json, const char* key, Into&& into) {
  const auto* value = member(json, key);
  return value == nullptr || read(*value, into);
}

template <class Item, class Read>
bool take_list(const Json& json, const char* key, std::vector<Item>& into, Read read_item) {
  const auto* value = member(json, key);
  if (value == nullptr) return true;
  if (!value->is_array() || value->size() > kMostItems) return false;
  for (const auto& item : *value)
    if (Item& made = into.emplace_back(); !read_item(item, made)) return false;
  return true;
}

bool take_texts(const Json& json, const char* key, std::vector<std::string>& into) {
  return take_list(json, key, into, [](const Json& item, std::string& text) { return read(item, text); });
}

// JSON has no numbers as keys.
template <class Map>
Json pairs(const Map& map) {
  Json list = Json::array();
  for (const auto& [index, text] : map) list.push_back({{"index", index}, {"text", text}});
  return list;
}
bool take_pairs(const Json& json, const char* key, std::map<unsigned, std::string>& into) {
  std::vector<std::pair<unsigned, std::string>> list;
  const bool good = take_list(json, key, list, [](const Json& item, auto& pair) {
    return item.is_object() && take(item, "index", pair.first) && take(item, "text", pair.second);
  });
  into.insert(list.begin(), list.end());
  return good;
}

Json to_json(const model::SavedPf& pf) {
  Json json{{"pf", pf.pf.text()}, {"num_vfs", pf.num_vfs}, {"drivers_autoprobe", pf.drivers_autoprobe}};
  if (pf.eswitch_mode) json["eswitch_mode"] = word(*pf.eswitch_mode);
  if (!pf.vfs.empty()) json["vfs"] = apply::to_json(pf.vfs);
  if (!pf.overrides.empty()) json["driver_overrides"] = pairs(pf.overrides);
  if (!pf.vdpa.empty()) json["vdpa"] = pairs(pf.vdpa);
  return json;
}

bool read(const Json& json, model::SavedPf& pf) {
  if (!json.is_object()) return false;
  const auto which = address(member(json, "pf"));
  auto vfs = found_vfs(member(json, "vfs"));
  if (!which || !vfs) return false;
  pf.pf = *which;
  pf.vfs = std::move(*vfs);
  return take(json, "num_vfs", pf.num_vfs) && take(json, "drivers_autoprobe", pf.drivers_autoprobe) &&
         take(json, "eswitch_mode", pf.eswitch_mode) && take_pairs(json, "driver_overrides", pf.overrides) &&
         take_pairs(json, "vdpa", pf.vdpa);
}

Json to_json(const SavedInterface& net) {
  Json json{{"name", net.name},       {"port", net.port}, {"lower", net.lower}, {"master", net.master},
            {"address", net.address}, {"mtu", net.mtu},   {"up", net.up}};
  if (net.function) json["function"] = net.function->text();
  json["link_info"] = hex(net.messages.link_info);
  json["addresses"] = Json::array();
  for (const auto& message : net.messages.addresses) json["addresses"].push_back(hex(message));
  json["routes"] = Json::array();
  for (const auto& route : net.messages.routes)
    json["routes"].push_back({{"message", hex(route.message)}, {"interfaces", pairs(route.interfaces)}});
  return json;
}

bool read(const Json& json, SavedInterface& net) {
  if (!json.is_object()) return false;
  auto& kept = net.messages;
  return take(json, "name", net.name) && !net.name.empty() && take(json, "port", net.port) &&
         take(json, "lower", net.lower) && take(json, "master", net.master) && take(json, "address", net.address) &&
         take(json, "mtu", net.mtu) && take(json, "up", net.up) && take(json, "function", net.function) &&
         take(json, "link_info", Hex{kept.link_info}) &&
         take_list(json, "addresses", kept.addresses,
                   [](const Json& item, RawMessage& message) { return read(item, Hex{message}); }) &&
         take_list(json, "routes", kept.routes, [](const Json& item, model::SavedRoute& route) {
           return item.is_object() && take(item, "message", Hex{route.message}) &&
                  take_pairs(item, "interfaces", route.interfaces);
         });
}

Json to_json(const model::SavedRdmaDevice& device) {
  Json json{
      {"name", device.name}, {"position", device.position}, {"kind", device.kind}, {"interface", device.interface}};
  if (device.function) json["function"] = device.function->text();
  return json;
}

bool read(const Json& json, model::SavedRdmaDevice& device) {
  return json.is_object() && take(json, "name", device.name) && !device.name.empty() &&
         take(json, "position", device.position) && take(json, "kind", device.kind) &&
         take(json, "interface", device.interface) && take(json, "function", device.function);
}

template <class Item>
Json list(const std::vector<Item>& items) {
  Json all = Json::array();
  for (const auto& item : items) all.push_back(to_json(item));
  return all;
}

}  // namespace

std::string to_text(const ReloadNote& note) {
  Json json{{"version", kVersion}, {"boot", note.boot}, {"load", note.record.load}};
  json["pfs"] = list(note.record.pfs);
  json["interfaces"] = list(note.record.interfaces);
  json["rdma_devices"] = list(note.record.rdma_devices);
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + '\n';
}

std::optional<ReloadNote> parse_reload(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object() || number(member(json, "version"), kVersion) != kVersion) return std::nullopt;
  auto boot = text_of(member(json, "boot"));
  if (!boot) return std::nullopt;
  ReloadNote note{{}, std::move(*boot)};
  const auto each = [](const Json& item, auto& into) { return read(item, into); };
  const bool good = take_texts(json, "load", note.record.load) && take_list(json, "pfs", note.record.pfs, each) &&
                    take_list(json, "interfaces", note.record.interfaces, each) &&
                    take_list(json, "rdma_devices", note.record.rdma_devices, each);
  return good ? std::optional{std::move(note)} : std::nullopt;
}

std::string to_text(const model::Builds& tried) {
  Json builds = Json::object();
  for (const auto& [module, build] : tried) builds[module] = build;
  const Json json{{"version", kVersion}, {"tried", std::move(builds)}};
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + '\n';
}

std::optional<model::Builds> parse_tried_reloads(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object() || number(member(json, "version"), kVersion) != kVersion) return std::nullopt;
  const auto* tried = member(json, "tried");
  if (tried == nullptr || !tried->is_object() || tried->size() > kMostItems) return std::nullopt;
  model::Builds builds;
  for (const auto& [module, build] : tried->items()) {
    auto value = text_of(&build);
    if (module.empty() || !value) return std::nullopt;
    builds[module] = std::move(*value);
  }
  return builds;
}

}  // namespace nic::apply
