#include "config/resource_table.hpp"

#include "model/resource_limits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <initializer_list>

namespace nic::config {
namespace {

using model::DeviceClass;
using model::ResourceKind;
using model::Selectors;
using Keys = std::initializer_list<std::string_view>;

constexpr unsigned kMostSeconds = 86'400;

// A list that is there and empty would silently mean "all".
void refuse_empty(TableReader& reader, Keys keys) {
  for (const auto key : keys)
    if (reader.empty_list(key)) reader.refuse(key, "the list is empty; leave the key out to match everything");
}

void refuse_all(TableReader& reader, Keys keys, const std::string& why) {
  for (const auto key : keys)
    if (reader.has(key)) reader.refuse(key, why);
}

// What means nothing for what the resource is made of.
void refuse_what_does_not_apply(TableReader& reader, const model::Resource& resource) {
  if (resource.kind == ResourceKind::shared)
    return refuse_all(reader, {"aux_types", "need_vhost_net", "vdpa_type"},
                      "it belongs to exclusive resources: a shared one hands out RDMA devices");
  switch (resource.device_class) {
    case DeviceClass::net: return refuse_all(reader, {"aux_types"}, "it belongs to device_class = \"auxiliary\"");
    case DeviceClass::auxiliary:
      return refuse_all(reader, {"pci_addresses", "acpi_indexes", "pkeys", "ddp_profiles", "vdpa_type"},
                        "a scalable function has none; root_devices = [\"ADDRESS#NUMBERS\"] names it");
    case DeviceClass::accelerator:
      return refuse_all(reader,
                        {"pf_names", "root_devices", "if_names", "link_types", "is_rdma", "pkeys", "ddp_profiles",
                         "aux_types", "need_vhost_net", "vdpa_type"},
                        "an accelerator is selected by vendors, devices, drivers, pci_addresses and acpi_indexes");
  }
}

Selectors selectors(const toml::table& table, const model::Resource& resource, Mistakes& mistakes) {
  TableReader reader{table, "resource.selectors", mistakes};
  auto result = common_selectors(reader);
  result.drivers = reader.texts("drivers", plain_name);
  result.pci_addresses = reader.texts("pci_addresses", pci_address);
  result.if_names = reader.texts("if_names", interface_name);
  result.is_rdma = reader.boolean("is_rdma").value_or(false);
  result.acpi_indexes = reader.texts("acpi_indexes", printable_text);
  result.pkeys = reader.texts("pkeys", pkey);
  result.ddp_profiles = reader.texts("ddp_profiles", printable_text);
  result.aux_types = reader.texts("aux_types", aux_type);
  result.need_vhost_net = reader.boolean("need_vhost_net").value_or(false);
  result.vdpa_type = reader.text("vdpa_type", vdpa_type);
  refuse_empty(reader, {"drivers", "pci_addresses", "if_names", "acpi_indexes", "pkeys", "ddp_profiles", "aux_types"});
  refuse_what_does_not_apply(reader, resource);
  if (result.is_rdma && result.vdpa_type)
    reader.refuse("vdpa_type", "a device is given for RDMA or for vDPA, not for both; write two tables of selectors");
  return result;
}

struct Cause {
  std::string_view name;
  bool model::HealthCauses::* on;
};
constexpr std::array kCauses{Cause{"carrier", &model::HealthCauses::carrier}, Cause{"port", &model::HealthCauses::port},
                             Cause{"devlink", &model::HealthCauses::devlink}};

model::HealthCauses unhealthy_on(TableReader& reader) {
  if (!reader.has("unhealthy_on")) return {};
  model::HealthCauses causes{false, false, false};
  const auto named = reader.texts("unhealthy_on", [](std::string_view text) -> Read<const Cause*> {
    for (const auto& cause : kCauses)
      if (cause.name == text) return &cause;
    return std::unexpected(fmt::format("\"{}\" is none of \"carrier\", \"port\" and \"devlink\"", text.substr(0, 32)));
  });
  for (const auto* cause : named) causes.*(cause->on) = true;
  return causes;
}

using Info = std::map<std::string, std::map<std::string, std::string>>;

void information_of(const std::string& device, const toml::node& node, Info& info, Mistakes& mistakes) {
  const auto* pairs = node.as_table();
  if (pairs == nullptr)
    return mistakes.add(mistakes.place(node), fmt::format("additional_info.{} must be a table of texts", device));
  for (const auto& [key, value] : *pairs) {
    const auto* text = value.as_string();
    const auto good = text == nullptr ? Read<std::string>{std::unexpected(std::string{"it must be a text"})}
                                      : printable_text(text->get());
    const auto name = printable_text(key.str());
    if (good && name)
      info[device][*name] = *good;
    else
      mistakes.add(mistakes.place(value),
                   fmt::format("additional_info.{}: {}", device, name ? good.error() : name.error()));
  }
}

// { "*" = { network = "storage" }, "0000:3b:00.2" = { rail = "1" } }; what is said of one adds to what is said of all.
Info additional_info(TableReader& reader, Mistakes& mistakes) {
  Info info;
  const auto* table = reader.table("additional_info");
  if (table == nullptr) return info;
  for (const auto& [key, node] : *table) {
    if (key.str() == "*") {
      information_of("*", node, info, mistakes);
    } else if (const auto address = pci_address(key.str())) {
      information_of(address->text(), node, info, mistakes);
    } else {
      mistakes.add(mistakes.place(node), fmt::format("additional_info: {}, or \"*\" for all", address.error()));
    }
  }
  return info;
}

void sharing(TableReader& reader, model::Resource& result) {
  if (result.kind == ResourceKind::exclusive)
    return refuse_all(reader, {"rdma_hca_max", "numa_topology"},
                      "it belongs to shared resources; an exclusive one has its devices, each on its NUMA node");
  reader.require("rdma_hca_max");
  result.rdma_hca_max = reader.number("rdma_hca_max", 1, model::kMostSharers).value_or(0);
  result.numa_topology = reader.boolean("numa_topology").value_or(false);
  refuse_all(reader, {"device_class", "allow_protected", "keep_lost_seconds", "additional_info"},
             "it belongs to exclusive resources");
}

void having(TableReader& reader, model::Resource& result, Mistakes& mistakes) {
  if (result.kind == ResourceKind::shared) return;
  result.device_class = reader.text("device_class", device_class).value_or(DeviceClass::net);
  result.allow_protected = reader.boolean("allow_protected").value_or(false);
  result.keep_lost_seconds = reader.number("keep_lost_seconds", 0, kMostSeconds).value_or(model::kKeepLostSeconds);
  result.additional_info = additional_info(reader, mistakes);
}

// What a container gets with a device.
void giving(TableReader& reader, model::Resource& result) {
  const bool shared = result.kind == ResourceKind::shared;
  result.preferred_allocation =
      reader.text("preferred_allocation", preferred_allocation).value_or(result.preferred_allocation);
  if (shared && reader.has("preferred_allocation"))
    reader.refuse("preferred_allocation", "it belongs to exclusive resources; shares are all the same");
  result.pre_start = reader.boolean("pre_start").value_or(false);
  if (reader.has("required_nodes")) {
    const auto nodes = reader.texts("required_nodes", rdma_node);
    result.required_nodes = {nodes.begin(), nodes.end()};
    if (result.required_nodes.insert(model::RdmaNode::uverbs).second && !nodes.empty())
      reader.refuse("required_nodes", "\"uverbs\" is not in it, and an RDMA device is of no use without");
  }
  result.permissions = reader.text("permissions", node_permissions).value_or(result.permissions);
  if (!shared && reader.has("permissions"))
    reader.refuse("permissions", "it belongs to shared resources; the nodes of exclusive ones are \"rw\"");
}

}  // namespace

Selectors common_selectors(TableReader& reader) {
  Selectors result;
  result.vendors = reader.texts("vendors", pci_id);
  result.devices = reader.texts("devices", pci_id);
  result.pf_names = reader.texts("pf_names", pf_name);
  result.root_devices = reader.texts("root_devices", root_device);
  result.link_types = reader.texts("link_types", link_type);
  refuse_empty(reader, {"vendors", "devices", "pf_names", "root_devices", "link_types"});
  return result;
}

model::Resource resource(const toml::table& table, Mistakes& mistakes) {
  TableReader reader{table, "resource", mistakes};
  model::Resource result;
  result.place = reader.place();
  for (const auto key : {"name", "kind", "selectors"}) reader.require(key);
  result.name = reader.text("name", resource_name).value_or("");
  const auto kind = reader.text("kind", resource_kind);
  result.kind = kind.value_or(ResourceKind::exclusive);
  if (kind) {
    sharing(reader, result);
    having(reader, result, mistakes);
    giving(reader, result);
  }
  reader.table_or_list("selectors",
                       [&](const toml::table& one) { result.selectors.push_back(selectors(one, result, mistakes)); });
  if (reader.has("selectors") && result.selectors.empty())
    reader.refuse("selectors", "the list is empty; {} matches every function");
  result.exclude_topology = reader.boolean("exclude_topology").value_or(false);
  if (result.exclude_topology && result.numa_topology)
    reader.refuse("exclude_topology", "numa_topology asks for the opposite");
  result.unhealthy_on = unhealthy_on(reader);
  return result;
}

}  // namespace nic::config
