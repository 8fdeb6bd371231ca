#include "apply/owned_text.hpp"

#include "apply/found_vfs_json.hpp"

#include <algorithm>
#include <array>

namespace nic::apply {
namespace {

constexpr unsigned kVersion = 1;
constexpr std::size_t kMostNames = 64;
constexpr unsigned kMost = 0xffff;  // VFs, MTUs of PFs, ids

struct Attribute {
  const char* key;
  std::optional<unsigned> model::Found::* member;
};
constexpr std::array kFound{Attribute{"num_vfs", &model::Found::num_vfs}, Attribute{"mtu", &model::Found::mtu},
                            Attribute{"max_read_request", &model::Found::max_read_request},
                            Attribute{"acs_control", &model::Found::acs_control}};

std::optional<Json> object(std::string_view text) {
  auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

std::optional<unsigned> small_number(const Json* value) {
  const auto read = number(value, kMost);
  return read ? std::optional{static_cast<unsigned>(*read)} : std::nullopt;
}

std::optional<model::Card> card(const Json* value) {
  if (value == nullptr || !value->is_object()) return std::nullopt;
  const auto vendor = small_number(member(*value, "vendor"));
  const auto device = small_number(member(*value, "device"));
  auto serial = text_of(member(*value, "serial"));
  auto mac = text_of(member(*value, "address"));
  if (!vendor || !device || !serial || !mac) return std::nullopt;
  return model::Card{static_cast<std::uint16_t>(*vendor), static_cast<std::uint16_t>(*device), std::move(*serial),
                     std::move(*mac)};
}

std::optional<std::vector<std::string>> names(const Json* value) {
  if (value == nullptr || !value->is_array() || value->size() > kMostNames) return std::nullopt;
  std::vector<std::string> all;
  for (const auto& item : *value) {
    auto name = text_of(&item);
    if (!name) return std::nullopt;
    all.push_back(std::move(*name));
  }
  return all;
}

std::optional<model::RdmaNetnsMode> rdma_netns_mode(const Json* value) {
  const auto text = text_of(value);
  for (const auto mode : model::kRdmaNetnsModes)
    if (text == model::word(mode)) return mode;
  return std::nullopt;
}

// What is not there was not changed; what is there must be a number.
std::optional<model::Found> found(const Json* value) {
  if (value == nullptr || !value->is_object()) return std::nullopt;
  model::Found result;
  for (const auto& attribute : kFound) {
    const auto* given = member(*value, attribute.key);
    if (given == nullptr) continue;
    result.*attribute.member = small_number(given);
    if (!(result.*attribute.member)) return std::nullopt;
  }
  if (const auto* mode = member(*value, "eswitch_mode")) {
    const auto word = text_of(mode);
    for (const auto known : {model::EswitchMode::legacy, model::EswitchMode::switchdev})
      if (word == model::word(known)) result.eswitch_mode = known;
    if (!result.eswitch_mode) return std::nullopt;
  }
  if (const auto* none = member(*value, "no_udev_rules")) {
    if (!boolean(none)) return std::nullopt;
    result.no_udev_rules = *boolean(none);
  }
  auto vfs = found_vfs(member(*value, "vfs"));
  if (!vfs) return std::nullopt;
  result.vfs = std::move(*vfs);
  return result;
}

}  // namespace

std::string to_text(const OwnedNote& note) {
  const auto& owned = note.owned;
  Json json{{"version", kVersion}, {"boot", note.boot}, {"pf", owned.pf.text()}};
  json["card"] = {{"vendor", owned.card.vendor},
                  {"device", owned.card.device},
                  {"serial", owned.card.serial},
                  {"address", owned.card.address}};
  json["names"] = std::vector(
      owned.names.begin(), owned.names.begin() + static_cast<std::ptrdiff_t>(std::min(owned.names.size(), kMostNames)));
  json["found"] = Json::object();
  for (const auto& attribute : kFound)
    if (const auto value = owned.found.*attribute.member) json["found"][attribute.key] = *value;
  if (owned.found.eswitch_mode) json["found"]["eswitch_mode"] = model::word(*owned.found.eswitch_mode);
  if (owned.found.no_udev_rules) json["found"]["no_udev_rules"] = true;
  if (!owned.found.vfs.empty()) json["found"]["vfs"] = to_json(owned.found.vfs);
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + '\n';
}

std::optional<OwnedNote> parse_owned(std::string_view text) {
  const auto json = object(text);
  if (!json || small_number(member(*json, "version")) != kVersion) return std::nullopt;
  auto boot = text_of(member(*json, "boot"));
  const auto pf = address(member(*json, "pf"));
  auto which = card(member(*json, "card"));
  auto called = names(member(*json, "names"));
  auto before = found(member(*json, "found"));
  if (!boot || !pf || !which || !called || !before) return std::nullopt;
  return OwnedNote{{*pf, std::move(*which), std::move(*called), *before}, std::move(*boot)};
}

std::string to_text(const RdmaNetnsNote& note) {
  Json json{{"version", kVersion}, {"boot", note.boot}};
  if (note.owned.found) json["found"] = model::word(*note.owned.found);
  if (note.owned.option) json["option"] = model::word(*note.owned.option);
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + '\n';
}

std::optional<RdmaNetnsNote> parse_rdma_netns(std::string_view text) {
  const auto json = object(text);
  if (!json || small_number(member(*json, "version")) != kVersion) return std::nullopt;
  auto boot = text_of(member(*json, "boot"));
  if (!boot) return std::nullopt;
  RdmaNetnsNote note{{}, std::move(*boot)};
  for (const auto& [key, into] : {std::pair{"found", &note.owned.found}, std::pair{"option", &note.owned.option}}) {
    const auto* given = member(*json, key);
    *into = rdma_netns_mode(given);
    if (given != nullptr && !*into) return std::nullopt;
  }
  return note;
}

std::optional<model::OperatorRecord> parse_operator_record(std::string_view text) {
  const auto json = object(text);
  if (!json) return std::nullopt;
  const auto pf = address(member(*json, "pciAddress"));
  if (!pf) return std::nullopt;
  model::OperatorRecord record{.pf = *pf};
  // Go leaves out what is zero.
  for (const auto& [key, into] : {std::pair{"numVfs", &record.num_vfs}, std::pair{"mtu", &record.mtu}}) {
    const auto* given = member(*json, key);
    if (given == nullptr) continue;
    const auto value = small_number(given);
    if (!value) return std::nullopt;
    *into = *value;
  }
  if (const auto* external = member(*json, "externallyManaged")) {
    if (!boolean(external)) return std::nullopt;
    record.externally_managed = *boolean(external);
  }
  return record;
}

}  // namespace nic::apply
