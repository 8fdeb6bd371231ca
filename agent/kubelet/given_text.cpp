#include "kubelet/given_text.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace nic::kubelet {
namespace {

using Json = nlohmann::ordered_json;

std::optional<std::string> text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

std::string to_text(const Given& given) {
  auto nodes = Json::array();
  for (const auto& node : given.nodes)
    nodes.push_back({{"host_path", node.host_path}, {"container_path", node.container_path}});
  Json json;
  json["resource"] = given.resource;
  json["device"] = given.device;
  json["nodes"] = std::move(nodes);
  json["device_info"] = given.device_info;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<Given> parse_given(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  auto resource = text_of(json, "resource");
  auto device = text_of(json, "device");
  auto info = text_of(json, "device_info");
  const auto nodes = json.find("nodes");
  if (!resource || !device || !info || nodes == json.end() || !nodes->is_array()) return std::nullopt;
  Given given{std::move(*resource), std::move(*device), {}, std::move(*info)};
  for (const auto& node : *nodes) {
    if (!node.is_object()) return std::nullopt;
    auto host_path = text_of(node, "host_path");
    auto container_path = text_of(node, "container_path");
    if (!host_path || !container_path) return std::nullopt;
    model::DeviceNode one;
    one.host_path = std::move(*host_path);
    one.container_path = std::move(*container_path);
    given.nodes.push_back(std::move(one));
  }
  return given;
}

}  // namespace nic::kubelet
