#include "config/parse_toml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::config {
namespace {

using testing::HasSubstr;

constexpr auto kPolicy = R"([[sriov.policy]]
name = "workers"
selectors = { pf_names = ["enp1s0", "ens1f0#0-3,5"], vendors = ["8086"], root_devices = ["0000:01:00.0#1"] }
num_vfs = 6
mtu = 1500
[[sriov.policy.group]]
vfs = "0-1"
device_type = "vfio-pci"
)";

model::Config good(std::string_view text) {
  auto config = parse_toml(text, "t.toml");
  if (!config) ADD_FAILURE() << config.error().front().text();
  return config.value_or(model::Config{});
}

// The first mistake, as an administrator reads it.
std::string mistake(std::string_view text) {
  const auto config = parse_toml(text, "t.toml");
  return config ? "no mistake" : config.error().front().text();
}

TEST(ParseToml, ReadsAPolicyWithEverySelectorAndAGroup) {
  const auto config = good(kPolicy);
  ASSERT_EQ(config.policies.size(), 1u);
  const auto& policy = config.policies[0];
  EXPECT_EQ(policy.selectors.vendors, (std::vector<std::uint16_t>{0x8086}));
  EXPECT_EQ(policy.selectors.pf_names[1], (model::PfName{"ens1f0", {{0, 3}, {5, 5}}}));
  EXPECT_EQ(policy.selectors.root_devices[0].vfs, (std::vector<model::IndexRange>{{1, 1}}));
  EXPECT_EQ(policy.num_vfs, 6u);
  EXPECT_EQ(policy.mtu, 1500u);
  EXPECT_EQ(policy.groups.at(0).device_type, model::DeviceType::vfio_pci);
  EXPECT_EQ(policy.place, (model::Place{"t.toml", 1, 1}));
}

TEST(ParseToml, ReadsWhatThePfIsToldOfItsVfs) {
  const auto config = good(R"([[sriov.policy]]
name = "p"
selectors = { vendors = ["8086"] }
num_vfs = 4
macs = ["02:00:00:00:00:10", "02:00:00:00:00:20-02:00:00:00:00:2f"]
guids = "derived"
vlan = 100
vlan_qos = 3
vlan_proto = "802.1ad"
trust = true
spoofchk = false
link_state = "enable"
min_tx_rate = 100
max_tx_rate = 1000
[[sriov.policy.group]]
vfs = "0"
vlan = 0
)");
  const auto& options = config.policies.at(0).options;
  EXPECT_EQ(options.macs->ranges.at(1).second.text(), "02:00:00:00:00:2f");
  EXPECT_EQ(options.guids->source, model::AddressSource::derived);
  model::VfSettings expected;
  expected.vlan = model::Vlan{100, 3, model::VlanProtocol::dot1ad};
  expected.trust = true;
  expected.spoof_check = false;
  expected.link_state = model::VfLinkState::enable;
  expected.min_tx_rate = 100;
  expected.max_tx_rate = 1000;
  EXPECT_EQ(options.settings, expected);
  EXPECT_EQ(config.policies[0].groups.at(0).options.settings.vlan, model::Vlan{});
}

// A policy with these lines of its own.
std::string with_lines(const std::string& lines) {
  return "[[sriov.policy]]\nname = \"p\"\nselectors = { vendors = [\"8086\"] }\nnum_vfs = 4\n" + lines;
}

TEST(ParseToml, AnswersSettingsOfVfsThatMakeNoSense) {
  EXPECT_THAT(mistake(with_lines("macs = \"02:00\"")), HasSubstr("t.toml:5:8: macs: \"02:00\" is no address"));
  EXPECT_THAT(mistake(with_lines("macs = [\"01:00:5e:00:00:01\"]")), HasSubstr("multicast"));
  EXPECT_THAT(mistake(with_lines("macs = [\"02:00:00:00:00:02-02:00:00:00:00:01\"]")), HasSubstr("runs backwards"));
  EXPECT_THAT(mistake(with_lines("macs = [\"derived\", \"02:00:00:00:00:02\"]")), HasSubstr("either"));
  EXPECT_THAT(mistake(with_lines("macs = []")), HasSubstr("the list is empty"));
  EXPECT_THAT(mistake(with_lines("guids = \"0000:0000:0000:0000\"")), HasSubstr("zero"));
  EXPECT_THAT(mistake(with_lines("vlan = 4095")), HasSubstr("from 0 to 4094"));
  EXPECT_THAT(mistake(with_lines("vlan_qos = 3")), HasSubstr("it belongs to a vlan"));
  EXPECT_THAT(mistake(with_lines("vlan = 1\nvlan_proto = \"802.1x\"")), HasSubstr("not a VLAN protocol"));
  EXPECT_THAT(mistake(with_lines("link_state = \"up\"")), HasSubstr("not a link state"));
  EXPECT_THAT(mistake(with_lines("on_drift = \"ignore\"")), HasSubstr("neither \"enforce\" nor \"observe\""));
  EXPECT_THAT(mistake(with_lines("min_tx_rate = 2\nmax_tx_rate = 1")), HasSubstr("more than max_tx_rate"));
  EXPECT_THAT(mistake(with_lines("externally_managed = true\ntrust = true")), HasSubstr("leave them to whoever"));
}

TEST(ParseToml, ReadsTheEswitchModeOfAPolicy) {
  EXPECT_FALSE(good(with_lines("")).policies.at(0).eswitch_mode.has_value());
  EXPECT_EQ(good(with_lines("eswitch_mode = \"switchdev\"")).policies.at(0).eswitch_mode,
            model::EswitchMode::switchdev);
  EXPECT_EQ(good(with_lines("eswitch_mode = \"legacy\"")).policies.at(0).eswitch_mode, model::EswitchMode::legacy);
  EXPECT_THAT(mistake(with_lines("eswitch_mode = \"swichdev\"")),
              testing::AllOf(HasSubstr("t.toml:5:16"), HasSubstr("\"legacy\" or \"switchdev\"")));
}

TEST(ParseToml, ReadsRdmaVhostNetAndVdpaOfAPolicyAndItsGroups) {
  const auto config = good(with_lines(R"(is_rdma = true
need_vhost_net = true
eswitch_mode = "switchdev"
vdpa_type = "vhost"
[[sriov.policy.group]]
vfs = "0"
is_rdma = false
vdpa_type = "virtio"
[[sriov.policy.group]]
vfs = "1"
device_type = "vfio-pci"
)"));
  const auto& policy = config.policies.at(0);
  EXPECT_TRUE(policy.is_rdma);
  EXPECT_TRUE(policy.need_vhost_net);
  EXPECT_EQ(policy.vdpa_type, model::VdpaType::vhost);
  EXPECT_EQ(policy.groups.at(0).is_rdma, false);
  EXPECT_EQ(policy.groups[0].vdpa_type, model::VdpaType::virtio);
  EXPECT_FALSE(policy.groups.at(1).is_rdma.has_value());
  EXPECT_THAT(mistake(with_lines("vdpa_type = \"user\"")), HasSubstr("\"virtio\" or \"vhost\""));
  const std::string vfio = "device_type = \"vfio-pci\"\n";
  EXPECT_THAT(mistake(with_lines(vfio + "is_rdma = true")), HasSubstr("t.toml:6:11: is_rdma: a VF on vfio-pci"));
  EXPECT_THAT(mistake(with_lines(vfio + "vdpa_type = \"vhost\"")), HasSubstr("a VF on vfio-pci has no vDPA device"));
  EXPECT_THAT(mistake(with_lines("[[sriov.policy.group]]\nvfs = \"0\"\n" + vfio + "is_rdma = true")),
              HasSubstr("a VF on vfio-pci has no RDMA device"));
}

TEST(ParseToml, ReadsTheRdmaNamespaceMode) {
  EXPECT_FALSE(good("").rdma_netns_mode.has_value());
  EXPECT_FALSE(good("[rdma]\n").rdma_netns_mode.has_value());
  EXPECT_EQ(good("[rdma]\nnetns_mode = \"exclusive\"\n").rdma_netns_mode, model::RdmaNetnsMode::exclusive);
  EXPECT_EQ(good("[rdma]\nnetns_mode = \"shared\"\n").rdma_netns_mode, model::RdmaNetnsMode::shared);
  EXPECT_THAT(mistake("[rdma]\nnetns_mode = \"private\"\n"),
              testing::AllOf(HasSubstr("t.toml:2:14"), HasSubstr("\"shared\" or \"exclusive\"")));
  EXPECT_THAT(mistake("[rdma]\nnetnsmode = \"shared\"\n"), HasSubstr("did you mean \"netns_mode\"?"));
}

TEST(ParseToml, LeavesTheWayToGpusAloneUnlessItIsAskedFor) {
  EXPECT_EQ(good("").gpudirect, model::GpudirectSettings{});
  const auto config = good("[gpudirect]\nacs = \"off-on-gpu-paths\"\nmax_read_request = 4096\n");
  EXPECT_EQ(config.gpudirect.acs, model::AcsPolicy::off_on_gpu_paths);
  EXPECT_EQ(config.gpudirect.max_read_request, 4096u);
  EXPECT_EQ(parse_toml("[gpudirect]\nacs = \"leave\"\n", "t.toml", config)->gpudirect,
            (model::GpudirectSettings{model::AcsPolicy::leave, 4096}));
}

TEST(ParseToml, NeverLoadsModulesAnewUnlessItIsAskedFor) {
  EXPECT_EQ(good("").drivers.reload, model::ReloadPolicy::never);
  const auto config = good("[kernel_modules]\nreload = \"when-safe\"\n");
  EXPECT_EQ(config.drivers.reload, model::ReloadPolicy::when_safe);
  EXPECT_EQ(parse_toml("[kernel_modules]\nrequire_signed = true\n", "t.toml", config)->drivers.reload,
            model::ReloadPolicy::when_safe);
  EXPECT_EQ(parse_toml("[kernel_modules]\nreload = \"never\"\n", "t.toml", config)->drivers.reload,
            model::ReloadPolicy::never);
  EXPECT_THAT(mistake("[kernel_modules]\nreload = \"always\""),
              testing::AllOf(HasSubstr("t.toml:2:10"), HasSubstr("neither \"never\" nor \"when-safe\"")));
}

// Behaviour 27: a size that Device Control cannot say is refused.
TEST(ParseToml, AnswersReadRequestsThatPciExpressDoesNotHave) {
  for (const auto* bytes : {"64", "0", "8192", "-1"})
    EXPECT_THAT(mistake("[gpudirect]\nmax_read_request = " + std::string{bytes}), HasSubstr("from 128 to 4096"));
  EXPECT_THAT(mistake("[gpudirect]\nmax_read_request = 3000"),
              testing::AllOf(HasSubstr("t.toml:2:20"), HasSubstr("3000 is no size that PCI Express has")));
  EXPECT_THAT(mistake("[gpudirect]\nacs = \"off\""), HasSubstr("neither \"leave\" nor \"off-on-gpu-paths\""));
}

TEST(ParseToml, ReadsPriorityOwnershipAndLinkTypesOfAPolicy) {
  const auto config = good(R"([[sriov.policy]]
name = "p"
priority = 10
externally_managed = true
selectors = { link_types = ["infiniband"] }
num_vfs = 2
)");
  EXPECT_EQ(config.policies.at(0).priority, 10u);
  EXPECT_TRUE(config.policies[0].externally_managed);
  EXPECT_EQ(config.policies[0].selectors.link_types.at(0), model::LinkType::infiniband);
  EXPECT_EQ(good(kPolicy).policies.at(0).priority, model::kWeakestPriority);
  EXPECT_THAT(
      mistake("[[sriov.policy]]\nname = \"p\"\npriority = 100\nselectors = { vendors = [\"8086\"] }\nnum_vfs = 2\n"),
      HasSubstr("t.toml:3:12"));
}

TEST(ParseToml, ReadsResourcesModulesAndTheKubelet) {
  const auto config = good(R"(
[kernel_modules]
required = ["ib_uverbs", "vfio-pci"]
[kubelet]
root = "/data/kubelet"
on_rival = "stand-by"
[agent]
auto_apply = false
protected = ["0000:3b:00.0"]
[[resource]]
name = "example.com/rdma"
kind = "shared"
rdma_hca_max = 1000
selectors = { if_names = ["enp1s0"], link_types = ["infiniband"] }
[[resource]]
name = "example.com/vfs"
kind = "exclusive"
selectors = [{ drivers = ["vfio-pci"], pci_addresses = ["0000:01:10.0"] }, { is_rdma = true }]
exclude_topology = true
)");
  EXPECT_EQ(config.modules.at(1).name, "vfio-pci");
  EXPECT_EQ(config.kubelet.root, "/data/kubelet");
  EXPECT_EQ(config.kubelet.on_rival, model::OnRival::stand_by);
  EXPECT_FALSE(config.auto_apply);
  EXPECT_TRUE(config.protected_functions.contains(model::PciAddress::parse("0000:3b:00.0").value()));
  EXPECT_EQ(config.resources.at(0).rdma_hca_max, 1000u);
  EXPECT_EQ(config.resources[0].selectors.at(0).link_types.at(0), model::LinkType::infiniband);
  EXPECT_EQ(config.resources.at(1).selectors.size(), 2u);
  EXPECT_TRUE(config.resources[1].selectors[1].is_rdma);
  EXPECT_TRUE(config.resources[1].exclude_topology);
}

TEST(ParseToml, ReadsWhatAContainerGets) {
  const auto config = good(R"(
[kubelet]
cdi = "annotation"
[[resource]]
name = "example.com/rdma"
kind = "shared"
rdma_hca_max = 5
selectors = {}
permissions = "rw"
required_nodes = []
[[resource]]
name = "example.com/vfs"
kind = "exclusive"
selectors = {}
preferred_allocation = "spread"
pre_start = true
required_nodes = ["umad", "uverbs"]
)");
  using model::RdmaNode;
  EXPECT_EQ(config.kubelet.cdi, model::CdiMode::annotation);
  const auto& rdma = config.resources.at(0);
  EXPECT_EQ(rdma.permissions, model::NodePermissions::rw);
  EXPECT_EQ(rdma.required_nodes, std::set{RdmaNode::uverbs});
  EXPECT_FALSE(rdma.pre_start);
  const auto& vfs = config.resources.at(1);
  EXPECT_EQ(vfs.preferred_allocation, model::PreferredAllocation::spread);
  EXPECT_TRUE(vfs.pre_start);
  EXPECT_EQ(vfs.required_nodes, (std::set{RdmaNode::uverbs, RdmaNode::umad}));
  const model::Resource plain;
  EXPECT_EQ(plain.required_nodes, (std::set{RdmaNode::uverbs, RdmaNode::rdma_cm}));
}

// toml++'s own assertion fails on it.
TEST(ParseToml, OutlivesAContradictionOfTheParser) {
  const auto config = parse_toml("[[[[", "t.toml");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().front().text().find("t.toml"), std::string::npos);
}

TEST(ParseToml, AnEmptyTextAsksForNothing) { EXPECT_TRUE(good("").policies.empty()); }

struct Bad {
  const char* text;
  const char* says;
};
class BadToml : public testing::TestWithParam<Bad> {};

TEST_P(BadToml, IsAnsweredWithPlaceAndReason) {
  const auto text = mistake(GetParam().text);
  EXPECT_THAT(text, HasSubstr("t.toml:"));
  EXPECT_THAT(text, HasSubstr(GetParam().says)) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Hostile, BadToml,
    testing::Values(
        Bad{"[[sriov.policy]]\nnum_vf = 4\n",
            "t.toml:2:1: unknown key \"num_vf\" in [sriov.policy]; did you mean \"num_vfs\"?"},
        Bad{"[sriov]\npolicies = 4", "did you mean \"policy\"?"}, Bad{"num_vfs = 4", "it belongs into [sriov.policy]"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { drivers = [\"x\"] }\nnum_vfs = 1",
            "it belongs into [resource.selectors]"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nnum_vfs = 1", "\"selectors\" is missing"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = {}\nnum_vfs = 1", "at least one of"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { pf_names = [] }\nnum_vfs = 1", "list is empty"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { pf_names = [\"x\"] }\nnum_vfs = 70000", "from 0 to 65535"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { pf_names = [\"x\"] }\nnum_vfs = -1", "from 0 to 65535"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { pf_names = [\"x\"] }\nnum_vfs = 1.5", "whole number"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { pf_names = \"x\" }\nnum_vfs = 1", "list of texts"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { pf_names = [1] }\nnum_vfs = 1", "quotation marks"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { pf_names = [\"x#3-1\"] }\nnum_vfs = 1", "runs backwards"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { pf_names = [\"x#0-2,2\"] }\nnum_vfs = 1",
            "VF 2 is named twice"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { pf_names = [\"x#\"] }\nnum_vfs = 1", "not a VF index"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { pf_names = [\"../x\"] }\nnum_vfs = 1", "network interface"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { vendors = [\"0x15b3\"] }\nnum_vfs = 1",
            "four hexadecimal digits"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { root_devices = [\"3b:00.0\"] }\nnum_vfs = 1", "PCI address"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { vendors = [\"15b3\"] }\nnum_vfs = 1\ndevice_type = \"dpdk\"",
            "not a device type"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { vendors = [\"15b3\"] }\nnum_vfs = 1\nmtu = 20", "from 68"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { vendors = [\"15b3\"] }\nnum_vfs = "
            "2\n[[sriov.policy.group]]\nvfs = \"1-2\"",
            "there is no VF 2"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { vendors = [\"15b3\"] }\nnum_vfs = "
            "4\n[[sriov.policy.group]]\nvfs = \"0-2\"\n[[sriov.policy.group]]\nvfs = \"2\"",
            "VF 2 is in the group at t.toml:5:1"},
        Bad{"[[sriov.policy]]\nname = \"a\"\nselectors = { vendors = [\"15b3\"] }\nnum_vfs = 1\n[[sriov.policy]]\nname "
            "= \"a\"\nselectors = { vendors = [\"15b3\"] }\nnum_vfs = 1",
            "already at t.toml:1:1"},
        Bad{"[[resource]]\nname = \"rdma\"\nkind = \"shared\"\nrdma_hca_max = 1\nselectors = {}", "needs a prefix"},
        Bad{"[[resource]]\nname = \"Example_x/rdma\"\nkind = \"shared\"\nrdma_hca_max = 1\nselectors = {}", "DNS name"},
        Bad{"[[resource]]\nname = \"a.kubernetes.io/rdma\"\nkind = \"shared\"\nrdma_hca_max = 1\nselectors = {}",
            "belongs to Kubernetes"},
        Bad{"[[resource]]\nname = \"a.io/_x\"\nkind = \"shared\"\nrdma_hca_max = 1\nselectors = {}",
            "beginning and ending"},
        Bad{"[[resource]]\nname = \"a.io/x\"\nkind = \"shared\"\nselectors = {}", "\"rdma_hca_max\" is missing"},
        Bad{"[[resource]]\nname = \"a.io/x\"\nkind = \"exclusive\"\nrdma_hca_max = 5\nselectors = {}",
            "belongs to shared"},
        Bad{"[[resource]]\nname = \"a.io/x\"\nkind = \"exclusive\"\nselectors = []", "{} matches every function"},
        Bad{"[[resource]]\nname = \"a.io/x\"\nkind = \"both\"\nselectors = {}", "not a kind"},
        Bad{"[resource]\nname = \"a.io/x\"", "write [[resource]]"},
        Bad{"[[resource]]\nname = \"a.io/x\"\nkind = \"exclusive\"\nselectors = {}\npermissions = \"rw\"",
            "belongs to shared"},
        Bad{"[[resource]]\nname = \"a.io/x\"\nkind = \"shared\"\nrdma_hca_max = 1\nselectors = {}\n"
            "preferred_allocation = \"pack\"",
            "belongs to exclusive"},
        Bad{"[[resource]]\nname = \"a.io/x\"\nkind = \"exclusive\"\nselectors = {}\npreferred_allocation = \"near\"",
            "near-gpu"},
        Bad{"[[resource]]\nname = \"a.io/x\"\nkind = \"exclusive\"\nselectors = {}\nrequired_nodes = [\"umad\"]",
            "\"uverbs\" is not in it"},
        Bad{"[[resource]]\nname = \"a.io/x\"\nkind = \"exclusive\"\nselectors = {}\nrequired_nodes = [\"ucm\"]",
            "not one of"},
        Bad{"[kubelet]\ncdi = \"yes\"", "\"annotation\""},
        Bad{"[kernel_modules]\nrequired = [\"../../x\"]", "module's name"},
        Bad{"[kubelet]\non_rival = \"fight\"", "neither \"take-over\" nor \"stand-by\""},
        Bad{"[kubelet]\nroot = \"var/lib\"", "absolute path"}, Bad{"[kubelet]\nenabled = 1", "true or false"},
        Bad{"a = 1\na = 2", "t.toml:2"}, Bad{"x = \"\xff\xfe\"", "t.toml:1"}, Bad{"[", "t.toml:1"}));

TEST(ParseToml, CollectsEveryMistakeInOnePass) {
  const auto config = parse_toml("[kubelet]\nenabld = true\n[agent]\nauto = 1\n", "t.toml");
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().size(), 2u);
}

TEST(ParseToml, SurvivesDeepNestingAndTooMuchText) {
  EXPECT_NE(mistake("x = " + std::string(100'000, '[')), "no mistake");
  EXPECT_THAT(mistake(std::string(kMostBytes + 1, '#')), HasSubstr("larger than"));
}

}  // namespace
}  // namespace nic::config
