// sriov-network-device-plugin's file.
#include "config/plugin_file.hpp"
#include "config/plugin_object.hpp"

#include <algorithm>
#include <array>

namespace nic::config {
namespace {

struct Type {
  std::string_view word;  // and the object in fields.hpp
  model::DeviceClass device_class;
};

constexpr std::array kTypes{Type{"netDevice", model::DeviceClass::net},
                            Type{"auxNetDevice", model::DeviceClass::auxiliary},
                            Type{"accelerator", model::DeviceClass::accelerator}};

Read<Type> device_type_of_plugin(std::string_view text) {
  const auto found = std::ranges::find(kTypes, text, &Type::word);
  if (found != kTypes.end()) return *found;
  return std::unexpected(
      fmt::format("\"{}\" is none of \"netDevice\", \"auxNetDevice\", \"accelerator\"", text.substr(0, 32)));
}

Read<std::string> aux_type(std::string_view text) {
  if (text == "sf") return std::string{text};
  return std::unexpected(fmt::format("\"{}\" is not \"sf\", the only type that there is", text.substr(0, 32)));
}

model::Selectors selectors(const Node& node, const Type& type, const std::string& path, Findings& findings) {
  const Node object = as_go_reads(node, type.word, findings, path);
  const MapReader reader{object, type.word, findings, path};
  const Listed listed{reader, findings};
  model::Selectors result;
  result.vendors = listed.texts("vendors", pci_id);
  result.devices = listed.texts("devices", pci_id);
  result.drivers = drivers(listed);
  const bool net = type.device_class == model::DeviceClass::net;
  if (type.device_class != model::DeviceClass::auxiliary) {
    result.pci_addresses = listed.texts("pciAddresses", pci_address);
    result.acpi_indexes = listed.texts("acpiIndexes", some_text);
  }
  if (type.device_class == model::DeviceClass::accelerator) return result;
  result.pf_names = pf_names_of_plugin(listed);
  result.root_devices = root_devices_of_plugin(listed);
  result.link_types = listed.texts("linkTypes", link_type_of_plugin);
  result.is_rdma = reader.boolean("isRdma").value_or(false);
  result.need_vhost_net = reader.boolean("needVhostNet").value_or(false);
  if (!net) {
    reader.require("auxTypes");
    result.aux_types = reader.texts("auxTypes", aux_type);
    return result;
  }
  result.ddp_profiles = listed.texts("ddpProfiles", some_text);
  result.pkeys = listed.texts("pKeys", pkey);
  result.vdpa_type = reader.text("vdpaType", vdpa_type);
  if (result.is_rdma && result.vdpa_type) reader.refuse("vdpaType", "it cannot be together with isRdma");
  return result;
}

// One object, or a list of them of which any may match.
void read_selectors(const Node* node, const MapReader& reader, const Type& type, Findings& findings,
                    model::Resource& result) {
  if (node == nullptr || node->kind == Node::Kind::null)
    return reader.refuse("selectors", "it is missing; [{}] matches every function");
  const auto path = reader.full_name("selectors");
  if (node->kind == Node::Kind::map) {
    reader.note("selectors", "the old form; a list of such objects is the new one");
    result.selectors = {selectors(*node, type, path, findings)};
  } else if (node->kind != Node::Kind::list) {
    reader.refuse("selectors", "it must be a list of objects");
  } else if (node->items.empty()) {
    reader.refuse("selectors", "the list is empty, and matches nothing; [{}] matches every function");
  } else {
    for (std::size_t i = 0; i < node->items.size(); ++i)
      result.selectors.push_back(selectors(node->items[i], type, fmt::format("{}[{}]", path, i), findings));
  }
}

// Free words for each device; keys are not folded, for they are no fields.
void read_additional_info(const Node& info, const MapReader& reader, Findings& findings, model::Resource& result) {
  const auto path = reader.full_name("additionalInfo");
  for (const Node& device : info.items) {
    const auto address = pci_address(device.key);
    if (device.key != "*" && !address)
      findings.warn(device.key_at, fmt::format("{}: never used: {}", path, address.error()));
    if (device.kind == Node::Kind::null) continue;
    if (device.kind != Node::Kind::map) {
      findings.mistake(device.at, fmt::format("{}.{} must be an object of texts", path, device.key.substr(0, 64)));
      continue;
    }
    if (device.key != "*" && !address) continue;
    auto& words = result.additional_info[address ? address->text() : device.key];
    words.clear();  // of two for one device, the last one
    for (const Node& word : device.items) {
      if (word.kind == Node::Kind::text || word.kind == Node::Kind::null)
        words[word.key] = word.text;
      else
        findings.mistake(word.at, fmt::format("{}.{}.{} must be a text", path, device.key, word.key.substr(0, 64)));
    }
  }
}

model::Resource resource(const Node& node, const std::string& path, std::string_view prefix, Findings& findings) {
  const Node object = as_go_reads(node, "sriovResource", findings, path);
  const MapReader reader{object, "sriovResource", findings, path};
  model::Resource result;
  if (object.kind != Node::Kind::map) return result;
  result.name = full_resource_name(reader, prefix);
  const auto type = reader.text("deviceType", device_type_of_plugin);
  const bool known = type || !reader.has("deviceType");
  result.device_class = type.value_or(kTypes.front()).device_class;
  result.exclude_topology = reader.boolean("excludeTopology").value_or(false);
  // What selectors mean depends on the type.
  if (known) read_selectors(object.member("selectors"), reader, type.value_or(kTypes.front()), findings, result);
  if (const Node* info = reader.map("additionalInfo")) read_additional_info(*info, reader, findings, result);
  return result;
}

}  // namespace

void read_sriov(const Node& node, std::string_view prefix, PluginDocument& document, bool strict) {
  const MapReader reader{node, "sriovFile", document.findings};
  read_entries(reader, node, "resourceList", prefix, resource, document, strict);
}

}  // namespace nic::config
