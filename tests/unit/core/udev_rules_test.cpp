#include "core/udev_rules.hpp"

#include "core/plan.hpp"
#include "core/predict.hpp"
#include "core/resolve.hpp"
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
using testing::HasSubstr;
using testing::Not;

TEST(UdevRules, NameRepresentorsAfterThePfAndNeverTakeItsName) {
  EXPECT_EQ(
      text({"0000:3b:00.0", "ens1f0np0", 2, {pci("0000:3b:00.2"), pci("0000:3b:00.3")}}),
      R"(# Written by nic-agent for 0000:3b:00.0. It is written anew when it is changed, and removed when the PF is given back.
ACTION=="remove", GOTO="end"
SUBSYSTEM!="net", GOTO="end"
KERNELS=="0000:3b:00.2|0000:3b:00.3", GOTO="unmanaged"
KERNELS=="0000:3b:00.0", ATTR{phys_port_name}=="pf[0-9]*|c[0-9]*pf[0-9]*", GOTO="representor"
KERNELS=="0000:3b:00.0", ATTR{phys_port_name}=="p[0-9]*", ACTION=="add", NAME=="", NAME="ens1f0np0"
GOTO="end"
LABEL="representor"
ACTION=="add", NAME=="", ATTR{phys_port_name}=="pf[0-9]*vf0|c[0-9]*pf[0-9]*vf0", NAME="ens1f0np0_0"
ACTION=="add", NAME=="", ATTR{phys_port_name}=="pf[0-9]*vf1|c[0-9]*pf[0-9]*vf1", NAME="ens1f0np0_1"
LABEL="unmanaged"
ENV{NM_UNMANAGED}="1", ENV{NIC_AGENT_UNMANAGED}="1"
LABEL="end"
)");
}

TEST(UdevRules, InLegacyModeTheyOnlyKeepOthersOff) {
  EXPECT_EQ(
      text({"0000:3b:00.0", {}, 1, {pci("0000:3b:00.2")}}),
      R"(# Written by nic-agent for 0000:3b:00.0. It is written anew when it is changed, and removed when the PF is given back.
ACTION=="remove", GOTO="end"
SUBSYSTEM!="net", GOTO="end"
KERNELS=="0000:3b:00.2", GOTO="unmanaged"
GOTO="end"
LABEL="unmanaged"
ENV{NM_UNMANAGED}="1", ENV{NIC_AGENT_UNMANAGED}="1"
LABEL="end"
)");
}

TEST(RepresentorName, FitsWhereItFits) {
  EXPECT_EQ(representor_name("ens1f0np0", 7, 8), "ens1f0np0_7");
  EXPECT_EQ(representor_name("enp193s0f1np1", 3, 8), "enp193s0f1np1_3");
}

TEST(RepresentorName, IsCutTheSameWayForEveryVfAndStaysUnique) {
  const auto first = representor_name("enp193s0f1np1", 3, 128);
  EXPECT_EQ(first.size(), 13u);
  EXPECT_EQ(representor_name("enp193s0f1np1", 127, 128).size(), 15u);
  EXPECT_EQ(first.substr(0, 11), representor_name("enp193s0f1np1", 127, 128).substr(0, 11));
  EXPECT_THAT(first, testing::StartsWith("enp193s0"));
  EXPECT_NE(first, representor_name("enp193s0f0np0", 3, 128));
}

std::string rules(const model::Inventory& host, unsigned vfs, std::optional<EswitchMode> mode) {
  model::DesiredPf desired;
  desired.pf = pci("0000:01:00.0");
  desired.num_vfs = vfs;
  desired.eswitch_mode = mode;
  return udev_rules(desired, host.functions.at(desired.pf), host);
}

TEST(UdevRules, SpeakOfVfsBeforeTheyAreThereByTheAddressesThatTheyWillHave) {
  model::Inventory host = Host{}.pf("0000:01:00.0").udev("0000:01:00.0");
  const auto before = rules(host, 2, {});
  EXPECT_THAT(before, HasSubstr("KERNELS==\"0000:01:10.0|0000:01:10.2\""));
  predict(host, model::SetNumVfs{pci("0000:01:00.0"), 0, 2});
  EXPECT_EQ(rules(host, 2, {}), before);
  EXPECT_EQ(rules(host, 0, {}), "");
}

TEST(UdevRules, NameNothingWhereTheNameCouldMeanSomethingElse) {
  const model::Inventory hostile = Host{}.pf("0000:01:00.0", "a\", RUN+=\"x");
  EXPECT_THAT(rules(hostile, 2, EswitchMode::switchdev), Not(HasSubstr("NAME=\"")));
  EXPECT_THAT(rules(hostile, 2, EswitchMode::switchdev), Not(HasSubstr("RUN")));
  const model::Inventory two_ports = Host{}.pf("0000:01:00.0").net("enp1s0p1", "0000:01:00.0");
  EXPECT_THAT(rules(two_ports, 2, EswitchMode::switchdev), Not(HasSubstr("NAME=\"")));
}

model::Desired want(const model::Inventory& host, unsigned vfs) {
  return test::want(host, {test::policy("p", {{"enp1s0", {}}}, vfs)});
}

TEST(UdevRules, AreWrittenBeforeTheVfsComeAndRemovedWhenTheyHaveGone) {
  model::Inventory host = Host{}.pf("0000:01:00.0").udev("0000:01:00.0");
  const auto made = plan(want(host, 1), host, {});
  EXPECT_THAT(lines(made), testing::ElementsAre("write the udev rules of 0000:01:00.0", "create 1 VFs on 0000:01:00.0",
                                                "bind VF 0 (0000:01:10.0) to its network driver"));
  for (const auto& step : made.pfs.at(0).steps) predict(host, step.action);
  EXPECT_THAT(lines(plan(want(host, 1), host, {})), testing::IsEmpty());
  EXPECT_THAT(lines(plan(want(host, 0), host, {})),
              testing::ElementsAre("remove the 1 VFs of 0000:01:00.0", "remove the udev rules of 0000:01:00.0"));
}

TEST(UdevRules, ThatSomebodyChangedAreWrittenAnew) {
  model::Inventory host = Host{}.pf("0000:01:00.0").udev("0000:01:00.0");
  const auto made = plan(want(host, 1), host, {});
  for (const auto& step : made.pfs.at(0).steps) predict(host, step.action);
  *host.functions.at(pci("0000:01:00.0")).udev_rules += "# hello\n";
  EXPECT_THAT(lines(plan(want(host, 1), host, {})), testing::ElementsAre("write the udev rules of 0000:01:00.0"));
}

TEST(UdevRules, AreNeverWrittenForAnExternallyManagedPf) {
  model::Inventory host = Host{}.pf("0000:01:00.0").udev("0000:01:00.0");
  predict(host, model::SetNumVfs{pci("0000:01:00.0"), 0, 1});
  host.functions.at(pci("0000:01:00.0")).sriov->drivers_autoprobe = true;
  model::Config config;
  config.policies = {test::policy("p", {{"enp1s0", {}}}, 1)};
  config.policies[0].externally_managed = true;
  EXPECT_THAT(lines(plan(resolve(config, host), host, {})),
              testing::ElementsAre("bind VF 0 (0000:01:10.0) to its network driver"));
}

}  // namespace
}  // namespace nic::core
