#include "core/resolve.hpp"

#include "lib/hosts.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using test::Host;
using test::pci;
using test::policy;
using testing::HasSubstr;

model::Config with(std::vector<model::SriovPolicy> policies) {
  model::Config config;
  config.policies = std::move(policies);
  return config;
}

TEST(Resolve, GivesEachVfItsGroupsDriver) {
  auto workers = policy("workers", {{"enp1s0", {}}}, 4);
  workers.groups = {test::vfio({{0, 1}})};
  const auto desired = resolve(with({workers}), Host{}.pf("0000:01:00.0"));
  const auto& pf = desired.pfs.at(pci("0000:01:00.0"));
  EXPECT_EQ(pf.num_vfs, 4u);
  EXPECT_EQ(pf.vfs.at(1).device_type, model::DeviceType::vfio_pci);
  EXPECT_EQ(pf.vfs.at(2).device_type, model::DeviceType::netdevice);
  EXPECT_FALSE(pf.vfs.at(2).only_if_unbound);
}

TEST(Resolve, FindsThePfByItsAlternativeName) {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  host.net_devices[0].altnames = {"rail0"};
  EXPECT_EQ(resolve(with({policy("a", {{"rail0", {}}}, 2)}), host).pfs.size(), 1u);
}

TEST(Resolve, MergesPoliciesWithDisjointRanges) {
  auto first = policy("first", {{"enp1s0", {{0, 1}}}}, 4);
  first.device_type = model::DeviceType::vfio_pci;
  const auto second = policy("second", {{"enp1s0", {{2, 3}}}}, 4);
  const auto desired = resolve(with({first, second}), Host{}.pf("0000:01:00.0"));
  ASSERT_TRUE(desired.conflicts.empty());
  const auto& pf = desired.pfs.at(pci("0000:01:00.0"));
  EXPECT_EQ(pf.vfs.at(0).policy, "first");
  EXPECT_EQ(pf.vfs.at(3).policy, "second");
}

TEST(Resolve, NamesBothPoliciesThatClaimOneVfAndLeavesThePfAlone) {
  const auto desired =
      resolve(with({policy("first", {{"enp1s0", {{0, 2}}}}, 4), policy("second", {{"enp1s0", {}}}, 4)}),
              Host{}.pf("0000:01:00.0").pf("0000:02:00.0", "enp2s0"));
  EXPECT_TRUE(desired.pfs.empty());
  ASSERT_EQ(desired.conflicts.size(), 1u);
  EXPECT_EQ(desired.conflicts[0].pf, pci("0000:01:00.0"));
  EXPECT_THAT(desired.conflicts[0].error.text(), HasSubstr("\"first\""));
  EXPECT_THAT(desired.conflicts[0].error.text(), HasSubstr("\"second\""));
}

TEST(Resolve, SaysBothNumbersWhenMoreVfsAreAskedThanThereAre) {
  const auto desired = resolve(with({policy("many", {{"enp1s0", {}}}, 8)}), Host{}.pf("0000:01:00.0"));
  EXPECT_TRUE(desired.pfs.empty());
  ASSERT_EQ(desired.conflicts.size(), 1u);
  EXPECT_THAT(desired.conflicts[0].error.text(), HasSubstr("8 VFs"));
  EXPECT_THAT(desired.conflicts[0].error.text(), HasSubstr("at most 7"));
}

TEST(Resolve, TellsWhereToSwitchSriovOnWhenAFunctionHasNone) {
  const auto desired = resolve(with({policy("p", {{"eth0", {}}}, 1)}), Host{}.plain("0000:03:00.0"));
  ASSERT_EQ(desired.conflicts.size(), 1u);
  EXPECT_THAT(desired.conflicts[0].error.advice, HasSubstr("firmware"));
}

TEST(Resolve, PassesByFunctionsWithoutSriovWhenAVendorIsSwept) {
  auto sweep = policy("all", {}, 2);
  sweep.selectors.vendors = {0x8086, 0x1af4};
  const auto desired = resolve(with({sweep}), Host{}.plain("0000:03:00.0").pf("0000:01:00.0"));
  EXPECT_TRUE(desired.conflicts.empty());
  EXPECT_EQ(desired.pfs.size(), 1u);
}

TEST(Resolve, NotesAPolicyThatMatchesNothing) {
  const auto desired = resolve(with({policy("ghost", {{"ens9", {}}}, 2)}), Host{}.pf("0000:01:00.0"));
  ASSERT_EQ(desired.notes.size(), 1u);
  EXPECT_THAT(desired.notes[0], HasSubstr("ghost"));
}

TEST(Resolve, LeavesVfsOutsideEveryRangeToTheirOwnDriver) {
  auto some = policy("some", {{"enp1s0", {{0, 0}}}}, 3);
  some.device_type = model::DeviceType::vfio_pci;
  const auto desired = resolve(with({some}), Host{}.pf("0000:01:00.0"));
  EXPECT_TRUE(desired.pfs.at(pci("0000:01:00.0")).vfs.at(2).only_if_unbound);
}

}  // namespace
}  // namespace nic::core
