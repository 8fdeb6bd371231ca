#include "config/parse_toml.hpp"

#include "config/ascii_text.hpp"
#include "config/resource_table.hpp"
#include "config/table_reader.hpp"
#include "config/vf_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace nic::config {
namespace {

using model::Config;
using model::Selectors;

constexpr unsigned kMostVfs = 65535;
constexpr unsigned kLeastMtu = 68;  // RFC 791
constexpr unsigned kMostMtu = 65535;

Selectors selectors(const toml::table& table, Mistakes& mistakes) {
  TableReader reader{table, "sriov.policy.selectors", mistakes};
  return common_selectors(reader);
}

void refuse_for_vfio(TableReader& reader, model::DeviceType type, bool is_rdma,
                     const std::optional<model::VdpaType>& vdpa) {
  if (type != model::DeviceType::vfio_pci) return;
  if (is_rdma) reader.refuse("is_rdma", "a VF on vfio-pci has no RDMA device");
  if (vdpa) reader.refuse("vdpa_type", "a VF on vfio-pci has no vDPA device");
}

model::VfGroup group(const toml::table& table, const model::SriovPolicy& policy, Mistakes& mistakes) {
  TableReader reader{table, "sriov.policy.group", mistakes};
  model::VfGroup result;
  result.place = reader.place();
  reader.require("vfs");
  result.vfs = reader.text("vfs", index_ranges).value_or(std::vector<model::IndexRange>{});
  result.device_type = reader.text("device_type", device_type).value_or(policy.device_type);
  result.mtu = reader.number("mtu", kLeastMtu, kMostMtu);
  result.is_rdma = reader.boolean("is_rdma");
  result.vdpa_type = reader.text("vdpa_type", vdpa_type);
  refuse_for_vfio(reader, result.device_type, result.is_rdma.value_or(false), result.vdpa_type);
  result.options = vf_options(reader);
  for (const auto& range : result.vfs) {
    if (range.last >= policy.num_vfs)
      reader.refuse("vfs", fmt::format("there is no VF {}: num_vfs of the policy is {}", range.last, policy.num_vfs));
    for (const auto& other : policy.groups)
      for (const auto& taken : other.vfs)
        if (range.first <= taken.last && taken.first <= range.last)
          reader.refuse("vfs", fmt::format("VF {} is in the group at {} already", std::max(range.first, taken.first),
                                           other.place.text()));
  }
  return result;
}

model::SriovPolicy policy(const toml::table& table, Mistakes& mistakes) {
  TableReader reader{table, "sriov.policy", mistakes};
  model::SriovPolicy result;
  result.place = reader.place();
  for (const auto key : {"name", "selectors", "num_vfs"}) reader.require(key);
  result.name = reader.text("name", plain_name).value_or("");
  if (const auto* which = reader.table("selectors")) {
    result.selectors = selectors(*which, mistakes);
    if (which->empty())
      reader.refuse("selectors", "name at least one of vendors, devices, pf_names, root_devices, link_types");
  }
  result.priority = reader.number("priority", 0, model::kWeakestPriority).value_or(model::kWeakestPriority);
  result.externally_managed = reader.boolean("externally_managed").value_or(false);
  result.on_drift = reader.text("on_drift", on_drift).value_or(model::OnDrift::enforce);
  result.num_vfs = reader.number("num_vfs", 0, kMostVfs).value_or(0);
  result.mtu = reader.number("mtu", kLeastMtu, kMostMtu);
  result.device_type = reader.text("device_type", device_type).value_or(model::DeviceType::netdevice);
  result.is_rdma = reader.boolean("is_rdma").value_or(false);
  result.need_vhost_net = reader.boolean("need_vhost_net").value_or(false);
  result.eswitch_mode = reader.text("eswitch_mode", eswitch_mode);
  result.vdpa_type = reader.text("vdpa_type", vdpa_type);
  refuse_for_vfio(reader, result.device_type, result.is_rdma, result.vdpa_type);
  result.options = vf_options(reader);
  reader.tables("group", [&](const toml::table& one) { result.groups.push_back(group(one, result, mistakes)); });
  const bool told = !result.options.empty() ||
                    std::ranges::any_of(result.groups, [](const auto& one) { return !one.options.empty(); });
  if (result.externally_managed && told)
    reader.refuse("externally_managed",
                  "addresses, VLAN, trust and the like of VFs are told to the PF: leave them to whoever manages it");
  return result;
}

model::ModuleVersions module_versions(const toml::table& table, Mistakes& mistakes) {
  TableReader reader{table, "kernel_modules.version", mistakes};
  model::ModuleVersions result;
  result.place = reader.place();
  reader.require("name");
  result.name = reader.text("name", module_name).value_or("");
  result.min = reader.text("min", version);
  result.max = reader.text("max", version);
  if (!reader.has("min") && !reader.has("max")) reader.refuse("name", "give min, max, or both");
  if (result.min && result.max && compare(*result.min, *result.max) > 0)
    reader.refuse("max", fmt::format("{} is older than min, {}", result.max->text, result.min->text));
  return result;
}

void kernel_modules(const toml::table& table, const Config& below, Config& config, Mistakes& mistakes) {
  TableReader reader{table, "kernel_modules", mistakes};
  const auto place = reader.place();
  for (auto& name : reader.texts("required", module_or_set)) config.modules.push_back({std::move(name), place});
  if (const auto stack = reader.text("rdma_stack", rdma_stack)) config.drivers.rdma_stack = stack;
  config.drivers.require_signed = reader.boolean("require_signed").value_or(below.drivers.require_signed);
  config.drivers.reload = reader.text("reload", reload_policy).value_or(below.drivers.reload);
  if (auto file = reader.text("ready_file", run_file)) config.drivers.ready_file = std::move(*file);
  reader.tables("version",
                [&](const toml::table& one) { config.module_versions.push_back(module_versions(one, mistakes)); });
}

template <class Entry>
void refuse_twins(const std::vector<Entry>& entries, std::string_view what, Mistakes& mistakes) {
  for (std::size_t i = 0; i < entries.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (!entries[i].name.empty() && entries[i].name == entries[j].name) {
        mistakes.add(entries[i].place,
                     fmt::format("{} \"{}\" is already at {}", what, entries[i].name, entries[j].place.text()));
        break;
      }
}

void gpudirect(const toml::table& table, Config& config, Mistakes& mistakes) {
  TableReader reader{table, "gpudirect", mistakes};
  config.peer_memory = reader.text("peer_memory", peer_memory).value_or(config.peer_memory);
  auto& settings = config.gpudirect;
  settings.acs = reader.text("acs", acs_policy).value_or(settings.acs);
  const auto bytes = reader.number("max_read_request", model::kLeastReadRequest, model::kMostReadRequest);
  if (!bytes) return;
  if (std::has_single_bit(*bytes))
    settings.max_read_request = bytes;
  else
    reader.refuse("max_read_request",
                  fmt::format("{} is no size that PCI Express has: 128, 256, 512, 1024, 2048 or 4096", *bytes));
}

// A drop-in may take back what a file below it names.
Read<std::string> file_path_or_none(std::string_view text) { return text.empty() ? std::string{} : file_path(text); }

void plugins(TableReader& reader, model::PluginSettings& settings) {
  if (auto file = reader.text("rdma_shared_config", file_path_or_none)) settings.rdma_shared_config = std::move(*file);
  if (auto file = reader.text("sriov_config", file_path_or_none)) settings.sriov_config = std::move(*file);
  if (auto prefix = reader.text("sriov_resource_prefix", resource_prefix))
    settings.sriov_resource_prefix = std::move(*prefix);
  settings.strict = reader.boolean("strict").value_or(settings.strict);
  settings.link_up = reader.boolean("link_up").value_or(settings.link_up);
}

Config read(const toml::table& top, const Config& below, Mistakes& mistakes) {
  Config config;
  config.auto_apply = below.auto_apply;
  config.kubelet = below.kubelet;
  config.plugins = below.plugins;
  config.drivers = below.drivers;
  config.peer_memory = below.peer_memory;
  config.rdma_netns_mode = below.rdma_netns_mode;
  config.guid_pool = below.guid_pool;
  config.gpudirect = below.gpudirect;
  TableReader reader{top, "", mistakes};
  if (const auto* agent = reader.table("agent")) {
    TableReader settings{*agent, "agent", mistakes};
    config.auto_apply = settings.boolean("auto_apply").value_or(below.auto_apply);
    const auto listed = settings.texts("protected", pci_address);
    config.protected_functions = {listed.begin(), listed.end()};
  }
  if (const auto* sriov = reader.table("sriov"))
    TableReader{*sriov, "sriov", mistakes}.tables(
        "policy", [&](const toml::table& one) { config.policies.push_back(policy(one, mistakes)); });
  if (const auto* infiniband = reader.table("infiniband"))
    if (auto pool = TableReader{*infiniband, "infiniband", mistakes}.text("guid_pool", file_path))
      config.guid_pool = std::move(*pool);
  if (const auto* modules = reader.table("kernel_modules")) kernel_modules(*modules, below, config, mistakes);
  if (const auto* settings = reader.table("gpudirect")) gpudirect(*settings, config, mistakes);
  if (const auto* rdma = reader.table("rdma"))
    if (const auto mode = TableReader{*rdma, "rdma", mistakes}.text("netns_mode", rdma_netns_mode))
      config.rdma_netns_mode = mode;
  if (const auto* kubelet = reader.table("kubelet")) {
    TableReader settings{*kubelet, "kubelet", mistakes};
    config.kubelet.enabled = settings.boolean("enabled").value_or(below.kubelet.enabled);
    if (auto root = settings.text("root", kubelet_root)) config.kubelet.root = std::move(*root);
    plugins(settings, config.plugins);
    config.kubelet.on_rival = settings.text("on_rival", on_rival).value_or(below.kubelet.on_rival);
    config.kubelet.cdi = settings.text("cdi", cdi_mode).value_or(below.kubelet.cdi);
  }
  reader.tables("resource", [&](const toml::table& one) { config.resources.push_back(resource(one, mistakes)); });
  refuse_twins(config.module_versions, "version of", mistakes);
  refuse_twins(config.policies, "policy", mistakes);
  refuse_twins(config.resources, "resource", mistakes);
  return config;
}

// nullopt: what is wrong stands in `mistakes`. No exception leaves this.
std::optional<toml::table> parse_text(std::string_view text, Mistakes& mistakes) {
  try {
    return toml::parse(text, mistakes.file);
  } catch (const toml::parse_error& error) {
    const auto begin = error.source().begin;
    mistakes.add({mistakes.file, begin.line, begin.column}, std::string{error.description()});
  } catch (const std::logic_error&) {
    mistakes.add({mistakes.file, 0, 0}, "it is no TOML; the parser cannot say where");
  }
  return std::nullopt;
}

}  // namespace

std::expected<Config, std::vector<model::Error>> parse_toml(std::string_view text, std::string_view file,
                                                            const Config& below) {
  Mistakes mistakes{std::string{file}};
  if (text.size() > kMostBytes) {
    mistakes.add({mistakes.file, 0, 0}, fmt::format("it is larger than {} bytes", kMostBytes));
    return std::unexpected(std::move(mistakes.errors));
  }
  const auto ascii = ascii_text(text);
  if (!ascii) {
    mistakes.add({mistakes.file, ascii.error().line, ascii.error().column},
                 "a character that is not ASCII stands outside of a comment; in strings write it as \\uXXXX");
    return std::unexpected(std::move(mistakes.errors));
  }
  const auto parsed = parse_text(*ascii, mistakes);
  if (!parsed) return std::unexpected(std::move(mistakes.errors));
  Config config = read(*parsed, below, mistakes);
  if (!mistakes.errors.empty()) {
    return std::unexpected(std::move(mistakes.errors));
  }
  config.sources = {std::string{file}};
  return config;
}

}  // namespace nic::config
