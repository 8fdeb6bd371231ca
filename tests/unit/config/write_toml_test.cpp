// The writer against the parser: every key of the schema, one by one and all together.
#include "config/write_toml.hpp"

#include "config/parse_toml.hpp"
#include "config/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace nic::config {
namespace {

model::Config without_places(model::Config config) {
  config.sources.clear();
  for (auto& policy : config.policies) {
    policy.place = {};
    for (auto& group : policy.groups) group.place = {};
  }
  for (auto& resource : config.resources) resource.place = {};
  for (auto& module : config.modules) module.place = {};
  for (auto& versions : config.module_versions) versions.place = {};
  return config;
}

model::Config parsed(const std::string& text) {
  auto config = parse_toml(text, "t.toml");
  if (!config) ADD_FAILURE() << config.error().front().text() << "\n" << text;
  return without_places(config.value_or(model::Config{}));
}

using Values = std::map<std::string, std::string>;  // key to its value, as TOML

std::string lines(const Values& values) {
  std::string text;
  for (const auto& [key, value] : values) text += key + " = " + value + "\n";
  return text;
}

std::string inline_table(const Values& values) {
  std::string text;
  for (const auto& [key, value] : values) text += (text.empty() ? "" : ", ") + key + " = " + value;
  return "{" + text + "}";
}

// The least that is a configuration with every table in it, and one key more.
std::string text_with(const std::string& table, const std::string& key, const std::string& value) {
  std::map<std::string, Values> tables{
      {"agent", {}},
      {"infiniband", {}},
      {"kernel_modules", {}},
      {"kernel_modules.version", {{"name", R"("mlx5_core")"}, {"min", R"("5")"}}},
      {"gpudirect", {}},
      {"rdma", {}},
      {"kubelet", {}},
      {"sriov.policy", {{"name", R"("p")"}, {"num_vfs", "8"}}},
      {"sriov.policy.selectors", {{"pf_names", R"(["ens1f0"])"}}},
      {"sriov.policy.group", {{"vfs", R"("0-1")"}}},
      {"resource", {{"name", R"("example.com/r")"}, {"kind", R"("exclusive")"}}},
      {"resource.selectors", {}},
  };
  if (!key.empty()) {
    const auto found = tables.find(table);
    if (found == tables.end()) {
      ADD_FAILURE() << "give the least of the new table [" << table << "] here";
      return "";
    }
    found->second[key] = value;
    if (key == "vlan_qos" || key == "vlan_proto") found->second["vlan"] = "0";
    if (table == "resource" && (key == "rdma_hca_max" || key == "permissions")) found->second["kind"] = R"("shared")";
    if (table == "resource" && key == "permissions") found->second["rdma_hca_max"] = "5";
    if (table == "resource" && key == "numa_topology")
      found->second.insert_or_assign("kind", R"("shared")"), found->second["rdma_hca_max"] = "5";
    if (key == "aux_types") tables["resource"]["device_class"] = R"("auxiliary")";
    if (table == "resource" && key == "kind" && value == R"("shared")") found->second["rdma_hca_max"] = "5";
  }
  std::string text;
  for (const char* name : {"agent", "infiniband", "kernel_modules", "gpudirect", "rdma", "kubelet"})
    text += std::string{"["} + name + "]\n" + lines(tables[name]);
  text += "[[kernel_modules.version]]\n" + lines(tables["kernel_modules.version"]);
  text += "[[sriov.policy]]\n" + lines(tables["sriov.policy"]) +
          "selectors = " + inline_table(tables["sriov.policy.selectors"]) + "\n";
  text += "[[sriov.policy.group]]\n" + lines(tables["sriov.policy.group"]);
  text +=
      "[[resource]]\n" + lines(tables["resource"]) + "selectors = " + inline_table(tables["resource.selectors"]) + "\n";
  return text;
}

// For each key that holds a value: one that differs from what it is without the key.
const std::map<std::string, std::string> kSamples{
    {"agent.auto_apply", "false"},
    {"agent.protected", R"(["0000:3b:00.0", "0001:00:00.1"])"},
    {"infiniband.guid_pool", R"("/etc/guids")"},
    {"gpudirect.acs", R"("off-on-gpu-paths")"},
    {"gpudirect.max_read_request", "4096"},
    {"sriov.policy.name", R"("other")"},
    {"sriov.policy.priority", "10"},
    {"sriov.policy.externally_managed", "true"},
    {"sriov.policy.num_vfs", "4"},
    {"sriov.policy.on_drift", R"("observe")"},
    {"sriov.policy.eswitch_mode", R"("switchdev")"},
    {"sriov.policy.mtu", "9000"},
    {"sriov.policy.device_type", R"("vfio-pci")"},
    {"sriov.policy.macs", R"(["02:00:00:00:00:10", "02:00:00:00:00:20-02:00:00:00:00:2f"])"},
    {"sriov.policy.vlan", "0"},
    {"sriov.policy.vlan_qos", "3"},
    {"sriov.policy.vlan_proto", R"("802.1ad")"},
    {"sriov.policy.trust", "false"},
    {"sriov.policy.spoofchk", "true"},
    {"sriov.policy.link_state", R"("enable")"},
    {"sriov.policy.min_tx_rate", "100"},
    {"sriov.policy.max_tx_rate", "0"},
    {"sriov.policy.group.vfs", R"("0-2,5")"},
    {"sriov.policy.group.device_type", R"("vfio-pci")"},
    {"sriov.policy.is_rdma", "true"},
    {"sriov.policy.need_vhost_net", "true"},
    {"sriov.policy.vdpa_type", R"("vhost")"},
    {"sriov.policy.group.mtu", "4000"},
    {"sriov.policy.group.is_rdma", "false"},
    {"sriov.policy.group.vdpa_type", R"("virtio")"},
    {"sriov.policy.group.macs", R"(["02:00:00:00:00:10", "02:00:00:00:00:20-02:00:00:00:00:2f"])"},
    {"sriov.policy.group.guids", R"("pool")"},
    {"sriov.policy.guids", R"(["0002:c903:00f9:bfa0-0002:c903:00f9:bfa4"])"},
    {"sriov.policy.group.vlan", "0"},
    {"sriov.policy.group.vlan_qos", "3"},
    {"sriov.policy.group.vlan_proto", R"("802.1ad")"},
    {"sriov.policy.group.trust", "false"},
    {"sriov.policy.group.spoofchk", "true"},
    {"sriov.policy.group.link_state", R"("enable")"},
    {"sriov.policy.group.min_tx_rate", "100"},
    {"sriov.policy.group.max_tx_rate", "0"},
    {"sriov.policy.selectors.vendors", R"(["15b3", "00a1"])"},
    {"sriov.policy.selectors.devices", R"(["1021"])"},
    {"sriov.policy.selectors.pf_names", R"(["ens1f0#0-3,5", "a\"b\\c"])"},
    {"sriov.policy.selectors.root_devices", R"(["0000:3b:00.0", "0000:3b:00.1#1"])"},
    {"sriov.policy.selectors.link_types", R"(["infiniband"])"},
    {"kernel_modules.required", R"(["ib_uverbs", "vfio-pci", "@mlx5"])"},
    {"kernel_modules.rdma_stack", R"("ofed")"},
    {"kernel_modules.require_signed", "true"},
    {"kernel_modules.reload", R"("when-safe")"},
    {"kernel_modules.ready_file", R"("/run/mellanox/drivers/.driver-ready")"},
    {"kernel_modules.version.name", R"("mlx5-core")"},
    {"kernel_modules.version.min", R"("24.10-1.1.4")"},
    {"kernel_modules.version.max", R"("25.01")"},
    {"gpudirect.peer_memory", R"("auto")"},
    {"rdma.netns_mode", R"("exclusive")"},
    {"kubelet.enabled", "false"},
    {"kubelet.root", R"("/d\u00e4ta/\"\u0007")"},
    {"kubelet.rdma_shared_config", R"("/k8s-rdma-shared-dev-plugin/config.json")"},
    {"kubelet.sriov_config", R"("/etc/pcidp/config.json")"},
    {"kubelet.sriov_resource_prefix", R"("example.com")"},
    {"kubelet.strict", "true"},
    {"kubelet.link_up", "true"},
    {"kubelet.on_rival", R"("stand-by")"},
    {"resource.name", R"("example.com/other")"},
    {"resource.kind", R"("shared")"},
    {"resource.rdma_hca_max", "63"},
    {"resource.exclude_topology", "true"},
    {"resource.device_class", R"("accelerator")"},
    {"resource.numa_topology", "true"},
    {"resource.allow_protected", "true"},
    {"resource.unhealthy_on", R"(["carrier", "devlink"])"},
    {"resource.keep_lost_seconds", "0"},
    {"resource.additional_info", R"({ "*" = { net = "a\"b" }, "0000:3b:00.2" = { "rail 0" = "x" } })"},
    {"resource.selectors.acpi_indexes", R"(["101"])"},
    {"resource.selectors.pkeys", R"(["0x8001", "0x7fff"])"},
    {"resource.selectors.ddp_profiles", R"(["GTPv1-C/U IPv4/IPv6 payload"])"},
    {"resource.selectors.aux_types", R"(["sf"])"},
    {"resource.selectors.need_vhost_net", "true"},
    {"resource.selectors.vdpa_type", R"("vhost")"},
    {"kubelet.cdi", R"("field")"},
    {"resource.preferred_allocation", R"("near-gpu")"},
    {"resource.pre_start", "true"},
    {"resource.required_nodes", R"(["uverbs", "umad", "rdma_cm"])"},
    {"resource.permissions", R"("rw")"},
    {"resource.selectors.vendors", R"(["15b3"])"},
    {"resource.selectors.devices", R"(["101e"])"},
    {"resource.selectors.drivers", R"(["vfio-pci"])"},
    {"resource.selectors.pf_names", R"(["ens1f0#0-3"])"},
    {"resource.selectors.root_devices", R"(["0000:3b:00.0#4-7"])"},
    {"resource.selectors.pci_addresses", R"(["0000:3b:00.2"])"},
    {"resource.selectors.if_names", R"(["ens1f0v0"])"},
    {"resource.selectors.link_types", R"(["ethernet", "infiniband"])"},
    {"resource.selectors.is_rdma", "true"},
};

bool holds_a_value(const Key& key) {
  return key.type != Type::table && key.type != Type::tables && key.type != Type::selector_or_list;
}

TEST(WriteToml, TakesEveryKeyOfTheSchemaThereAndBack) {
  const auto least = parsed(text_with("", "", ""));
  for (const auto& key : kKeys) {
    if (!holds_a_value(key)) continue;
    const auto name = std::string{key.table} + "." + std::string{key.name};
    const auto sample = kSamples.find(name);
    ASSERT_NE(sample, kSamples.end()) << "the key " << name << " has no sample in this test: give one";
    const auto config = parsed(text_with(std::string{key.table}, std::string{key.name}, sample->second));
    EXPECT_FALSE(config == least) << name << ": the sample changes nothing";
    const auto text = write_toml(config);
    EXPECT_TRUE(parsed(text) == config) << name << " is lost in\n" << text;
  }
}

TEST(WriteToml, TakesListsOfTablesThereAndBack) {
  const auto config = parsed(R"(
[[sriov.policy]]
name = "a"
num_vfs = 8
device_type = "vfio-pci"
selectors = { vendors = ["15b3"] }
[[sriov.policy.group]]
vfs = "0"
device_type = "netdevice"
[[sriov.policy.group]]
vfs = "1"
[[sriov.policy]]
name = "b"
num_vfs = 0
selectors = { vendors = ["8086"] }
[[resource]]
name = "example.com/r"
kind = "exclusive"
selectors = [{ is_rdma = true }, {}]
[[resource]]
name = "example.com/s"
kind = "shared"
rdma_hca_max = 5
selectors = { if_names = ["ens1f0"] }
)");
  ASSERT_EQ(config.policies.size(), 2U);
  EXPECT_TRUE(parsed(write_toml(config)) == config) << write_toml(config);
}

TEST(WriteToml, SaysNothingOfWhatIsAsWithoutConfiguration) { EXPECT_EQ(write_toml({}), ""); }

TEST(WriteToml, IsReadableAndNamesWhereItComesFrom) {
  model::Config config;
  model::SriovPolicy policy;
  policy.name = "workers";
  policy.selectors.pf_names = {{"ens1f0", {{0, 3}}}};
  policy.num_vfs = 8;
  policy.place = {"policies\n.yaml", 3, 1};
  config.policies = {policy};
  EXPECT_EQ(write_toml(config), R"(# policies?.yaml:3:1
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["ens1f0#0-3"] }
num_vfs = 8
)");
}

}  // namespace
}  // namespace nic::config
