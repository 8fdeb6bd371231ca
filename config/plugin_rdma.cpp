// k8s-rdma-shared-dev-plugin's file.
#include "config/plugin_file.hpp"
#include "config/plugin_object.hpp"

#include <limits>

namespace nic::config {
namespace {

constexpr unsigned kMostSharers = 100'000;  // as rdma_hca_max in nic-agent.toml(5)

model::Selectors selectors(const Node& node, const std::string& path, Findings& findings) {
  const Node object = as_go_reads(node, "rdmaSelectors", findings, path);
  const MapReader reader{object, "rdmaSelectors", findings, path};
  const Listed listed{reader, findings};
  model::Selectors result;
  result.vendors = listed.texts("vendors", pci_id);
  result.devices = listed.texts("deviceIDs", pci_id);
  result.drivers = drivers(listed);
  result.if_names = listed.texts("ifNames", interface_name);
  result.link_types = listed.texts("linkTypes", link_type_of_plugin);
  return result;
}

model::Resource resource(const Node& node, const std::string& path, std::string_view prefix, Findings& findings) {
  const Node object = as_go_reads(node, "rdmaResource", findings, path);
  const MapReader reader{object, "rdmaResource", findings, path};
  model::Resource result;
  result.kind = model::ResourceKind::shared;
  if (object.kind != Node::Kind::map) return result;
  result.name = full_resource_name(reader, prefix);
  const std::size_t before = findings.mistakes.size();
  result.rdma_hca_max = reader.number("rdmaHcaMax", 0, kMostSharers).value_or(0);
  if (result.rdma_hca_max == 0 && findings.mistakes.size() == before)
    reader.warn("rdmaHcaMax", "without it, or with 0, the resource has no device");

  const Node* which = reader.map("selectors");
  model::Selectors chosen;
  if (which != nullptr) chosen = selectors(*which, reader.full_name("selectors"), findings);
  const bool selects = which != nullptr && !chosen.empty();
  const auto devices = Listed{reader, findings}.texts("devices", interface_name);
  if (selects && reader.has("devices"))
    reader.refuse("devices", "it is the old word for selectors.ifNames, and there are selectors: one of them");
  if (!devices.empty()) {
    chosen.if_names = devices;
    reader.note("devices", "the old word for selectors.ifNames");
  }
  if (chosen.empty() && findings.mistakes.size() == before)
    reader.refuse("selectors", "neither selectors nor devices says which functions are meant");
  result.selectors = {std::move(chosen)};
  return result;
}

}  // namespace

void read_rdma_shared(const Node& node, PluginDocument& document, bool strict) {
  auto& findings = document.findings;
  const MapReader reader{node, "rdmaFile", findings};
  if (const Node* interval = node.member("periodicUpdateInterval"); interval != nullptr && !interval->empty()) {
    Findings aside{findings.file};
    const MapReader again{node, "rdmaFile", aside};
    if (again.number("periodicUpdateInterval", 0, std::numeric_limits<unsigned>::max()))
      reader.note("periodicUpdateInterval", "not needed: the kernel tells of changes");
    else
      reader.warn("periodicUpdateInterval", "the plugin takes whole seconds from 0; it is not needed here");
  }
  read_entries(reader, node, "configList", kRdmaSharedPrefix, resource, document, strict);
}

}  // namespace nic::config
