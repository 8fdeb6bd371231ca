#include "core/health.hpp"

#include "core/judge.hpp"
#include "core/plan.hpp"
#include "core/predict.hpp"
#include "lib/hosts.hpp"
#include "lib/plans.hpp"
#include "lib/policies.hpp"
#include "lib/told_vfs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using testing::HasSubstr, testing::IsEmpty, testing::SizeIs;

const model::PciAddress kPf = test::pci("0000:01:00.0");

TEST(Health, IsAProblemForEachBrokenReporterWithAdvice) {
  model::PciFunction pf;
  pf.reporters = {
      {std::nullopt, "fw_fatal", false, 3, 2}, {65535, "tx", false, 1, 0}, {std::nullopt, "fw", true, 9, 9}};
  const auto broken = broken_reporters(pf);
  ASSERT_THAT(broken, SizeIs(2));
  EXPECT_THAT(broken[0].text(), HasSubstr("health reporter fw_fatal shows an error (3 errors, 2 recoveries)"));
  EXPECT_THAT(broken[0].advice, HasSubstr("the firmware has stopped"));
  EXPECT_THAT(broken[1].operation, HasSubstr("tx of port 65535"));
}

TEST(Health, IsShownOfFunctionsThatNobodyConfiguresToo) {
  model::Inventory host = test::Host{}.pf("0000:01:00.0");
  host.functions.at(kPf).reporters = {{std::nullopt, "vendors_own", false, 1, 0}};
  const auto status = judge_functions({}, host, {}, {}).at(kPf);
  EXPECT_EQ(status.state, model::FunctionState::unmanaged);
  ASSERT_THAT(status.health, SizeIs(1));
  EXPECT_THAT(status.health[0].advice, HasSubstr("could not mend it"));
  host.functions.at(kPf).reporters[0].healthy = true;
  EXPECT_THAT(judge_functions({}, host, {}, {}).at(kPf).health, IsEmpty());
}

// What differs on a VF that somebody uses is shown, and not put right.
TEST(Judge, ShowsDriftOfAVfInUseAndLeavesItAlone) {
  model::Inventory host = test::Host{}.pf("0000:01:00.0");
  predict(host, model::SetNumVfs{kPf, 0, 1});
  const auto vf = test::pci("0000:01:10.0");
  predict(host, model::BindDriver{vf, 0, model::DeviceType::netdevice, {}});
  test::tell_of_vfs(host);
  auto trusting = test::policy("p", {{"enp1s0", {}}}, 1);
  trusting.options.settings.trust = true;
  const auto desired = test::want(host, {trusting});
  const auto judged = [&] { return judge_functions(desired, host, plan(desired, host, {}), {}).at(vf); };
  EXPECT_EQ(judged().state, model::FunctionState::pending);
  host.functions.at(vf).in_use = "a pod has it";
  EXPECT_THAT(test::lines(plan(desired, host, {})), IsEmpty());
  EXPECT_EQ(judged().state, model::FunctionState::ok);
  ASSERT_THAT(judged().differences, SizeIs(1));
  EXPECT_EQ(judged().differences[0].what, "trust");
  EXPECT_THAT(judged().text, HasSubstr("left to its user as it is until it is free: a pod has it"));
}

}  // namespace
}  // namespace nic::core
