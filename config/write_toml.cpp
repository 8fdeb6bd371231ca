#include "config/write_toml.hpp"

#include "config/table_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace nic::config {
namespace {

// In quotation marks, ASCII only: parse_toml takes nothing else.
std::string quoted(std::string_view text) {
  const toml::value<std::string> value{std::string{text}};
  std::ostringstream out;
  out << toml::toml_formatter{value, toml::format_flags::none};
  return out.str();
}

std::string written(const std::string& text) { return quoted(text); }
std::string written(std::uint16_t id) { return quoted(fmt::format("{:04x}", id)); }
std::string written(const model::PciAddress& address) { return quoted(address.text()); }
std::string written(model::LinkType type) { return quoted(word(type)); }

std::string with_ranges(const std::string& name, const std::vector<model::IndexRange>& vfs) {
  return quoted(vfs.empty() ? name : name + '#' + model::text(vfs));
}
std::string written(const model::PfName& pf) { return with_ranges(pf.name, pf.vfs); }
std::string written(const model::RootDevice& device) { return with_ranges(device.address.text(), device.vfs); }

template <class Address>
std::string written(const std::pair<Address, Address>& range) {
  return quoted(range.first == range.second ? range.first.text() : range.first.text() + '-' + range.second.text());
}

// "key = value" one by one; what is as without configuration is asked for with no call.
class Pairs {
 public:
  void raw(std::string_view key, std::string_view value) { all_.push_back(fmt::format("{} = {}", key, value)); }
  void text(std::string_view key, std::string_view value) { raw(key, quoted(value)); }
  void number(std::string_view key, unsigned value) { raw(key, std::to_string(value)); }
  void number(std::string_view key, const std::optional<unsigned>& value) {
    if (value) number(key, *value);
  }
  void boolean(std::string_view key, const std::optional<bool>& value) {
    if (value) raw(key, *value ? "true" : "false");
  }
  void boolean(std::string_view key, bool value, bool otherwise) {
    if (value != otherwise) raw(key, value ? "true" : "false");
  }
  template <class List>
  void list(std::string_view key, const List& values) {
    std::vector<std::string> texts;
    for (const auto& value : values) texts.push_back(written(value));
    if (!texts.empty()) raw(key, fmt::format("[{}]", fmt::join(texts, ", ")));
  }

  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] std::string lines() const { return fmt::format("{}\n", fmt::join(all_, "\n")); }
  [[nodiscard]] std::string inline_table() const {
    return empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(all_, ", "));
  }

 private:
  std::vector<std::string> all_;
};

template <class Address>
void add(Pairs& pairs, std::string_view key, const std::optional<model::AddressPool<Address>>& pool) {
  if (pool && pool->source != model::AddressSource::listed)
    pairs.text(key, word(pool->source));
  else if (pool)
    pairs.list(key, pool->ranges);
}

void add(Pairs& pairs, const model::VfOptions& options) {
  const auto& settings = options.settings;
  add(pairs, "macs", options.macs);
  add(pairs, "guids", options.guids);
  if (settings.vlan) {
    pairs.number("vlan", settings.vlan->id);
    if (settings.vlan->qos != 0) pairs.number("vlan_qos", settings.vlan->qos);
    if (settings.vlan->protocol != model::VlanProtocol::dot1q) pairs.text("vlan_proto", word(settings.vlan->protocol));
  }
  pairs.boolean("trust", settings.trust);
  pairs.boolean("spoofchk", settings.spoof_check);
  if (settings.link_state) pairs.text("link_state", word(*settings.link_state));
  pairs.number("min_tx_rate", settings.min_tx_rate);
  pairs.number("max_tx_rate", settings.max_tx_rate);
}

std::string inline_table(const model::Selectors& selectors) {
  Pairs pairs;
  pairs.list("vendors", selectors.vendors);
  pairs.list("devices", selectors.devices);
  pairs.list("drivers", selectors.drivers);
  pairs.list("pf_names", selectors.pf_names);
  pairs.list("root_devices", selectors.root_devices);
  pairs.list("pci_addresses", selectors.pci_addresses);
  pairs.list("if_names", selectors.if_names);
  pairs.list("link_types", selectors.link_types);
  pairs.boolean("is_rdma", selectors.is_rdma, false);
  pairs.list("acpi_indexes", selectors.acpi_indexes);
  std::vector<std::string> pkeys;
  for (const auto pkey : selectors.pkeys) pkeys.push_back(fmt::format("0x{:04x}", pkey));
  pairs.list("pkeys", pkeys);
  pairs.list("ddp_profiles", selectors.ddp_profiles);
  pairs.list("aux_types", selectors.aux_types);
  pairs.boolean("need_vhost_net", selectors.need_vhost_net, false);
  if (selectors.vdpa_type) pairs.text("vdpa_type", word(*selectors.vdpa_type));
  return pairs.inline_table();
}

std::string one_or_list(const std::vector<model::Selectors>& selectors) {
  if (selectors.size() == 1) return inline_table(selectors.front());
  std::string list = "[\n";
  for (const auto& one : selectors) list += fmt::format("  {},\n", inline_table(one));
  return list + "]";
}

// Files may have any name.
std::string comment(const model::Place& place) {
  if (place.file.empty()) return "";
  std::string line = "# " + place.text();
  std::ranges::replace_if(line, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return line + '\n';
}

std::string table(std::string_view header, const Pairs& pairs, const model::Place& place = {}) {
  return fmt::format("{}{}\n{}\n", comment(place), header, pairs.lines());
}

std::string written(const model::VfGroup& group) {
  Pairs pairs;
  pairs.text("vfs", model::text(group.vfs));
  pairs.text("device_type", word(group.device_type));
  pairs.number("mtu", group.mtu);
  pairs.boolean("is_rdma", group.is_rdma);
  if (group.vdpa_type) pairs.text("vdpa_type", word(*group.vdpa_type));
  add(pairs, group.options);
  return table("[[sriov.policy.group]]", pairs);
}

std::string written(const model::SriovPolicy& policy) {
  Pairs pairs;
  pairs.text("name", policy.name);
  pairs.raw("selectors", inline_table(policy.selectors));
  if (policy.priority != model::kWeakestPriority) pairs.number("priority", policy.priority);
  pairs.boolean("externally_managed", policy.externally_managed, false);
  pairs.number("num_vfs", policy.num_vfs);
  if (policy.eswitch_mode) pairs.text("eswitch_mode", word(*policy.eswitch_mode));
  if (policy.on_drift != model::OnDrift::enforce) pairs.text("on_drift", word(policy.on_drift));
  pairs.number("mtu", policy.mtu);
  if (policy.device_type != model::DeviceType::netdevice) pairs.text("device_type", word(policy.device_type));
  pairs.boolean("is_rdma", policy.is_rdma, false);
  pairs.boolean("need_vhost_net", policy.need_vhost_net, false);
  if (policy.vdpa_type) pairs.text("vdpa_type", word(*policy.vdpa_type));
  add(pairs, policy.options);
  std::string text = table("[[sriov.policy]]", pairs, policy.place);
  for (const auto& group : policy.groups) text += written(group);
  return text;
}

void add(Pairs& pairs, const model::HealthCauses& causes) {
  if (causes == model::HealthCauses{}) return;
  std::vector<std::string> named;
  if (causes.carrier) named.emplace_back(quoted("carrier"));
  if (causes.port) named.emplace_back(quoted("port"));
  if (causes.devlink) named.emplace_back(quoted("devlink"));
  pairs.raw("unhealthy_on", fmt::format("[{}]", fmt::join(named, ", ")));
}

std::string inline_tables(const std::map<std::string, std::map<std::string, std::string>>& tables) {
  Pairs all;
  for (const auto& [name, texts] : tables) {
    Pairs pairs;
    for (const auto& [key, text] : texts) pairs.text(quoted(key), text);
    all.raw(quoted(name), pairs.inline_table());
  }
  return all.inline_table();
}

void add_giving(Pairs& pairs, const model::Resource& resource) {
  const model::Resource plain;
  if (resource.preferred_allocation != plain.preferred_allocation)
    pairs.text("preferred_allocation", word(resource.preferred_allocation));
  pairs.boolean("pre_start", resource.pre_start, plain.pre_start);
  if (resource.required_nodes != plain.required_nodes) {
    std::vector<std::string> nodes;
    for (const auto node : resource.required_nodes) nodes.emplace_back(word(node));
    pairs.list("required_nodes", nodes);
  }
  if (resource.permissions != plain.permissions) pairs.text("permissions", word(resource.permissions));
}

std::string written(const model::Resource& resource) {
  Pairs pairs;
  pairs.text("name", resource.name);
  pairs.text("kind", word(resource.kind));
  if (resource.kind == model::ResourceKind::shared) pairs.number("rdma_hca_max", resource.rdma_hca_max);
  if (resource.device_class != model::DeviceClass::net) pairs.text("device_class", word(resource.device_class));
  pairs.raw("selectors", one_or_list(resource.selectors));
  pairs.boolean("exclude_topology", resource.exclude_topology, false);
  pairs.boolean("numa_topology", resource.numa_topology, false);
  pairs.boolean("allow_protected", resource.allow_protected, false);
  add(pairs, resource.unhealthy_on);
  if (resource.keep_lost_seconds != model::kKeepLostSeconds)
    pairs.number("keep_lost_seconds", resource.keep_lost_seconds);
  if (!resource.additional_info.empty()) pairs.raw("additional_info", inline_tables(resource.additional_info));
  add_giving(pairs, resource);
  return table("[[resource]]", pairs, resource.place);
}

std::string written(const model::ModuleVersions& versions) {
  Pairs pairs;
  pairs.text("name", versions.name);
  if (versions.min) pairs.text("min", versions.min->text);
  if (versions.max) pairs.text("max", versions.max->text);
  return table("[[kernel_modules.version]]", pairs, versions.place);
}

std::string settings(const model::Config& config) {
  const model::Config plain;
  Pairs agent;
  agent.boolean("auto_apply", config.auto_apply, plain.auto_apply);
  agent.list("protected", config.protected_functions);
  std::vector<std::string> required;
  for (const auto& module : config.modules) required.push_back(module.name);
  Pairs modules;
  modules.list("required", required);
  if (config.drivers.rdma_stack) modules.text("rdma_stack", word(*config.drivers.rdma_stack));
  modules.boolean("require_signed", config.drivers.require_signed, plain.drivers.require_signed);
  if (config.drivers.reload != plain.drivers.reload) modules.text("reload", word(config.drivers.reload));
  if (!config.drivers.ready_file.empty()) modules.text("ready_file", config.drivers.ready_file);
  Pairs gpudirect;
  if (config.peer_memory != plain.peer_memory) gpudirect.text("peer_memory", word(config.peer_memory));
  if (config.gpudirect.acs != plain.gpudirect.acs) gpudirect.text("acs", word(config.gpudirect.acs));
  gpudirect.number("max_read_request", config.gpudirect.max_read_request);
  Pairs rdma;
  if (config.rdma_netns_mode) rdma.text("netns_mode", word(*config.rdma_netns_mode));
  Pairs kubelet;
  kubelet.boolean("enabled", config.kubelet.enabled, plain.kubelet.enabled);
  if (config.kubelet.root != plain.kubelet.root) kubelet.text("root", config.kubelet.root);
  const auto& plugins = config.plugins;
  if (!plugins.rdma_shared_config.empty()) kubelet.text("rdma_shared_config", plugins.rdma_shared_config);
  if (!plugins.sriov_config.empty()) kubelet.text("sriov_config", plugins.sriov_config);
  if (plugins.sriov_resource_prefix != plain.plugins.sriov_resource_prefix)
    kubelet.text("sriov_resource_prefix", plugins.sriov_resource_prefix);
  kubelet.boolean("strict", plugins.strict, plain.plugins.strict);
  kubelet.boolean("link_up", plugins.link_up, plain.plugins.link_up);
  if (config.kubelet.on_rival != plain.kubelet.on_rival) kubelet.text("on_rival", word(config.kubelet.on_rival));
  if (config.kubelet.cdi != plain.kubelet.cdi) kubelet.text("cdi", word(config.kubelet.cdi));

  std::string text;
  Pairs infiniband;
  if (!config.guid_pool.empty()) infiniband.text("guid_pool", config.guid_pool);
  if (!agent.empty()) text += table("[agent]", agent);
  if (!infiniband.empty()) text += table("[infiniband]", infiniband);
  if (!modules.empty()) text += table("[kernel_modules]", modules);
  for (const auto& versions : config.module_versions) text += written(versions);
  if (!gpudirect.empty()) text += table("[gpudirect]", gpudirect);
  if (!rdma.empty()) text += table("[rdma]", rdma);
  if (!kubelet.empty()) text += table("[kubelet]", kubelet);
  return text;
}

}  // namespace

std::string write_toml(const model::Config& config) {
  std::string text = settings(config);
  for (const auto& policy : config.policies) text += written(policy);
  for (const auto& resource : config.resources) text += written(resource);
  if (!text.empty()) text.pop_back();  // the blank line behind the last table
  return text;
}

}  // namespace nic::config
