#include "kubelet/cdi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace nic::kubelet {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kVersion = "0.5.0";
constexpr std::size_t kMostKey = 63;  // name part of an annotation's key

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

std::uint32_t fnv1a(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

// A name of ours for one that the rules do not allow; the hash keeps "a.b" and "a_b" apart.
std::string made_class(std::string_view name) {
  std::string made = "r-";
  for (const char c : name) made += is_alphanumeric(c) || c == '-' ? c : '_';
  return fmt::format("{}-{:08x}", made, fnv1a(name));
}

std::string class_of(std::string_view name) {
  const bool good = !name.empty() && is_letter(name.front()) && is_alphanumeric(name.back()) &&
                    std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; });
  // What is made begins like this: nobody else's may.
  return good && !name.starts_with("r-") ? std::string{name} : made_class(name);
}

// A DNS name as resources have it may begin with a digit.
std::string vendor_of(std::string_view prefix) {
  return !prefix.empty() && is_letter(prefix.front()) && !prefix.starts_with("v-") ? std::string{prefix}
                                                                                   : fmt::format("v-{}", prefix);
}

std::pair<std::string, std::string> kind_of(std::string_view resource) {
  const auto slash = resource.find('/');
  if (slash == std::string_view::npos) return {"nic-agent", class_of(resource)};
  return {vendor_of(resource.substr(0, slash)), class_of(resource.substr(slash + 1))};
}

std::optional<std::string> text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<CdiDevice> parse_device(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  auto name = text_of(json, "name");
  const auto edits = json.find("containerEdits");
  if (!name || edits == json.end() || !edits->is_object()) return std::nullopt;
  const auto nodes = edits->find("deviceNodes");
  if (nodes == edits->end() || !nodes->is_array()) return std::nullopt;
  CdiDevice device{std::move(*name), {}};
  for (const auto& node : *nodes) {
    if (!node.is_object()) return std::nullopt;
    auto path = text_of(node, "path");
    auto host_path = text_of(node, "hostPath");
    auto permissions = text_of(node, "permissions");
    if (!path || !host_path || !permissions) return std::nullopt;
    device.nodes.push_back({std::move(*path), std::move(*host_path), std::move(*permissions)});
  }
  return device;
}

}  // namespace

std::string cdi_kind(std::string_view resource) {
  const auto [vendor, name] = kind_of(resource);
  return vendor + "/" + name;
}

std::string cdi_name(std::string_view resource, std::string_view device) {
  return fmt::format("{}={}", cdi_kind(resource), device);
}

std::string cdi_file_name(std::string_view resource) {
  const auto [vendor, name] = kind_of(resource);
  return fmt::format("{}{}_{}.json", kCdiPrefix, vendor, name);
}

std::string cdi_annotation_key(std::string_view resource) {
  const auto [vendor, name] = kind_of(resource);
  auto key = fmt::format("{}_{}", vendor, name);
  if (key.size() > kMostKey) key = fmt::format("{}-{:08x}", key.substr(0, kMostKey - 9), fnv1a(resource));
  return "cdi.k8s.io/" + key;
}

CdiDevice cdi_device(std::string name, const std::vector<model::DeviceNode>& nodes, std::string_view permissions) {
  CdiDevice device{std::move(name), {}};
  for (const auto& node : nodes) {
    const CdiNode one{node.container_path, node.host_path, std::string{permissions}};
    if (std::ranges::find(device.nodes, one) == device.nodes.end()) device.nodes.push_back(one);
  }
  return device;
}

std::string to_text(const CdiSpec& spec) {
  Json json;
  json["cdiVersion"] = kVersion;
  json["kind"] = spec.kind;
  json["devices"] = Json::array();
  for (const auto& device : spec.devices) {
    auto nodes = Json::array();
    for (const auto& node : device.nodes)
      nodes.push_back({{"path", node.path}, {"hostPath", node.host_path}, {"permissions", node.permissions}});
    json["devices"].push_back({{"name", device.name}, {"containerEdits", {{"deviceNodes", std::move(nodes)}}}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<CdiSpec> parse_cdi(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  auto kind = text_of(json, "kind");
  const auto devices = json.find("devices");
  if (!kind || devices == json.end() || !devices->is_array()) return std::nullopt;
  CdiSpec spec{std::move(*kind), {}};
  for (const auto& one : *devices) {
    auto device = parse_device(one);
    if (!device) return std::nullopt;
    spec.devices.push_back(std::move(*device));
  }
  return spec;
}

}  // namespace nic::kubelet
