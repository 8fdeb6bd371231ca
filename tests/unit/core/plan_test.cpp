#include "core/plan.hpp"

#include "core/predict.hpp"
#include "core/resolve.hpp"
#include "lib/hosts.hpp"
#include "lib/plans.hpp"
#include "lib/policies.hpp"
#include "lib/told_vfs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using test::Host;
using test::lines;
using test::pci;
using test::policy;
using test::want;
using testing::HasSubstr;

model::SriovPolicy two_and_two() {
  auto workers = policy("workers", {{"enp1s0", {}}}, 4);
  workers.groups = {test::vfio({{0, 1}})};
  return workers;
}

model::Inventory carried_out(model::Inventory host, const model::Plan& plan) {
  for (const auto& step : plan.modules) predict(host, step.action);
  for (const auto& pf : plan.pfs)
    for (const auto& step : pf.steps)
      if (!step.waits_for) predict(host, step.action);
  return host;
}

TEST(Plan, CreatesVfsAndBindsEachAsAsked) {
  const model::Inventory host = Host{}.pf("0000:01:00.0");
  EXPECT_THAT(lines(plan(want(host, {two_and_two()}), host, {})),
              testing::ElementsAre("load kernel module vfio_pci", "create 4 VFs on 0000:01:00.0",
                                   "bind VF 0 (0000:01:10.0) to vfio-pci", "bind VF 1 (0000:01:10.2) to vfio-pci",
                                   "bind VF 2 (0000:01:10.4) to its network driver",
                                   "bind VF 3 (0000:01:10.6) to its network driver"));
}

TEST(Plan, IsEmptyAfterItWasCarriedOut) {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  auto workers = two_and_two();
  workers.mtu = 4000;
  const auto desired = want(host, {workers});
  host = carried_out(host, plan(desired, host, {}));
  EXPECT_THAT(lines(plan(desired, host, {})), testing::IsEmpty());
}

TEST(Plan, KeepsVfsThatAreAlreadyRight) {
  model::Inventory host = Host{}.pf("0000:01:00.0").module("vfio_pci");
  const auto desired = want(host, {two_and_two()});
  host = carried_out(host, plan(desired, host, {}));
  predict(host, model::BindDriver{pci("0000:01:10.2"), 1, model::DeviceType::netdevice, {}});
  EXPECT_THAT(lines(plan(desired, host, {})), testing::ElementsAre("bind VF 1 (0000:01:10.2) to vfio-pci"));
}

TEST(Plan, TouchesNoPfThatIsNotConfigured) {
  const model::Inventory host = Host{}.pf("0000:01:00.0").pf("0000:02:00.0", "enp2s0");
  for (const auto& pf : plan(want(host, {two_and_two()}), host, {}).pfs) EXPECT_EQ(pf.pf, pci("0000:01:00.0"));
}

TEST(Plan, RefusesToDisturbTheDefaultRouteUnlessForced) {
  const model::Inventory host = Host{}.pf("0000:01:00.0").default_route("enp1s0");
  const auto desired = want(host, {policy("p", {{"enp1s0", {}}}, 2)});
  const auto careful = plan(desired, host, {});
  ASSERT_EQ(careful.pfs.size(), 1u);
  EXPECT_TRUE(careful.pfs[0].steps.empty());
  ASSERT_EQ(careful.pfs[0].refusals.size(), 1u);
  EXPECT_EQ(careful.pfs[0].refusals[0].error.code, model::Code::protected_);
  EXPECT_THAT(careful.pfs[0].refusals[0].error.text(), HasSubstr("default route"));
  EXPECT_FALSE(plan(desired, host, {}, {.force = true, .only = {}}).empty());
}

TEST(Plan, ProtectsThroughABondUnderAVlan) {
  const model::Inventory host = Host{}
                                    .pf("0000:01:00.0")
                                    .net("bond0")
                                    .enslave("enp1s0", "bond0")
                                    .vlan("bond0.7", "bond0")
                                    .default_route("bond0.7", true);
  const auto careful = plan(want(host, {policy("p", {{"enp1s0", {}}}, 2)}), host, {});
  EXPECT_THAT(careful.pfs.at(0).refusals.at(0).error.text(), HasSubstr("IPv6 default route (bond0.7)"));
}

TEST(Plan, RefusesToRemoveAVfThatCarriesTheDefaultRoute) {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  predict(host, model::SetNumVfs{pci("0000:01:00.0"), 0, 2});
  predict(host, model::BindDriver{pci("0000:01:10.0"), 0, model::DeviceType::netdevice, {}});
  host.default_routes.push_back({false, host.net_devices.back().ifindex, 254});
  const auto careful = plan(want(host, {policy("p", {{"enp1s0", {}}}, 0)}), host, {});
  EXPECT_TRUE(careful.empty());
  EXPECT_EQ(careful.pfs.at(0).refusals.size(), 1u);
}

TEST(Plan, NamesTheVfsThatAChangeOfCountTearsDown) {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  predict(host, model::SetNumVfs{pci("0000:01:00.0"), 0, 2});
  const auto change = plan(want(host, {policy("p", {{"enp1s0", {}}}, 3)}), host, {});
  const auto& step = change.pfs.at(0).steps.at(0);
  EXPECT_EQ(model::describe(step.action), "change 0000:01:00.0 from 2 to 3 VFs");
  EXPECT_EQ(step.disruption, model::Disruption::pf_disruptive);
  EXPECT_THAT(step.hits, testing::ElementsAre(pci("0000:01:10.0"), pci("0000:01:10.2")));
}

TEST(Plan, RefusesToTearDownVfsInUseAndNamesThemAll) {
  model::Inventory inventory = Host{}.pf("0000:01:00.0");
  predict(inventory, model::SetNumVfs{pci("0000:01:00.0"), 0, 4});
  inventory.functions.at(pci("0000:01:10.0")).in_use = "its network interface is in another network namespace";
  inventory.functions.at(pci("0000:01:10.4")).in_use = "/dev/vfio/12 is held open by qemu (7)";
  const auto desired = want(inventory, {policy("p", {{"enp1s0", {}}}, 6)});
  const auto refused = plan(desired, inventory, {});
  ASSERT_EQ(refused.pfs.size(), 1u);
  EXPECT_TRUE(refused.pfs[0].steps.empty());
  ASSERT_EQ(refused.pfs[0].refusals.size(), 2u);
  EXPECT_THAT(refused.pfs[0].refusals[0].error.text(), HasSubstr("0000:01:10.0 is in use"));
  EXPECT_THAT(refused.pfs[0].refusals[1].error.text(), HasSubstr("held open by qemu (7)"));
  EXPECT_TRUE(refused.pfs[0].refusals[1].forceable);

  const auto forced = plan(desired, inventory, {}, {.force = true, .only = {}});
  ASSERT_FALSE(forced.pfs.at(0).steps.empty());
  EXPECT_TRUE(forced.pfs[0].steps[0].forced);
}

TEST(Plan, WritesNothingToAnExternallyManagedPf) {
  model::Inventory inventory = Host{}.pf("0000:01:00.0");
  predict(inventory, model::SetNumVfs{pci("0000:01:00.0"), 0, 4});
  auto wanted = policy("p", {{"enp1s0", {}}}, 2);
  wanted.externally_managed = true;
  wanted.device_type = model::DeviceType::vfio_pci;
  const auto steps = plan(want(inventory, {wanted}), inventory, {}).pfs.at(0).steps;
  ASSERT_EQ(steps.size(), 2u);
  for (const auto& step : steps) EXPECT_TRUE(std::holds_alternative<model::BindDriver>(step.action));

  inventory.functions.at(pci("0000:01:00.0")).sriov->drivers_autoprobe = false;
  wanted.device_type = model::DeviceType::netdevice;
  const auto refused = plan(want(inventory, {wanted}), inventory, {});
  EXPECT_TRUE(refused.empty());
  EXPECT_THAT(refused.pfs.at(0).refusals.at(0).error.text(), HasSubstr("sriov_drivers_autoprobe"));
}

TEST(Plan, RefusesToDisturbWhatIsListedUnlessForced) {
  model::Inventory inventory = Host{}.pf("0000:01:00.0");
  predict(inventory, model::SetNumVfs{pci("0000:01:00.0"), 0, 4});
  model::Config config;
  config.policies = {policy("p", {{"enp1s0", {}}}, 2)};
  config.protected_functions = {pci("0000:01:10.2")};
  const auto refused = plan(resolve(config, inventory), inventory, {});
  EXPECT_TRUE(refused.empty());
  EXPECT_THAT(refused.pfs.at(0).refusals.at(0).error.text(), HasSubstr("listed as protected"));
  EXPECT_FALSE(plan(resolve(config, inventory), inventory, {}, {.force = true, .only = {}}).empty());
}

TEST(Plan, LeavesTheMtuOfAVfInUseToItsUser) {
  model::Inventory inventory = Host{}.pf("0000:01:00.0");
  predict(inventory, model::SetNumVfs{pci("0000:01:00.0"), 0, 1});
  auto& vf = inventory.functions.at(pci("0000:01:10.0"));
  vf.driver = "igbvf";
  vf.in_use = "its network interface is in another network namespace";
  auto wanted = policy("p", {{"enp1s0", {}}}, 1);
  wanted.mtu = 1400;
  EXPECT_TRUE(plan(want(inventory, {wanted}), inventory, {}).empty());
}

// A PF with VFs, told of as igb does when nothing was said of them yet.
model::Inventory with_vfs(unsigned count, const std::string& driver = {}) {
  model::Inventory host = Host{}.pf("0000:01:00.0").made_with("enp1s0", "52:54:00:12:34:56");
  predict(host, model::SetNumVfs{pci("0000:01:00.0"), 0, count});
  for (const auto& [index, address] : host.functions.at(pci("0000:01:00.0")).sriov->virtfns)
    if (!driver.empty()) predict(host, model::BindDriver{address, index, model::DeviceType::netdevice, {}});
  test::tell_of_vfs(host);
  return host;
}

model::SriovPolicy trusted_in_vlan_100(unsigned count) {
  auto wanted = policy("p", {{"enp1s0", {}}}, count);
  wanted.options.settings.vlan = model::Vlan{100, 0, model::VlanProtocol::dot1q};
  wanted.options.settings.trust = true;
  return wanted;
}

model::AddressPool<model::MacAddress> one_mac(std::string_view mac) {
  const auto address = model::MacAddress::parse(mac).value();
  return {.source = model::AddressSource::listed, .ranges = {{address, address}}};
}

TEST(PlanVfSettings, AreToldBeforeADriverReadsThem) {
  const model::Inventory host = Host{}.pf("0000:01:00.0").made_with("enp1s0", "52:54:00:12:34:56");
  EXPECT_THAT(lines(plan(want(host, {trusted_in_vlan_100(1)}), host, {})),
              testing::ElementsAre("create 1 VFs on 0000:01:00.0", "set vlan 100, trust on of VF 0 of 0000:01:00.0",
                                   "set mac 52:54:01:12:34:56 of VF 0 of 0000:01:00.0",
                                   "bind VF 0 (0000:01:10.0) to its network driver"));
}

TEST(PlanVfSettings, AreLeftAloneOnceTheyAreSo) {
  auto host = with_vfs(2);
  const auto desired = want(host, {trusted_in_vlan_100(2)});
  host = carried_out(host, plan(desired, host, {}));
  EXPECT_THAT(lines(plan(desired, host, {})), testing::IsEmpty());
  host.net_devices[0].vfs[1].trust = false;
  EXPECT_THAT(lines(plan(desired, host, {})), testing::ElementsAre("set trust on of VF 1 of 0000:01:00.0"));
}

TEST(PlanVfSettings, OfABoundVfChangeWithoutDisturbingIt) {
  const auto host = with_vfs(1, "igbvf");
  const auto steps = plan(want(host, {trusted_in_vlan_100(1)}), host, {}).pfs.at(0).steps;
  for (const auto& step : steps) EXPECT_EQ(step.disruption, model::Disruption::live) << model::describe(step.action);
}

TEST(PlanVfSettings, ARefusalOfOneDoesNotStopTheOthers) {
  const auto host = with_vfs(1);
  const auto steps = plan(want(host, {trusted_in_vlan_100(1)}), host, {}).pfs.at(0).steps;
  for (const auto& step : steps) EXPECT_EQ(step.independent, std::holds_alternative<model::SetVf>(step.action));
}

TEST(PlanVfSettings, AnotherAddressTakesABoundVfFromItsDriverFirst) {
  const auto host = with_vfs(1, "igbvf");
  auto wanted = policy("p", {{"enp1s0", {}}}, 1);
  wanted.options.macs = one_mac("02:00:00:00:00:10");
  const auto change = plan(want(host, {wanted}), host, {});
  EXPECT_THAT(lines(change), testing::ElementsAre("take VF 0 (0000:01:10.0) from igbvf",
                                                  "set mac 02:00:00:00:00:10 of VF 0 of 0000:01:00.0",
                                                  "bind VF 0 (0000:01:10.0) to its network driver"));
  EXPECT_EQ(change.pfs.at(0).steps.at(0).disruption, model::Disruption::vf_disruptive);
  EXPECT_FALSE(change.pfs.at(0).steps.at(1).independent);
}

TEST(PlanVfSettings, AnAddressThatNobodyAskedForBecomesTheOneThatTheInterfaceHas) {
  auto host = with_vfs(1, "igbvf");
  host.net_devices.back().address = "aa:bb:cc:00:00:01";
  EXPECT_THAT(lines(plan(want(host, {policy("p", {{"enp1s0", {}}}, 1)}), host, {})),
              testing::ElementsAre("set mac aa:bb:cc:00:00:01 of VF 0 of 0000:01:00.0"));
}

TEST(PlanVfSettings, OfAVfInUseAreItsUsers) {
  auto host = with_vfs(1, "igbvf");
  host.functions.at(pci("0000:01:10.0")).in_use = "its network interface is in another network namespace";
  EXPECT_TRUE(plan(want(host, {trusted_in_vlan_100(1)}), host, {}).empty());
}

TEST(PlanVfSettings, WhatTheDriverTellsNothingOfIsRefusedOnce) {
  auto host = with_vfs(2);
  for (auto& [index, vf] : host.net_devices[0].vfs) vf.trust.reset();
  const auto careful = plan(want(host, {trusted_in_vlan_100(2)}), host, {});
  ASSERT_EQ(careful.pfs.at(0).refusals.size(), 1u);
  EXPECT_THAT(careful.pfs[0].refusals[0].error.text(), HasSubstr("the driver igb tells no trust of its VFs"));
  EXPECT_THAT(lines(careful), testing::Contains("set vlan 100 of VF 1 of 0000:01:00.0"));
}

TEST(PlanVfSettings, WaitForAnInterfaceOfThePf) {
  auto host = with_vfs(1);
  host.net_devices.clear();
  auto wanted = trusted_in_vlan_100(1);
  wanted.selectors = {};
  wanted.selectors.root_devices = {{pci("0000:01:00.0"), {}}};
  const auto waiting = plan(want(host, {wanted}), host, {});
  EXPECT_THAT(waiting.pfs.at(0).steps.back().waits_for.value_or(""), HasSubstr("ib_ipoib"));
}

TEST(PlanVfSettings, OneRateIsSetWithTheOtherAsItIs) {
  auto host = with_vfs(1);
  host.net_devices[0].vfs[0].min_tx_rate = 50;
  auto wanted = policy("p", {{"enp1s0", {}}}, 1);
  wanted.options.settings.max_tx_rate = 1000;
  EXPECT_THAT(lines(plan(want(host, {wanted}), host, {})),
              testing::Contains("set min_tx_rate 50 Mbit/s, max_tx_rate 1000 Mbit/s of VF 0 of 0000:01:00.0"));
}

model::Inventory infiniband() {
  model::Inventory host = Host{}.infiniband_pf("0000:01:00.0", "ibp1s0", "b859:9f03:0012:3456");
  predict(host, model::SetNumVfs{pci("0000:01:00.0"), 0, 1});
  auto& vf = host.net_devices[0].vfs[0];
  vf.link_state = model::VfLinkState::disable;
  vf.node_guid = vf.port_guid = model::Guid{};
  return host;
}

TEST(PlanVfSettings, OfInfinibandAreGuidsAndAPortThatFollows) {
  auto host = infiniband();
  const auto desired = want(host, {policy("p", {{"ibp1s0", {}}}, 1)});
  const auto first = plan(desired, host, {});
  EXPECT_THAT(lines(first),
              testing::ElementsAre("set link_state auto of VF 0 of 0000:01:00.0",
                                   "set node_guid ba59:9f03:0112:3456, port_guid ba59:9f03:0112:3456 of VF 0 of "
                                   "0000:01:00.0",
                                   "bind VF 0 (0000:01:10.0) to its network driver"));
  EXPECT_TRUE(plan(desired, carried_out(host, first), {}).empty());
}

TEST(PlanVfSettings, AddressesThatSomebodyChangedArePutRightWhereAPolicyGaveThem) {
  auto host = infiniband();
  auto derived = policy("p", {{"ibp1s0", {}}}, 1);
  derived.options.guids = model::AddressPool<model::Guid>{.source = model::AddressSource::derived, .ranges = {}};
  const auto desired = want(host, {derived});
  host = carried_out(host, plan(desired, host, {}));
  ASSERT_TRUE(plan(desired, host, {}).empty());
  host.net_devices[0].vfs[0].port_guid = model::Guid{0x4711};
  EXPECT_THAT(lines(plan(desired, host, {})),
              testing::ElementsAre("take VF 0 (0000:01:10.0) from mlx5_core",
                                   "set port_guid ba59:9f03:0112:3456 of VF 0 of 0000:01:00.0",
                                   "bind VF 0 (0000:01:10.0) to its network driver"));
}

// Kernels before 5.5 do not tell the GUIDs of VFs; the VF's own device does.
TEST(PlanVfSettings, GuidsThatTheKernelDoesNotTellAreReadFromTheVf) {
  auto host = infiniband();
  host.net_devices[0].vfs[0].node_guid.reset();
  host.net_devices[0].vfs[0].port_guid.reset();
  host.net_devices[0].vfs[0].link_state = model::VfLinkState::automatic;
  predict(host, model::BindDriver{pci("0000:01:10.0"), 0, model::DeviceType::netdevice, {}});
  model::RdmaDevice vf;
  vf.name = "mlx5_1";
  vf.node_guid = "0000:0000:0000:0000";
  vf.function = pci("0000:01:10.0");
  host.rdma_devices.push_back(vf);
  const auto desired = want(host, {policy("p", {{"ibp1s0", {}}}, 1)});
  EXPECT_THAT(lines(plan(desired, host, {})), testing::Contains("take VF 0 (0000:01:10.0) from mlx5_core"));
  host.rdma_devices.back().node_guid = "ba59:9f03:0112:3456";
  EXPECT_TRUE(plan(desired, host, {}).empty());
}

TEST(Plan, BringsThePfUpForItsVfs) {
  auto host = with_vfs(1, "igbvf");
  host.net_devices[0].admin_up = false;
  host.net_devices[0].vfs[0].mac = model::MacAddress::parse("02:00:00:00:00:10");
  const auto wanted = policy("p", {{"enp1s0", {}}}, 1);
  EXPECT_THAT(lines(plan(want(host, {wanted}), host, {})),
              testing::ElementsAre("bring the network interface of 0000:01:00.0 up"));
  auto foreign = wanted;
  foreign.externally_managed = true;
  EXPECT_TRUE(plan(want(host, {foreign}), host, {}).empty());
}

TEST(Plan, WaitsForADriverInsteadOfFailing) {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  host.functions.at(pci("0000:01:00.0")).driver.reset();
  const auto waiting = plan(want(host, {policy("p", {{"enp1s0", {}}}, 2)}), host, {});
  ASSERT_EQ(waiting.pfs.at(0).steps.size(), 1u);
  EXPECT_TRUE(waiting.pfs[0].steps[0].waits_for.has_value());
}

TEST(Plan, ExplainsThatVfioNeedsAnIommu) {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  host.functions.at(pci("0000:01:00.0")).iommu_group.reset();
  const auto refused = plan(want(host, {two_and_two()}), host, {});
  ASSERT_FALSE(refused.pfs.at(0).refusals.empty());
  EXPECT_THAT(refused.pfs[0].refusals[0].error.advice, HasSubstr("intel_iommu=on"));
}

TEST(Plan, RaisesThePfsMtuForItsVfsAndNeverLowersIt) {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  auto jumbo = policy("p", {{"enp1s0", {}}}, 0);
  jumbo.mtu = 9000;
  EXPECT_THAT(lines(plan(want(host, {jumbo}), host, {})),
              testing::ElementsAre("set the MTU of 0000:01:00.0 from 1500 to 9000"));
  jumbo.mtu = 1400;
  EXPECT_TRUE(plan(want(host, {jumbo}), host, {}).empty());
}

TEST(Plan, SaysWhatTheInterfaceTakesWhenTheMtuIsTooLarge) {
  const model::Inventory host = Host{}.pf("0000:01:00.0");
  auto jumbo = policy("p", {{"enp1s0", {}}}, 0);
  jumbo.mtu = 9500;
  EXPECT_THAT(plan(want(host, {jumbo}), host, {}).pfs.at(0).refusals.at(0).error.text(), HasSubstr("at most 9216"));
}

TEST(Plan, DoesNotLoadWhatIsLoadedBuiltinOrBlacklisted) {
  model::Desired desired;
  desired.modules = {
      {"ib-uverbs", {"t", 1, 1}}, {"rdma_ucm", {"t", 2, 1}}, {"siw", {"t", 3, 1}}, {"ib_umad", {"t", 4, 1}}};
  std::vector<model::ModuleReport> reports(2);
  reports[0].name = "rdma_ucm";
  reports[0].state = model::ModuleState::builtin;
  reports[1].name = "siw";
  reports[1].blacklisted_by = "/etc/modprobe.d/x.conf";
  EXPECT_THAT(lines(plan(desired, Host{}.module("ib_uverbs"), reports)),
              testing::ElementsAre("load kernel module ib_umad"));
}

TEST(Predict, ComputesVfAddressesAcrossABusBoundary) {
  model::Sriov sriov;
  sriov.offset = 0x180;
  sriov.stride = 2;
  EXPECT_EQ(vf_address(pci("0000:3b:00.1"), sriov, 3).text(), "0000:3c:10.7");
}

}  // namespace
}  // namespace nic::core
