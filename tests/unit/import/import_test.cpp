#include "config/import/import.hpp"

#include "config/fields.hpp"
#include "config/parse_toml.hpp"
#include "config/write_toml.hpp"
#include "core/match.hpp"
#include "core/pools.hpp"
#include "core/resolve.hpp"
#include "lib/hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::config {
namespace {

using testing::ElementsAre, testing::HasSubstr, testing::IsEmpty, testing::SizeIs;

Imported good(const std::string& text, std::string_view prefix = kResourcePrefix) {
  auto imported = import_documents({{"d.yaml", text}}, prefix);
  if (!imported) ADD_FAILURE() << imported.error().front().text();
  return imported.value_or(Imported{});
}

// The first mistake, as an administrator reads it.
std::string mistake(const std::string& text) {
  const auto imported = import_documents({{"d.yaml", text}});
  return imported ? "no mistake" : imported.error().front().text();
}

std::vector<std::string> warnings(const Imported& imported) {
  std::vector<std::string> texts;
  for (const auto& warning : imported.warnings) texts.push_back(warning.place.text() + ": " + warning.text);
  return texts;
}

// One policy on the PFs of `selector`, with more lines of its spec.
std::string policy(const std::string& name, const std::string& selector, const std::string& more = "") {
  return "---\napiVersion: sriovnetwork.openshift.io/v1\nkind: SriovNetworkNodePolicy\nmetadata:\n  name: " + name +
         "\nspec:\n  resourceName: " + name + "_vfs\n  numVfs: 4\n  nicSelector: " + selector + "\n" + more;
}

std::string state(const std::string& spec) {
  return "apiVersion: sriovnetwork.openshift.io/v1\nkind: SriovNetworkNodeState\nmetadata: {name: node-1}\nspec:\n" +
         spec;
}

std::string pool(const std::string& spec) {
  return "---\napiVersion: sriovnetwork.openshift.io/v1\nkind: SriovNetworkPoolConfig\nmetadata: {name: p}\nspec:\n" +
         spec;
}

constexpr auto kFull = R"(apiVersion: sriovnetwork.openshift.io/v1
kind: SriovNetworkNodePolicy
metadata:
  name: gpu-rdma
  namespace: sriov-network-operator
  labels: {team: network}
  creationTimestamp: "2026-01-01T00:00:00Z"
spec:
  resourceName: gpu_rdma
  priority: 10
  mtu: 9000
  numVfs: 8
  nicSelector:
    vendor: "15b3"
    deviceID: "1021"
    pfNames: ["ens1f0np0#0-3", ens2f0np0]
    rootDevices: ["0000:3b:00.0"]
  deviceType: netdevice
  isRdma: true
  excludeTopology: true
  externallyManaged: true
status: {}
)";

TEST(ImportPolicy, TakesEveryFieldThatTheConfigurationHas) {
  const auto imported = good(kFull);
  EXPECT_THAT(imported.warnings, IsEmpty());
  ASSERT_THAT(imported.config.policies, SizeIs(1));
  const auto& made = imported.config.policies[0];
  EXPECT_EQ(made.name, "gpu-rdma");
  EXPECT_EQ(made.priority, 10U);
  EXPECT_EQ(made.num_vfs, 8U);
  EXPECT_EQ(made.mtu, 9000U);
  EXPECT_EQ(made.device_type, model::DeviceType::netdevice);
  EXPECT_TRUE(made.externally_managed);
  EXPECT_THAT(made.selectors.vendors, ElementsAre(0x15b3));
  EXPECT_THAT(made.selectors.devices, ElementsAre(0x1021));
  EXPECT_THAT(made.selectors.pf_names,
              ElementsAre(model::PfName{"ens1f0np0", {{0, 3}}}, model::PfName{"ens2f0np0", {}}));
  EXPECT_THAT(made.selectors.root_devices, ElementsAre(model::RootDevice{test::pci("0000:3b:00.0"), {}}));
  EXPECT_EQ(made.place, (model::Place{"d.yaml", 1, 1}));
}

TEST(ImportPolicy, OffersJustItsVfsAsAResource) {
  const auto imported = good(kFull, "example.com");
  ASSERT_THAT(imported.config.resources, SizeIs(1));
  const auto& resource = imported.config.resources[0];
  EXPECT_EQ(resource.name, "example.com/gpu_rdma");
  EXPECT_EQ(resource.kind, model::ResourceKind::exclusive);
  EXPECT_TRUE(resource.exclude_topology);
  ASSERT_THAT(resource.selectors, SizeIs(1));
  const auto& vfs = resource.selectors[0];
  EXPECT_THAT(vfs.devices, ElementsAre(0x101e)) << "the device id of the VFs, not of the PF";
  EXPECT_THAT(vfs.pf_names, ElementsAre(model::PfName{"ens1f0np0", {{0, 3}}}, model::PfName{"ens2f0np0", {{0, 7}}}));
  EXPECT_TRUE(vfs.is_rdma);
}

TEST(ImportPolicy, OfVfioPciOffersWhatIsBoundToIt) {
  const auto imported = good(policy("dpdk", "{pfNames: [ens1f0]}", "  deviceType: vfio-pci\n"));
  EXPECT_EQ(imported.config.policies.at(0).device_type, model::DeviceType::vfio_pci);
  EXPECT_THAT(imported.config.resources.at(0).selectors.at(0).drivers, ElementsAre("vfio-pci"));
}

TEST(ImportPolicy, TakesTheDefaultsOfTheOperator) {
  const auto imported = good(policy("p", "{vendor: \"8086\"}", "  mtu: 0\n  linkType: \"\"\n  needVhostNet: false\n"));
  EXPECT_THAT(imported.warnings, IsEmpty());
  EXPECT_EQ(imported.config.policies.at(0).priority, 99U);
  EXPECT_EQ(imported.config.policies[0].mtu, std::nullopt);
  EXPECT_FALSE(imported.config.resources.at(0).selectors.at(0).is_rdma);
}

TEST(ImportPolicy, ManyShareAResourceAndTheStrongestComesFirst) {
  const auto one = policy("b", "{pfNames: [ens1f0]}", "  priority: 20\n");
  const auto two = policy("a", "{pfNames: [\"ens1f0#0-1\"]}", "  priority: 10\n");
  const auto list =
      "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: \"\"}\nitems:\n- apiVersion: "
      "sriovnetwork.openshift.io/v1\n  kind: SriovNetworkNodePolicy\n  metadata: {name: c}\n  spec: "
      "{resourceName: a_vfs, numVfs: 2, nicSelector: {pfNames: [ens2f0]}}\n";
  const auto imported = import_documents({{"1.yaml", one + two}, {"2.yaml", list}});
  ASSERT_TRUE(imported.has_value()) << imported.error().front().text();
  std::vector<std::string> names;
  for (const auto& made : imported->config.policies) names.push_back(made.name);
  EXPECT_THAT(names, ElementsAre("a", "b", "c"));
  ASSERT_THAT(imported->config.resources, SizeIs(2));
  EXPECT_EQ(imported->config.resources[0].name, "openshift.io/a_vfs");
  EXPECT_THAT(imported->config.resources[0].selectors, SizeIs(2));
  EXPECT_THAT(imported->config.sources, ElementsAre("1.yaml", "2.yaml"));
}

TEST(ImportPolicy, TakesRdmaVdpaAndVhostNet) {
  const auto imported =
      good(policy("p", "{vendor: \"15b3\"}",
                  "  isRdma: true\n  needVhostNet: true\n  eSwitchMode: switchdev\n  vdpaType: vhost\n"));
  EXPECT_THAT(warnings(imported), ElementsAre(HasSubstr("pods are given neither /dev/vhost-net"),
                                              HasSubstr("pods are not given /dev/vhost-vdpa-*")));
  const auto& made = imported.config.policies.at(0);
  EXPECT_TRUE(made.is_rdma);
  EXPECT_TRUE(made.need_vhost_net);
  EXPECT_EQ(made.vdpa_type, model::VdpaType::vhost);
  EXPECT_FALSE(good(policy("p", "{vendor: \"15b3\"}", "  vdpaType: \"\"\n")).config.policies.at(0).vdpa_type);
}

TEST(ImportState, TakesRdmaModeAndVdpaType) {
  const auto imported = good(state(R"(  system: {rdmaMode: exclusive}
  interfaces:
  - pciAddress: 0000:3b:00.0
    numVfs: 2
    eSwitchMode: switchdev
    vfGroups:
    - {resourceName: r, vfRange: 0-1, policyName: p, isRdma: true, vdpaType: virtio}
)"));
  EXPECT_THAT(imported.warnings, IsEmpty());
  EXPECT_EQ(imported.config.rdma_netns_mode, model::RdmaNetnsMode::exclusive);
  EXPECT_EQ(imported.config.policies.at(0).vdpa_type, model::VdpaType::virtio);
  EXPECT_TRUE(imported.config.policies.at(0).is_rdma);
  EXPECT_FALSE(good(state("  system: {rdmaMode: \"\"}\n")).config.rdma_netns_mode.has_value());
}

TEST(ImportPool, GivesTheRdmaMode) {
  const auto imported =
      good(pool("  maxUnavailable: 1\n  nodeSelector: {matchLabels: {gpu: \"true\"}}\n  rdmaMode: shared\n"));
  EXPECT_EQ(imported.config.rdma_netns_mode, model::RdmaNetnsMode::shared);
  EXPECT_THAT(warnings(imported), ElementsAre(HasSubstr("nodeSelector: not taken over")));
  EXPECT_THAT(mistake(pool("  rdmaMode: shared\n") + pool("  rdmaMode: exclusive\n")),
              HasSubstr("another document says shared"));
}

TEST(ImportPolicy, LeavesOutWhatTheOperatorWouldNotApplyEither) {
  const auto imported =
      good(policy("default", "{vendor: \"8086\"}") + policy("cloud", "{netFilter: \"openstack/NetworkID:1\"}") +
           "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n");
  EXPECT_THAT(imported.config.policies, IsEmpty());
  EXPECT_THAT(imported.config.resources, IsEmpty());
  EXPECT_THAT(warnings(imported), ElementsAre(HasSubstr("\"default\" is left out"), HasSubstr("\"cloud\" is left out"),
                                              HasSubstr("Namespace: not taken over")));
}

TEST(ImportPolicy, SaysWhenNobodyKnowsTheIdOfTheVfs) {
  const auto imported = good(policy("p", "{vendor: \"15b3\", deviceID: \"beef\"}"));
  EXPECT_THAT(warnings(imported), ElementsAre(HasSubstr("d.yaml:9:3: nicSelector: which device id")));
  EXPECT_THAT(imported.config.resources.at(0).selectors.at(0).devices, IsEmpty());
}

// No field of the documents is dropped in silence.
TEST(ImportFields, WithoutAKeyOfTheConfigurationAreNamedInAWarning) {
  const auto fault = [](const Field& field) { return std::string{field.name} + ": not taken over: "; };
  const std::string value = ": {x: y}\n";
  for (const auto& field : kFields) {
    if (field.fate != Fate::not_taken || field.why == kNotOfThisType) continue;  // those: plugins_test.cpp
    const auto line = std::string{field.name} + value;
    Imported imported;
    if (field.object == "policy")
      imported = good(policy("p", "{vendor: \"8086\"}", "  " + line));
    else if (field.object == "state")
      imported = good(state("  " + line));
    else if (field.object == "system")
      imported = good(state("  system:\n    " + line));
    else if (field.object == "pool")
      imported = good(pool("  " + line));
    else if (field.object == "interface")
      imported = good(state("  interfaces:\n  - pciAddress: 0000:3b:00.0\n    " + line));
    else if (field.object == "vfGroup")
      imported =
          good(state("  interfaces:\n  - pciAddress: 0000:3b:00.0\n    numVfs: 1\n    vfGroups:\n    - "
                     "resourceName: r\n      vfRange: 0-0\n      " +
                     line));
    else
      ADD_FAILURE() << "a new object: " << field.object;
    EXPECT_THAT(warnings(imported), ElementsAre(HasSubstr(fault(field)))) << field.object;
  }
}

struct Bad {
  std::string text;
  const char* says;
};
class BadDocument : public testing::TestWithParam<Bad> {};

TEST_P(BadDocument, IsAnsweredWithPlaceAndReason) {
  const auto text = mistake(GetParam().text);
  EXPECT_THAT(text, HasSubstr("d.yaml:")) << GetParam().text;
  EXPECT_THAT(text, HasSubstr(GetParam().says)) << text;
}

const std::string kOnVendor = "{vendor: \"8086\"}";

INSTANTIATE_TEST_SUITE_P(
    Hostile, BadDocument,
    testing::Values(
        Bad{policy("p", kOnVendor, "  mtuu: 1\n"), "d.yaml:10:3: unknown field \"mtuu\"; did you mean \"mtu\"?"},
        Bad{policy("p", "{pfName: [x]}"), "did you mean \"pfNames\"?"},
        Bad{policy("p", "{}"), "nicSelector is missing"}, Bad{policy("p", "{vendor: \"\"}"), "name at least one of"},
        Bad{policy("p", "{vendor: 8086}"), "d.yaml:9:25: vendor must be a text; put it into quotation marks"},
        Bad{policy("p", "{vendor: \"0x15b3\"}"), "four hexadecimal digits"},
        Bad{policy("p", "{rootDevices: [\"3b:00.0\"]}"), "PCI address"},
        Bad{policy("p", "{pfNames: ens1f0}"), "pfNames must be a list"},
        Bad{policy("p", "{pfNames: [ens1f0#3]}", "  mtu: 20\n"), "mtu: the least is 68"},
        Bad{policy("p", "{pfNames: [ens1f0#0-4]}"), "there is no VF 4: numVfs is 4"},
        Bad{policy("p", "{pfNames: [ens1f0#3-1]}"), "runs backwards"},
        Bad{policy("p", "[1]"), "nicSelector must be a map"},
        Bad{policy("p", kOnVendor, "  priority: 100\n"), "d.yaml:10:13: priority must be a whole number from 0 to 99"},
        Bad{policy("p", kOnVendor, "  priority: \"9\"\n"), "whole number"},
        Bad{policy("p", kOnVendor, "  priority: 010\n"), "whole number"},
        Bad{policy("p", kOnVendor, "  isRdma: yes\n"), "isRdma must be true or false"},
        Bad{policy("p", kOnVendor, "  deviceType: uio\n"), "not a device type"},
        Bad{policy("p", kOnVendor, "  deviceType: vfio-pci\n  isRdma: true\n"), "has no RDMA device"},
        Bad{policy("p", kOnVendor, "  deviceType: vfio-pci\n  vdpaType: vhost\n"), "has no vDPA device"},
        Bad{policy("p", kOnVendor, "  vdpaType: vhost\n"), "vDPA devices need eSwitchMode switchdev"},
        Bad{policy("p", kOnVendor, "  vdpaType: user\n"), "is not a vDPA type"},
        Bad{state("  system: {rdmaMode: both}\n"), "is not a network-namespace mode"},
        Bad{policy("p p", kOnVendor), "metadata.name: \"p p\" cannot be a name"},
        Bad{policy("p", kOnVendor) + policy("p", kOnVendor), "d.yaml:11:1: policy \"p\" is already at d.yaml:2:1"},
        Bad{policy("p", kOnVendor) + "---\napiVersion: sriovnetwork.openshift.io/v1\nkind: SriovNetworkNodePolicy\n"
                                     "metadata: {name: q}\nspec: {resourceName: p_vfs, numVfs: 1, excludeTopology: "
                                     "true, nicSelector: {vendor: \"15b3\"}}\n",
            "excludeTopology of openshift.io/p_vfs is not the same as at d.yaml:2:1"},
        Bad{"apiVersion: sriovnetwork.openshift.io/v1\nkind: SriovNetworkNodePolicy\nmetadata: {name: p}\n",
            "spec is missing"},
        Bad{"apiVersion: sriovnetwork.openshift.io/v1\nkind: SriovNetworkNodePolicy\nmetadata: {name: p}\nspec: {mtu: "
            "9000}\n",
            "resourceName is missing"},
        Bad{"a: 1\n", "it has no kind"}, Bad{"[1, 2]", "this must be a map of fields"}, Bad{"", "there is neither"},
        Bad{"apiVersion: v1\nkind: Namespace\n", "there is neither"},
        Bad{"apiVersion: v1\nkind: SriovNetworkNodePolicy\n", "there is neither"},
        Bad{"apiVersion: v1\nkind: List\nitems: [{kind: List}]", "a list within a list"}, Bad{"a: [", "d.yaml:"},
        Bad{state("  interfaces: [{name: ens1f0}]"), "pciAddress is missing"},
        Bad{state("  interfaces: [{pciAddress: \"0000:3b:00.0\"}, {pciAddress: \"0000:3b:00.0\"}]"),
            "this PF stands at d.yaml:5:16 already"},
        Bad{state("  interfaces: [{pciAddress: \"0000:3b:00.0\", numVfs: 2, vfGroups: [{resourceName: r, vfRange: "
                  "0-2}]}]"),
            "there is no VF 2: numVfs is 2"},
        Bad{state(
                "  interfaces: [{pciAddress: \"0000:3b:00.0\", numVfs: 4, vfGroups: [{resourceName: r, vfRange: 0-2}, "
                "{resourceName: s, vfRange: 2-3}]}]"),
            "some of them are in the group at d.yaml:5:"},
        Bad{state("  interfaces: []\n") + "---\napiVersion: sriovnetwork.openshift.io/v1\nkind: SriovNetworkNodeState\n"
                                          "metadata: {name: node-2}\n",
            "a configuration is of one machine"}));

TEST(ImportPolicy, CollectsEveryMistakeOfEveryFile) {
  const auto imported =
      import_documents({{"1.yaml", policy("p", kOnVendor, "  mtuu: 1\n  isRdma: 1\n")}, {"2.yaml", "x: ["}});
  ASSERT_FALSE(imported.has_value());
  EXPECT_THAT(imported.error(), SizeIs(3));
}

TEST(ImportPolicy, WantsAPrefixThatTheKubeletTakes) {
  const auto imported = import_documents({{"d.yaml", policy("p", kOnVendor)}}, "Not_a_prefix");
  ASSERT_FALSE(imported.has_value());
  EXPECT_THAT(imported.error().front().text(), HasSubstr("DNS name"));
}

// Two ports that one policy divides, as the operator renders it for the node.
constexpr auto kState = R"({
  "apiVersion": "sriovnetwork.openshift.io/v1",
  "kind": "SriovNetworkNodeState",
  "metadata": {"name": "node-1", "annotations": {"sriovnetwork.openshift.io/current-state": "Idle"}},
  "spec": {
    "interfaces": [
      {"name": "ens1f0", "pciAddress": "0000:3b:00.0", "numVfs": 8, "mtu": 9000, "vfGroups": [
        {"policyName": "dpdk", "resourceName": "dpdk", "vfRange": "0-3", "deviceType": "vfio-pci"},
        {"policyName": "net", "resourceName": "net", "vfRange": "4-7", "deviceType": "netdevice", "mtu": 9000}]},
      {"name": "ens1f1", "pciAddress": "0000:3b:00.1", "numVfs": 8, "vfGroups": [
        {"policyName": "dpdk", "resourceName": "dpdk", "vfRange": "0-3", "deviceType": "vfio-pci"}]}
    ]
  },
  "status": {"syncStatus": "Succeeded", "interfaces": [{"anything": ["goes"]}]}
})";

TEST(ImportNodeState, MakesOnePolicyOfWhatCameOfOne) {
  const auto imported = good(kState);
  EXPECT_THAT(imported.warnings, IsEmpty());
  ASSERT_THAT(imported.config.policies, SizeIs(2));
  const auto& dpdk = imported.config.policies[0];
  EXPECT_EQ(dpdk.name, "dpdk");
  EXPECT_EQ(dpdk.num_vfs, 8U);
  EXPECT_EQ(dpdk.device_type, model::DeviceType::vfio_pci);
  EXPECT_THAT(dpdk.selectors.root_devices, ElementsAre(model::RootDevice{test::pci("0000:3b:00.0"), {{0, 3}}},
                                                       model::RootDevice{test::pci("0000:3b:00.1"), {{0, 3}}}));
  EXPECT_EQ(imported.config.policies[1].mtu, 9000U);
  ASSERT_THAT(imported.config.resources, SizeIs(2));
  EXPECT_EQ(imported.config.resources[0].name, "openshift.io/dpdk");
}

TEST(ImportNodeState, GivesPoliciesThatDifferFromPfToPfNamesOfTheirOwn) {
  const auto imported = good(state(R"(  interfaces:
  - {pciAddress: "0000:3b:00.0", numVfs: 4, vfGroups: [{policyName: p, resourceName: r, vfRange: 0-3}]}
  - {pciAddress: "0000:3b:00.1", numVfs: 2, vfGroups: [{policyName: p, resourceName: r, vfRange: 0-1}]}
  - {pciAddress: "0000:3b:00.2", numVfs: 1}
)"));
  std::vector<std::string> names;
  for (const auto& made : imported.config.policies) names.push_back(made.name);
  EXPECT_THAT(names, ElementsAre("p", "p-2", "pf-0000-3b-00.2"));
  ASSERT_THAT(imported.config.resources, SizeIs(1));
  EXPECT_THAT(imported.config.resources[0].selectors, SizeIs(2));
}

TEST(ImportNodeState, SaysWhatBecomesOfAnMtuOfThePfAlone) {
  const auto wide = good(state(R"(  interfaces:
  - {pciAddress: "0000:3b:00.0", numVfs: 4, mtu: 9000, vfGroups: [{policyName: p, resourceName: r, vfRange: 0-3, mtu: 1500}]}
)"));
  EXPECT_THAT(warnings(wide), ElementsAre(HasSubstr("the PF gets 1500")));
  const auto alone = good(state(R"(  interfaces:
  - {pciAddress: "0000:3b:00.0", numVfs: 4, mtu: 9000, vfGroups: [{policyName: p, resourceName: r, vfRange: 0-3}]}
)"));
  EXPECT_THAT(warnings(alone), ElementsAre(HasSubstr("the VFs get it too")));
  EXPECT_EQ(alone.config.policies.at(0).mtu, 9000U);
}

TEST(ImportRecords, OfTheOperatorOnTheNodeAreReadFileByFile) {
  const auto record = [](const char* address) {
    return std::string{R"({"pciAddress":")"} + address +
           R"(","numVfs":4,"name":"ens1f0","vfGroups":[{"resourceName":"r","deviceType":"netdevice","vfRange":"0-3","policyName":"p"}]})";
  };
  const auto imported = import_documents({{"a", record("0000:3b:00.0")}, {"b", record("0000:3b:00.1")}});
  ASSERT_TRUE(imported.has_value()) << imported.error().front().text();
  ASSERT_THAT(imported->config.policies, SizeIs(1));
  EXPECT_THAT(imported->config.policies[0].selectors.root_devices, SizeIs(2));
}

constexpr auto kIbState = R"(  interfaces:
  - {pciAddress: "0000:3b:00.0", numVfs: 4, vfGroups: [
      {policyName: p, resourceName: r, vfRange: 0-1}, {policyName: q, resourceName: s, vfRange: 2-3}]}
  - {pciAddress: "0000:3b:00.1", numVfs: 4, vfGroups: [{policyName: p, resourceName: r, vfRange: 0-1}]}
)";

TEST(ImportGuids, GoToThePfsOfTheNodeState) {
  const auto imported = import_documents(
      {{"guids", R"([{"pci_address": "0000:3b:00.0", "guids": ["00:02:c9:03:00:00:00:10", "00:02:c9:03:00:00:00:11",
                                                              "00:02:c9:03:00:00:00:14", "00:02:c9:03:00:00:00:20"]}])"},
       {"state", state(kIbState)}});
  ASSERT_TRUE(imported.has_value()) << imported.error().front().text();
  ASSERT_THAT(imported->config.policies, SizeIs(3));
  const auto toml = write_toml(imported->config);
  EXPECT_THAT(toml, HasSubstr(R"(guids = ["0002:c903:0000:0010-0002:c903:0000:0011"])"));
  EXPECT_THAT(toml, HasSubstr(R"(guids = ["0002:c903:0000:0014", "0002:c903:0000:0020"])"));
  EXPECT_THAT(imported->warnings, IsEmpty());
}

TEST(ImportGuids, ThatReachNoPfAreNamed) {
  const auto imported = import_documents(
      {{"state", state(kIbState)}, {"guids", R"([{"pciAddress": "0000:5e:00.0", "guids": ["00:02:c9:03:00:00:00:10"]},
{"pfGuid": "00:02:c9:03:00:00:00:01", "guids": ["00:02:c9:03:00:00:00:11"]}])"}});
  ASSERT_TRUE(imported.has_value()) << imported.error().front().text();
  EXPECT_THAT(warnings(*imported), ElementsAre(HasSubstr("guids:1:2: not taken over: no node state"),
                                               HasSubstr("guids:2:1: not taken over: which PF has this GUID")));
  const auto few =
      import_documents({{"state", state(kIbState)},
                        {"guids", R"([{"pciAddress": "0000:3b:00.0", "guids": ["00:02:c9:03:00:00:00:10"]}])"}});
  EXPECT_THAT(few.error().at(0).text(), HasSubstr("guids:1:2: it has no GUID for VF 1 of 0000:3b:00.0"));
  EXPECT_THAT(mistake(R"([{"pciAddress": "0000:3b:00.0", "guids": ["x"]}])"),
              HasSubstr("d.yaml:1:43: guids: \"x\" is no GUID"));
}

model::Config without_places(model::Config config) {
  for (auto& made : config.policies) made.place = {};
  for (auto& resource : config.resources) resource.place = {};
  config.sources.clear();
  return config;
}

TEST(Import, GivesTheSameForAPolicyOfAddressesAndForItsNodeState) {
  const auto policies = good(R"(apiVersion: sriovnetwork.openshift.io/v1
kind: SriovNetworkNodePolicyList
items:
- {apiVersion: sriovnetwork.openshift.io/v1, kind: SriovNetworkNodePolicy, metadata: {name: net}, spec: {
    resourceName: net, numVfs: 4, mtu: 9000, isRdma: true, nicSelector: {rootDevices: ["0000:3b:00.0", "0000:3b:00.1"]}}}
- {apiVersion: sriovnetwork.openshift.io/v1, kind: SriovNetworkNodePolicy, metadata: {name: dpdk}, spec: {
    resourceName: dpdk, numVfs: 2, deviceType: vfio-pci, externallyManaged: true,
    nicSelector: {rootDevices: ["0000:5e:00.0"]}}}
)");
  const auto node = good(state(R"(  interfaces:
  - {pciAddress: "0000:3b:00.0", name: a, numVfs: 4, mtu: 9000, vfGroups: [
      {policyName: net, resourceName: net, vfRange: 0-3, mtu: 9000, isRdma: true, deviceType: netdevice}]}
  - {pciAddress: "0000:3b:00.1", name: b, numVfs: 4, mtu: 9000, vfGroups: [
      {policyName: net, resourceName: net, vfRange: 0-3, mtu: 9000, isRdma: true, deviceType: netdevice}]}
  - {pciAddress: "0000:5e:00.0", name: c, numVfs: 2, externallyManaged: true, vfGroups: [
      {policyName: dpdk, resourceName: dpdk, vfRange: 0-1, deviceType: vfio-pci}]}
)"));
  EXPECT_EQ(write_toml(without_places(policies.config)), write_toml(without_places(node.config)));
  EXPECT_TRUE(without_places(policies.config) == without_places(node.config));
}

// Where the policies say names and the node state says addresses, the machine is asked for the same.
TEST(Import, AsksTheMachineForTheSame) {
  auto text = policy("dpdk", "{pfNames: [\"ens1f0#0-3\", \"ens1f1#0-3\"]}", "  deviceType: vfio-pci\n") +
              policy("net", "{pfNames: [\"ens1f0#4-6\"]}", "  mtu: 9000\n");
  for (auto at = text.find("numVfs: 4"); at != std::string::npos; at = text.find("numVfs: 4")) text[at + 8] = '7';
  const auto policies = good(text);
  const auto node = good(state(R"(  interfaces:
  - {pciAddress: "0000:3b:00.0", name: ens1f0, numVfs: 7, mtu: 9000, vfGroups: [
      {policyName: dpdk, resourceName: dpdk_vfs, vfRange: 0-3, deviceType: vfio-pci},
      {policyName: net, resourceName: net_vfs, vfRange: 4-6, mtu: 9000}]}
  - {pciAddress: "0000:3b:00.1", name: ens1f1, numVfs: 7, vfGroups: [
      {policyName: dpdk, resourceName: dpdk_vfs, vfRange: 0-3, deviceType: vfio-pci}]}
)"));
  const model::Inventory machine = test::Host{}.pf("0000:3b:00.0", "ens1f0").pf("0000:3b:00.1", "ens1f1");
  EXPECT_TRUE(core::resolve(policies.config, machine) == core::resolve(node.config, machine));
}

TEST(Import, PrintsWhatTheAgentReads) {
  for (const char* text : {kFull, kState}) {
    const auto imported = good(text);
    const auto toml = write_toml(imported.config);
    const auto read = parse_toml(toml, "t.toml");
    ASSERT_TRUE(read.has_value()) << read.error().front().text() << "\n" << toml;
    EXPECT_TRUE(without_places(*read) == without_places(imported.config)) << toml;
  }
}

}  // namespace
}  // namespace nic::config
