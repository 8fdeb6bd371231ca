// Switchdev as it is planned: what comes first for which driver, and what is refused.
#include "core/judge.hpp"
#include "core/plan.hpp"
#include "core/pools.hpp"
#include "core/predict.hpp"
#include "lib/hosts.hpp"
#include "lib/plans.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using model::EswitchMode;
using test::Host;
using test::lines;
using test::pci;
using test::want;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kAddress = "0000:3b:00.0";

model::SriovPolicy switchdev(unsigned vfs) {
  auto policy = test::policy("fabric", {{"ens1np0", {}}}, vfs);
  policy.eswitch_mode = EswitchMode::switchdev;
  return policy;
}

std::vector<std::string> steps(const model::Inventory& host, std::vector<model::SriovPolicy> policies) {
  return lines(plan(want(host, std::move(policies)), host, {}));
}

void carry_out(model::Inventory& host, const std::vector<model::SriovPolicy>& policies) {
  for (const auto& pf : plan(want(host, policies), host, {}).pfs)
    for (const auto& step : pf.steps) predict(host, step.action);
}

Host card(const std::string& driver) {
  return Host{}.pf(kAddress, "ens1np0", 8, driver).eswitch(kAddress).udev(kAddress);
}

TEST(Switchdev, OnMlx5VfsComeFirstAndAreBoundLast) {
  model::Inventory host = card("mlx5_core");
  EXPECT_THAT(
      steps(host, {switchdev(2)}),
      ElementsAre("write the udev rules of 0000:3b:00.0", "create 2 VFs on 0000:3b:00.0",
                  "switch the eswitch of 0000:3b:00.0 from legacy to switchdev",
                  "bind VF 0 (0000:3b:10.0) to its network driver", "bind VF 1 (0000:3b:10.2) to its network driver"));
  carry_out(host, {switchdev(2)});
  EXPECT_THAT(steps(host, {switchdev(2)}), IsEmpty());
}

TEST(Switchdev, OnMlx5AnotherNumberOfVfsGoesByWayOfLegacy) {
  model::Inventory host = card("mlx5_core");
  carry_out(host, {switchdev(1)});
  EXPECT_THAT(
      steps(host, {switchdev(2)}),
      ElementsAre("write the udev rules of 0000:3b:00.0", "switch the eswitch of 0000:3b:00.0 from switchdev to legacy",
                  "change 0000:3b:00.0 from 1 to 2 VFs", "switch the eswitch of 0000:3b:00.0 from legacy to switchdev",
                  "bind VF 0 (0000:3b:10.0) to its network driver", "bind VF 1 (0000:3b:10.2) to its network driver"));
}

TEST(Switchdev, OnIceTheModeComesBeforeTheVfs) {
  model::Inventory host = card("ice");
  EXPECT_THAT(
      steps(host, {switchdev(1)}),
      ElementsAre("write the udev rules of 0000:3b:00.0", "switch the eswitch of 0000:3b:00.0 from legacy to switchdev",
                  "create 1 VFs on 0000:3b:00.0", "bind VF 0 (0000:3b:10.0) to its network driver"));
  carry_out(host, {switchdev(1)});
  EXPECT_THAT(steps(host, {switchdev(1)}), IsEmpty());
}

TEST(Switchdev, OnIceTheVfsThatAreThereGoFirst) {
  model::Inventory host = card("ice");
  carry_out(host, {test::policy("fabric", {{"ens1np0", {}}}, 1)});
  EXPECT_THAT(steps(host, {switchdev(1)}),
              ElementsAre("write the udev rules of 0000:3b:00.0", "remove the 1 VFs of 0000:3b:00.0",
                          "switch the eswitch of 0000:3b:00.0 from legacy to switchdev", "create 1 VFs on 0000:3b:00.0",
                          "bind VF 0 (0000:3b:10.0) to its network driver"));
}

TEST(Switchdev, GoesBackToLegacyWhenThatIsAsked) {
  model::Inventory host = card("mlx5_core");
  carry_out(host, {switchdev(1)});
  auto legacy = switchdev(1);
  legacy.eswitch_mode = EswitchMode::legacy;
  EXPECT_THAT(steps(host, {legacy}), ElementsAre("write the udev rules of 0000:3b:00.0",
                                                 "switch the eswitch of 0000:3b:00.0 from switchdev to legacy",
                                                 "bind VF 0 (0000:3b:10.0) to its network driver"));
  auto silent = switchdev(1);
  silent.eswitch_mode.reset();
  EXPECT_THAT(steps(host, {silent}), ElementsAre("write the udev rules of 0000:3b:00.0"));
}

TEST(Switchdev, IsRefusedWithAReasonWhereTheDriverHasNoEswitch) {
  const model::Inventory host = Host{}.pf(kAddress, "ens1np0", 7, "igb");
  const auto refused = plan(want(host, {switchdev(2)}), host, {});
  EXPECT_TRUE(refused.empty());
  const auto& refusal = refused.pfs.at(0).refusals.at(0);
  EXPECT_EQ(refusal.error.code, model::Code::unsupported);
  EXPECT_FALSE(refusal.forceable);
  EXPECT_EQ(refusal.error.text(),
            "switch the eswitch of 0000:3b:00.0 to switchdev: its driver igb has no eswitch for devlink: take "
            "eswitch_mode out of the policy");
  auto legacy = switchdev(2);
  legacy.eswitch_mode = EswitchMode::legacy;
  EXPECT_EQ(steps(host, {legacy}).front(), "create 2 VFs on 0000:3b:00.0");
}

TEST(Switchdev, OfAnUnknownDriverWithoutDevlinkSaysWhatMayBeMissing) {
  const model::Inventory host = Host{}.pf(kAddress, "ens1np0", 7, "newnic");
  EXPECT_THAT(plan(want(host, {switchdev(2)}), host, {}).pfs.at(0).refusals.at(0).error.text(),
              HasSubstr("its driver newnic shows devlink no eswitch"));
}

TEST(Switchdev, OnOldKernelsMlx5TellsItsModeWhenThereAreVfs) {
  model::Inventory host = Host{}.pf(kAddress, "ens1np0", 8, "mlx5_core");
  EXPECT_THAT(steps(host, {switchdev(1)}),
              ElementsAre("create 1 VFs on 0000:3b:00.0", "switch the eswitch of 0000:3b:00.0 from legacy to switchdev",
                          "bind VF 0 (0000:3b:10.0) to its network driver"));
  predict(host, model::SetNumVfs{pci(kAddress), 0, 1});
  host.functions.at(pci(kAddress)).eswitch_mode.reset();  // still none: there is no eswitch at all
  const auto refused = plan(want(host, {switchdev(1)}), host, {});
  EXPECT_TRUE(refused.empty());
  EXPECT_EQ(refused.pfs.at(0).refusals.size(), 1u);
}

TEST(Switchdev, DisturbsThePfAndNamesTheVfsThatItUnbinds) {
  model::Inventory host = card("mlx5_core");
  carry_out(host, {test::policy("fabric", {{"ens1np0", {}}}, 2)});
  const auto planned = plan(want(host, {switchdev(2)}), host, {});
  const auto& step = planned.pfs.at(0).steps.at(1);
  EXPECT_EQ(model::describe(step.action), "switch the eswitch of 0000:3b:00.0 from legacy to switchdev");
  EXPECT_EQ(step.disruption, model::Disruption::pf_disruptive);
  EXPECT_EQ(step.why, "policy \"fabric\" asks for switchdev, it is legacy");
  EXPECT_THAT(step.hits, ElementsAre(pci("0000:3b:10.0"), pci("0000:3b:10.2")));
}

TEST(Switchdev, LeavesVfsInUseAloneAndNamesThemUnlessForced) {
  model::Inventory host = card("mlx5_core");
  carry_out(host, {test::policy("fabric", {{"ens1np0", {}}}, 2)});
  host.functions.at(pci("0000:3b:10.2")).in_use = "/dev/vfio/12 is held open by qemu (7)";
  const auto refused = plan(want(host, {switchdev(2)}), host, {});
  EXPECT_THAT(lines(refused), ElementsAre("write the udev rules of 0000:3b:00.0"));
  EXPECT_THAT(refused.pfs.at(0).refusals.at(0).error.text(), HasSubstr("0000:3b:10.2 is in use: /dev/vfio/12"));
  const auto forced = plan(want(host, {switchdev(2)}), host, {}, {.force = true, .only = {}});
  EXPECT_THAT(lines(forced), testing::Contains("switch the eswitch of 0000:3b:00.0 from legacy to switchdev"));
}

TEST(Switchdev, IsNotSwitchedUnderTheDefaultRoute) {
  const model::Inventory host = card("mlx5_core").default_route("ens1np0");
  const auto refused = plan(want(host, {switchdev(0)}), host, {});
  EXPECT_THAT(lines(refused), ElementsAre("write the udev rules of 0000:3b:00.0"));
  EXPECT_THAT(refused.pfs.at(0).refusals.at(0).error.text(), HasSubstr("default route"));
}

TEST(Switchdev, IsADifferenceUntilItIsDone) {
  const model::Inventory host = card("mlx5_core");
  const auto desired = want(host, {switchdev(0)});
  const auto status = judge_functions(desired, host, plan(desired, host, {}), {}).at(pci(kAddress));
  EXPECT_THAT(status.differences, ElementsAre(model::Difference{"eswitch_mode", "legacy", "switchdev"}));
}

TEST(Switchdev, KeepsItsVfsOutOfThePoolsUntilItIsDone) {
  model::Inventory host = card("mlx5_core");
  carry_out(host, {test::policy("fabric", {{"ens1np0", {}}}, 1)});
  model::Config config;
  config.policies = {switchdev(1)};
  config.resources = {test::exclusive("example.com/vf", {})};
  const auto pool = pools(config, host, plan(resolve(config, host), host, {})).at(0);
  EXPECT_THAT(pool.devices, IsEmpty());
  EXPECT_EQ(pool.not_ready.at(0).have, "not configured yet");
}

TEST(EswitchMode, OfTwoPoliciesMustBeTheSame) {
  const model::Inventory host = card("mlx5_core");
  auto other = switchdev(2);
  other.name = "other";
  other.eswitch_mode = EswitchMode::legacy;
  other.selectors.pf_names[0].vfs = {{1, 1}};
  auto first = switchdev(2);
  first.selectors.pf_names[0].vfs = {{0, 0}};
  const auto desired = want(host, {first, other});
  EXPECT_THAT(desired.pfs, IsEmpty());
  EXPECT_THAT(desired.conflicts.at(0).error.text(),
              testing::AllOf(HasSubstr("policy \"fabric\""), HasSubstr("policy \"other\""), HasSubstr("eswitch_mode")));
  other.eswitch_mode.reset();
  EXPECT_EQ(want(host, {first, other}).pfs.at(pci(kAddress)).eswitch_mode, EswitchMode::switchdev);
}

TEST(EswitchMode, SwitchdevIsAnErrorOnInfiniBand) {
  model::Inventory host = card("mlx5_core");
  host.net_devices[0].link_type = model::LinkType::infiniband;
  const auto desired = want(host, {switchdev(2)});
  EXPECT_THAT(desired.pfs, IsEmpty());
  EXPECT_THAT(desired.conflicts.at(0).error.text(), HasSubstr("its port is InfiniBand"));
  auto legacy = switchdev(2);
  legacy.eswitch_mode = EswitchMode::legacy;
  EXPECT_THAT(want(host, {legacy}).conflicts, IsEmpty());
}

TEST(EswitchMode, OfAnExternallyManagedPfMustBeRightAlready) {
  model::Inventory host = card("mlx5_core");
  predict(host, model::SetNumVfs{pci(kAddress), 0, 2});
  auto external = switchdev(2);
  external.externally_managed = true;
  EXPECT_THAT(want(host, {external}).conflicts.at(0).error.text(),
              testing::AllOf(HasSubstr("(eswitch_mode)"), HasSubstr("its eswitch is legacy")));
  host.functions.at(pci(kAddress)).eswitch_mode = EswitchMode::switchdev;
  EXPECT_THAT(want(host, {external}).conflicts, IsEmpty());
}

TEST(Representor, IsNotThePf) {
  model::Inventory host = card("mlx5_core").representor("ens1np0_0", kAddress, "pf0vf0");
  host.net_devices.back().mtu = 9000;
  std::swap(host.net_devices.front().ifindex, host.net_devices.back().ifindex);  // made before its uplink
  EXPECT_EQ(host.net_devices_of(pci(kAddress)).size(), 1u);
  EXPECT_EQ(host.representors_of(pci(kAddress)).front()->name, "ens1np0_0");
  EXPECT_THAT(want(host, {test::policy("p", {{"ens1np0_0", {}}}, 0)}).pfs, IsEmpty());
  auto jumbo = test::policy("p", {{"ens1np0", {}}}, 0);
  jumbo.mtu = 4000;
  EXPECT_THAT(steps(host, {jumbo}), ElementsAre("set the MTU of 0000:3b:00.0 from 1500 to 4000"));
}

TEST(ScalableFunction, IsNotThePfEitherButItsRouteProtectsIt) {
  model::Inventory host = card("mlx5_core").net("ens1s88", kAddress).default_route("ens1s88");
  host.net_devices.back().scalable_function = true;
  EXPECT_EQ(host.net_devices_of(pci(kAddress)).size(), 1u);
  EXPECT_THAT(host.representors_of(pci(kAddress)), IsEmpty());
  EXPECT_TRUE(needed_by_host(host, {}).contains(pci(kAddress)));
}

TEST(Representor, ThatIsAPortOfTheHostsBridgeDoesNotCarryItsDefaultRoute) {
  const model::Inventory bridged = card("mlx5_core")
                                       .representor("ens1np0_0", kAddress, "pf0vf0")
                                       .net("br0")
                                       .enslave("ens1np0_0", "br0")
                                       .default_route("br0");
  EXPECT_THAT(needed_by_host(bridged, {}), IsEmpty());
  const model::Inventory routed =
      card("mlx5_core").representor("ens1np0_0", kAddress, "pf0vf0").default_route("ens1np0_0");
  EXPECT_TRUE(needed_by_host(routed, {}).contains(pci(kAddress)));
}

TEST(Representor, ComesAndGoesWithItsVfAndTheMode) {
  model::Inventory host = card("ice");
  carry_out(host, {switchdev(3)});
  EXPECT_EQ(host.representors_of(pci(kAddress)).size(), 3u);
  EXPECT_EQ(host.representors_of(pci(kAddress)).back()->name, "ens1np0_2");
  carry_out(host, {switchdev(1)});
  EXPECT_EQ(host.representors_of(pci(kAddress)).size(), 1u);
  predict(host, model::SetEswitchMode{pci(kAddress), EswitchMode::switchdev, EswitchMode::legacy});
  EXPECT_THAT(host.representors_of(pci(kAddress)), IsEmpty());
}

}  // namespace
}  // namespace nic::core
