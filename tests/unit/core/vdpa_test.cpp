// vDPA devices and RDMA on VFs as they are planned, and the modules that they need.
#include "core/judge.hpp"
#include "core/plan.hpp"
#include "core/pools.hpp"
#include "core/predict.hpp"
#include "core/wanted_modules.hpp"
#include "lib/hosts.hpp"
#include "lib/plans.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using model::EswitchMode;
using model::VdpaDevice;
using model::VdpaType;
using test::Host;
using test::lines;
using test::pci;
using test::want;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kAddress = "0000:3b:00.0";
const model::PciAddress kVf = pci("0000:3b:10.0");  // as the builder's offset and stride have it

model::SriovPolicy with_vdpa(std::optional<VdpaType> type, unsigned vfs = 1) {
  auto policy = test::policy("fast", {{"ens1np0", {}}}, vfs);
  policy.eswitch_mode = EswitchMode::switchdev;
  policy.vdpa_type = type;
  return policy;
}

model::SriovPolicy with_rdma(unsigned vfs = 1) {
  auto policy = test::policy("fast", {{"ens1np0", {}}}, vfs);
  policy.is_rdma = true;
  return policy;
}

Host card(const std::string& driver = "mlx5_core") {
  return Host{}.pf(kAddress, "ens1np0", 8, driver).eswitch(kAddress);
}

// The machine as these policies make it.
model::Inventory made(model::Inventory host, const std::vector<model::SriovPolicy>& policies) {
  const auto made = plan(want(host, policies), host, {});
  for (const auto& step : made.modules) predict(host, step.action);
  for (const auto& pf : made.pfs)
    for (const auto& step : pf.steps) predict(host, step.action);
  return host;
}

std::vector<std::string> steps(const model::Inventory& host, const std::vector<model::SriovPolicy>& policies) {
  return lines(plan(want(host, policies), host, {}));
}

std::vector<std::string> refusals(const model::Inventory& host, const std::vector<model::SriovPolicy>& policies) {
  std::vector<std::string> all;
  for (const auto& pf : plan(want(host, policies), host, {}).pfs)
    for (const auto& refusal : pf.refusals) all.push_back(refusal.error.text());
  return all;
}

std::vector<std::string> modules(const model::Inventory& host, const std::vector<model::SriovPolicy>& policies) {
  std::vector<std::string> names;
  for (const auto& module : wanted_modules(want(host, policies), host)) names.push_back(module.name);
  return names;
}

void give_rdma(model::Inventory& host, const model::PciAddress& vf, const std::string& guid) {
  model::RdmaDevice rdma;
  rdma.name = "mlx5_2";
  rdma.node_guid = guid;
  rdma.function = vf;
  host.rdma_devices.push_back(rdma);
}

TEST(VdpaPlan, MakesTheDeviceWhenTheVfIsBound) {
  const model::Inventory host = card();
  EXPECT_THAT(steps(host, {with_vdpa(VdpaType::vhost)}),
              ElementsAre("load kernel module mlx5_vdpa", "load kernel module vhost_vdpa",
                          "create 1 VFs on 0000:3b:00.0", "switch the eswitch of 0000:3b:00.0 from legacy to switchdev",
                          "bind VF 0 (0000:3b:10.0) to its network driver",
                          "make the vDPA device of VF 0 (0000:3b:10.0) for vhost_vdpa"));
  const auto after = made(host, {with_vdpa(VdpaType::vhost)});
  EXPECT_THAT(after.functions.at(kVf).vdpa, ElementsAre(VdpaDevice{"vdpa:0000:3b:10.0", "vhost_vdpa"}));
  EXPECT_THAT(steps(after, {with_vdpa(VdpaType::vhost)}), IsEmpty());
}

TEST(VdpaPlan, GivesTheDeviceToAnotherDriverWhenTheTypeChanges) {
  const auto host = made(card(), {with_vdpa(VdpaType::vhost)});
  const auto changed = plan(want(host, {with_vdpa(VdpaType::virtio)}), host, {});
  ASSERT_EQ(changed.pfs.size(), 1U);
  ASSERT_EQ(changed.pfs[0].steps.size(), 1U);
  const auto& step = changed.pfs[0].steps[0];
  EXPECT_EQ(model::describe(step.action), "give the vDPA device of VF 0 (0000:3b:10.0) to virtio_vdpa");
  EXPECT_EQ(step.disruption, model::Disruption::vf_disruptive);
  EXPECT_THAT(step.hits, ElementsAre(kVf));
}

TEST(VdpaPlan, RemovesItsOwnDeviceAndNoOther) {
  auto host = made(card(), {with_vdpa(VdpaType::vhost)});
  EXPECT_THAT(steps(host, {with_vdpa({})}), ElementsAre("remove the vDPA device of VF 0 (0000:3b:10.0)"));
  EXPECT_THAT(steps(made(host, {with_vdpa({})}), {with_vdpa({})}), IsEmpty());
  host.functions.at(kVf).vdpa = {{"theirs", "virtio_vdpa"}};
  EXPECT_THAT(steps(host, {with_vdpa({})}), IsEmpty());
  EXPECT_THAT(steps(host, {with_vdpa(VdpaType::virtio)}), Contains("load kernel module virtio_vdpa"));
  EXPECT_THAT(steps(host, {with_vdpa(VdpaType::virtio)}), testing::Not(Contains(HasSubstr("vDPA"))));
}

TEST(VdpaPlan, LeavesADeviceInUseAlone) {
  auto host = made(card(), {with_vdpa(VdpaType::vhost)});
  host.functions.at(kVf).in_use = "/dev/vhost-vdpa-0 is held open by qemu (7)";
  EXPECT_THAT(steps(host, {with_vdpa({})}), IsEmpty());
  EXPECT_THAT(refusals(host, {with_vdpa({})}), ElementsAre(HasSubstr("held open by qemu")));
}

TEST(VdpaPlan, OfADriverThatMakesNoneIsARefusalOncePerPf) {
  const auto host = made(card("ice"), {with_vdpa({}, 2)});
  EXPECT_THAT(refusals(host, {with_vdpa(VdpaType::vhost, 2)}), ElementsAre(HasSubstr("its driver ice makes none")));
  EXPECT_THAT(modules(host, {with_vdpa(VdpaType::vhost, 2)}), IsEmpty());
}

TEST(VdpaPlan, WithoutSwitchdevIsAConflictThatNamesThePolicy) {
  auto policy = with_vdpa(VdpaType::vhost);
  policy.eswitch_mode.reset();
  const auto desired = want(card(), {policy});
  ASSERT_EQ(desired.conflicts.size(), 1U);
  EXPECT_THAT(desired.conflicts[0].error.text(), HasSubstr("policy \"fast\" asks for vDPA devices"));
  // Another policy of the PF may say it.
  auto other = test::policy("switch", {{"ens1np0", {{1, 1}}}}, 2);
  other.eswitch_mode = EswitchMode::switchdev;
  policy.selectors.pf_names = {{"ens1np0", {{0, 0}}}};
  EXPECT_THAT(want(card(), {policy, other}).conflicts, IsEmpty());
}

TEST(VdpaPlan, GroupsDifferFromTheirPolicy) {
  auto policy = with_vdpa(VdpaType::vhost, 3);
  policy.is_rdma = true;
  model::VfGroup virtio;
  virtio.vfs = {{1, 1}};
  virtio.vdpa_type = VdpaType::virtio;
  virtio.is_rdma = false;
  policy.groups = {virtio, test::vfio({{2, 2}})};
  const auto vfs = want(card(), {policy}).pfs.at(pci(kAddress)).vfs;
  EXPECT_EQ(vfs.at(0).vdpa_type, VdpaType::vhost);
  EXPECT_TRUE(vfs.at(0).is_rdma);
  EXPECT_EQ(vfs.at(1).vdpa_type, VdpaType::virtio);
  EXPECT_FALSE(vfs.at(1).is_rdma);
  EXPECT_FALSE(vfs.at(2).vdpa_type.has_value()) << "vfio-pci has it";
  EXPECT_FALSE(vfs.at(2).is_rdma);
}

TEST(VdpaPlan, KeepsAVfOutOfItsPoolUntilTheDeviceIsThere) {
  auto host = made(card(), {with_vdpa(VdpaType::vhost)});
  model::Config config;
  config.policies = {with_vdpa(VdpaType::vhost)};
  model::Selectors vfs;
  vfs.pf_names = {{"ens1np0", {{0, 0}}}};
  config.resources = {test::exclusive("example.com/vdpa", vfs)};
  EXPECT_EQ(pools(config, host, plan(want(host, config.policies), host, {})).at(0).capacity, 1U);
  host.functions.at(kVf).vdpa.clear();
  EXPECT_EQ(pools(config, host, plan(want(host, config.policies), host, {})).at(0).capacity, 0U);
}

TEST(RdmaVfs, NeedTheModuleOfTheirDriver) {
  EXPECT_THAT(modules(card(), {with_rdma()}), ElementsAre("mlx5_ib"));
  EXPECT_THAT(modules(card("ice"), {with_rdma()}), ElementsAre("irdma"));
  EXPECT_THAT(modules(card("igb"), {with_rdma()}), IsEmpty());
}

TEST(RdmaVfs, AreBoundAgainWhenTheirRdmaDeviceHasNoGuid) {
  auto host = made(card(), {with_rdma()});
  EXPECT_THAT(steps(host, {with_rdma()}), IsEmpty());
  give_rdma(host, kVf, "0000:0000:0000:0000");
  const auto again = plan(want(host, {with_rdma()}), host, {});
  EXPECT_THAT(lines(again),
              ElementsAre("take VF 0 (0000:3b:10.0) from mlx5_core", "bind VF 0 (0000:3b:10.0) to its network driver"));
  EXPECT_TRUE(std::get<model::BindDriver>(again.pfs.at(0).steps.at(1).action).rdma);
  EXPECT_THAT(steps(host, {test::policy("fast", {{"ens1np0", {}}}, 1)}), IsEmpty()) << "nobody asks for RDMA";
  host.functions.at(kVf).in_use = "its network interface is in another network namespace";
  EXPECT_THAT(steps(host, {with_rdma()}), IsEmpty()) << "it is its user's";
}

TEST(RdmaVfs, AreAsConfiguredWithAWorkingRdmaDevice) {
  auto host = made(card(), {with_rdma()});
  const auto state = [&] {
    const auto desired = want(host, {with_rdma()});
    return judge_functions(desired, host, plan(desired, host, {}), {}).at(kVf);
  };
  EXPECT_EQ(state().state, model::FunctionState::pending);
  EXPECT_EQ(state().differences.at(0), (model::Difference{"rdma", "none", "a device"}));
  give_rdma(host, kVf, "0000:0000:0000:0000");
  EXPECT_EQ(state().differences.at(0).have, "a device without a GUID");
  host.rdma_devices.back().node_guid = "0002:c903:00f9:bfa0";
  EXPECT_EQ(state().state, model::FunctionState::ok);
}

TEST(VhostNet, NeedsItsModulesWhileAPolicyMeansAPfOfTheMachine) {
  auto policy = test::policy("dpdk", {{"ens1np0", {}}}, 1);
  policy.need_vhost_net = true;
  const model::Inventory host = card();
  EXPECT_THAT(modules(host, {policy}), ElementsAre("vhost_net", "tun"));
  // By their exact names: tunnel4 is no tun.
  EXPECT_THAT(steps(Host{card()}.module("tunnel4").module("vhost_net"), {policy}), Contains("load kernel module tun"));
  EXPECT_THAT(wanted_modules(want(host, {policy}), host).at(1).why, HasSubstr("need_vhost_net"));
  policy.selectors.pf_names = {{"ens9", {}}};
  EXPECT_THAT(modules(host, {policy}), IsEmpty());
}

}  // namespace
}  // namespace nic::core
