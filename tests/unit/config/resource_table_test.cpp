// [[resource]]: every field of both device plugins, and what is answered where they crash or widen a selector.
#include "config/parse_toml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::config {
namespace {

using testing::AllOf, testing::HasSubstr;

model::Config good(const std::string& text) {
  auto config = parse_toml(text, "t.toml");
  if (!config) ADD_FAILURE() << config.error().front().text();
  return config.value_or(model::Config{});
}

std::string mistake(const std::string& text) {
  const auto config = parse_toml(text, "t.toml");
  return config ? "no mistake" : config.error().front().text();
}

std::string exclusive(const std::string& lines) {
  return "[[resource]]\nname = \"a.io/x\"\nkind = \"exclusive\"\n" + lines;
}
std::string shared(const std::string& lines) {
  return "[[resource]]\nname = \"a.io/x\"\nkind = \"shared\"\nrdma_hca_max = 5\n" + lines;
}

TEST(ResourceTable, HasEveryFieldOfTheSriovPlugin) {
  const auto config = good(exclusive(R"(exclude_topology = true
allow_protected = true
unhealthy_on = ["port"]
keep_lost_seconds = 5
selectors = [
  { vendors = ["15b3"], devices = ["101E"], drivers = ["mlx5_core"], pci_addresses = ["0000:3b:00.2"], acpi_indexes = ["101"] },
  { pf_names = ["ens1f0#0-3,7", "ens1f0#9"], root_devices = ["0000:3b:00.0"], link_types = ["infiniband"], pkeys = ["0x8001"] },
  { ddp_profiles = ["GTPv1-C/U IPv4/IPv6 payload"], is_rdma = true, need_vhost_net = true },
  { vdpa_type = "vhost" },
]
[resource.additional_info]
"*" = { token = "all" }
"0000:3B:00.2" = { token = "one" }
)"));
  const auto& resource = config.resources.at(0);
  EXPECT_TRUE(resource.exclude_topology);
  EXPECT_TRUE(resource.allow_protected);
  EXPECT_EQ(resource.unhealthy_on, (model::HealthCauses{false, true, false}));
  EXPECT_EQ(resource.keep_lost_seconds, 5u);
  ASSERT_EQ(resource.selectors.size(), 4u);
  EXPECT_EQ(resource.selectors[0].devices, (std::vector<std::uint16_t>{0x101e}));
  EXPECT_EQ(resource.selectors[0].acpi_indexes, (std::vector<std::string>{"101"}));
  EXPECT_EQ(resource.selectors[1].pf_names.at(1).vfs, (std::vector<model::IndexRange>{{9, 9}}));
  EXPECT_EQ(resource.selectors[1].pkeys, (std::vector<std::uint16_t>{0x8001}));
  EXPECT_TRUE(resource.selectors[2].need_vhost_net);
  EXPECT_EQ(resource.selectors[2].ddp_profiles.size(), 1u);
  EXPECT_EQ(resource.selectors[3].vdpa_type, model::VdpaType::vhost);
  EXPECT_EQ(resource.additional_info.at("*").at("token"), "all");
  EXPECT_EQ(resource.additional_info.at("0000:3b:00.2").at("token"), "one");
}

TEST(ResourceTable, IsMadeOfNetworkCardsScalableFunctionsOrAccelerators) {
  EXPECT_EQ(good(exclusive("selectors = {}")).resources.at(0).device_class, model::DeviceClass::net);
  const auto config = good(exclusive("device_class = \"auxiliary\"\nselectors = { aux_types = [\"sf\"] }"));
  EXPECT_EQ(config.resources.at(0).device_class, model::DeviceClass::auxiliary);
  EXPECT_EQ(config.resources[0].selectors.at(0).aux_types.at(0), "sf");
  EXPECT_EQ(good(exclusive("device_class = \"accelerator\"\nselectors = { acpi_indexes = [\"3\"] }"))
                .resources.at(0)
                .device_class,
            model::DeviceClass::accelerator);
}

TEST(ResourceTable, TellsTheNumaNodesOfSharedDevicesWhereItIsAskedTo) {
  EXPECT_FALSE(good(shared("selectors = {}")).resources.at(0).numa_topology);
  EXPECT_TRUE(good(shared("numa_topology = true\nselectors = {}")).resources.at(0).numa_topology);
  EXPECT_TRUE(good(shared("unhealthy_on = []\nselectors = {}")).resources.at(0).unhealthy_on ==
              (model::HealthCauses{false, false, false}));
}

// A3: a misspelt key would silently widen a selector.
TEST(ResourceTable, NamesTheNearestKeyOfOneThatItDoesNotKnow) {
  EXPECT_THAT(mistake(exclusive("selectors = { pf_name = [\"ens1f0\"] }")),
              AllOf(HasSubstr("t.toml:4:15"), HasSubstr("did you mean \"pf_names\"?")));
  EXPECT_THAT(mistake(exclusive("selectors = {}\nexclude_toplogy = true")),
              HasSubstr("did you mean \"exclude_topology\"?"));
  EXPECT_THAT(mistake(exclusive("selectors = { is_rdm = true }")), HasSubstr("did you mean \"is_rdma\"?"));
}

// A4: no selectors, and an empty list of them, are answers and not crashes.
TEST(ResourceTable, WantsSelectors) {
  EXPECT_THAT(mistake(exclusive("")), HasSubstr("\"selectors\" is missing"));
  EXPECT_THAT(mistake(exclusive("selectors = []")), HasSubstr("{} matches every function"));
  EXPECT_THAT(mistake(exclusive("selectors = [1]")), HasSubstr("a list of tables"));
  EXPECT_EQ(good(exclusive("selectors = {}")).resources.at(0).selectors.size(), 1u);
}

// A5: what the kubelet would refuse later.
TEST(ResourceTable, KnowsTheNamesThatTheKubeletTakes) {
  const auto named = [](const std::string& name) {
    return mistake("[[resource]]\nname = \"" + name + "\"\nkind = \"exclusive\"\nselectors = {}");
  };
  EXPECT_EQ(named("rdma.example.com/hca_0-x.y"), "no mistake");
  for (const auto* name : {"hca", "example_prefix/hca", "Example.com/hca", "a.io/-x", "a.io/x-", "a.io/_x", "a.io/",
                           "kubernetes.io/x", "x.kubernetes.io/y", "requests.a.io/x", "a..io/x", "a.io/x/y"})
    EXPECT_THAT(named(name), HasSubstr("the kubelet does not take")) << name;
  EXPECT_THAT(named("a.io/" + std::string(64, 'x')), HasSubstr("at most 63"));
}

// C11: a list that would not fit into a message of the kubelet's.
TEST(ResourceTable, RefusesMoreSharersThanAMessageHolds) {
  EXPECT_THAT(mistake("[[resource]]\nname = \"a.io/x\"\nkind = \"shared\"\nrdma_hca_max = 250000\nselectors = {}"),
              HasSubstr("from 1 to 100000"));
}

TEST(ResourceTable, RefusesWhatMeansNothingForItsKind) {
  EXPECT_THAT(mistake(shared("selectors = { vdpa_type = \"vhost\" }")), HasSubstr("belongs to exclusive resources"));
  EXPECT_THAT(mistake(shared("device_class = \"net\"\nselectors = {}")), HasSubstr("belongs to exclusive resources"));
  EXPECT_THAT(mistake(exclusive("numa_topology = true\nselectors = {}")), HasSubstr("belongs to shared resources"));
  EXPECT_THAT(mistake(exclusive("selectors = { aux_types = [\"sf\"] }")),
              HasSubstr("belongs to device_class = \"auxiliary\""));
  EXPECT_THAT(mistake(exclusive("device_class = \"auxiliary\"\nselectors = { pci_addresses = [\"0000:3b:00.0\"] }")),
              HasSubstr("a scalable function has none"));
  EXPECT_THAT(mistake(exclusive("device_class = \"auxiliary\"\nselectors = { aux_types = [\"eth\"] }")),
              HasSubstr("can be handed out: \"sf\""));
  EXPECT_THAT(mistake(exclusive("device_class = \"accelerator\"\nselectors = { pf_names = [\"a\"] }")),
              HasSubstr("an accelerator is selected by"));
  EXPECT_THAT(mistake(exclusive("device_class = \"gpu\"\nselectors = {}")), HasSubstr("not a device class"));
  EXPECT_THAT(mistake(exclusive("selectors = { is_rdma = true, vdpa_type = \"vhost\" }")), HasSubstr("not for both"));
  EXPECT_THAT(mistake(exclusive("selectors = { pkeys = [\"8001\"] }")), HasSubstr("is not a PKey"));
  EXPECT_THAT(mistake(exclusive("selectors = { pkeys = [] }")), HasSubstr("the list is empty"));
  EXPECT_THAT(mistake(exclusive("unhealthy_on = [\"link\"]\nselectors = {}")), HasSubstr("none of \"carrier\""));
  EXPECT_THAT(mistake(exclusive("selectors = {}\n[resource.additional_info]\n\"eth0\" = { a = \"b\" }")),
              HasSubstr("or \"*\" for all"));
  EXPECT_THAT(mistake(exclusive("selectors = {}\n[resource.additional_info]\n\"*\" = { a = 1 }")),
              HasSubstr("it must be a text"));
}

}  // namespace
}  // namespace nic::config
