#include "core/resolve.hpp"

#include "core/predict.hpp"
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

using model::AddressPool;
using model::MacAddress;

AddressPool<MacAddress> macs(std::string_view first, std::string_view last) {
  return {.source = model::AddressSource::listed,
          .ranges = {{MacAddress::parse(first).value(), MacAddress::parse(last).value()}}};
}

TEST(ResolveAddresses, ListsAreHandedOutInTheOrderOfThePolicysVfs) {
  auto some = policy("p", {{"enp1s0", {{2, 3}}}}, 4);
  some.options.macs = macs("02:00:00:00:00:10", "02:00:00:00:00:11");
  const auto desired = resolve(with({some}), Host{}.pf("0000:01:00.0"));
  const auto& vfs = desired.pfs.at(pci("0000:01:00.0")).vfs;
  EXPECT_EQ(vfs.at(2).settings.mac->text(), "02:00:00:00:00:10");
  EXPECT_EQ(vfs.at(3).settings.mac->text(), "02:00:00:00:00:11");
  EXPECT_FALSE(vfs.at(0).settings.mac);
}

TEST(ResolveAddresses, AGroupHasItsOwnListAndSettings) {
  auto some = policy("p", {{"enp1s0", {}}}, 4);
  some.options.macs = macs("02:00:00:00:00:10", "02:00:00:00:00:13");
  some.options.settings.trust = true;
  auto group = test::vfio({{3, 3}});
  group.options.macs = macs("02:00:00:00:00:99", "02:00:00:00:00:99");
  group.options.settings.vlan = model::Vlan{7, 0, model::VlanProtocol::dot1q};
  some.groups = {group};
  const auto desired = resolve(with({some}), Host{}.pf("0000:01:00.0"));
  const auto& vfs = desired.pfs.at(pci("0000:01:00.0")).vfs;
  EXPECT_EQ(vfs.at(3).settings.mac->text(), "02:00:00:00:00:99");
  EXPECT_EQ(vfs.at(3).settings.vlan->id, 7);
  EXPECT_TRUE(vfs.at(3).settings.trust);
  EXPECT_FALSE(vfs.at(2).settings.vlan);
}

TEST(ResolveAddresses, AListThatIsTooShortIsAConflictOfItsPf) {
  auto some = policy("p", {{"enp1s0", {}}}, 4);
  some.options.macs = macs("02:00:00:00:00:10", "02:00:00:00:00:11");
  const auto desired = resolve(with({some}), Host{}.pf("0000:01:00.0"));
  EXPECT_TRUE(desired.pfs.empty());
  EXPECT_THAT(desired.conflicts.at(0).error.text(), HasSubstr("none left for VF 2"));
}

TEST(ResolveAddresses, AListForTwoPfsIsAConflict) {
  auto some = policy("p", {{"enp1s0", {}}, {"enp2s0", {}}}, 1);
  some.options.macs = macs("02:00:00:00:00:10", "02:00:00:00:00:11");
  const auto desired = resolve(with({some}), Host{}.pf("0000:01:00.0").pf("0000:02:00.0", "enp2s0"));
  EXPECT_EQ(desired.conflicts.size(), 2u);
  EXPECT_THAT(desired.conflicts.at(0).error.text(), HasSubstr("matches 2 PFs"));
}

TEST(ResolveAddresses, TheSameAddressTwiceNamesBothAndLeavesOnePfAlone) {
  auto one = policy("one", {{"enp1s0", {}}}, 1);
  auto two = policy("two", {{"enp2s0", {}}}, 1);
  one.options.macs = two.options.macs = macs("02:00:00:00:00:10", "02:00:00:00:00:10");
  const auto desired = resolve(with({one, two}), Host{}.pf("0000:01:00.0").pf("0000:02:00.0", "enp2s0"));
  EXPECT_EQ(desired.pfs.size(), 1u);
  EXPECT_THAT(desired.conflicts.at(0).error.text(), HasSubstr("policy \"two\""));
  EXPECT_THAT(desired.conflicts.at(0).error.text(), HasSubstr("policy \"one\""));
}

TEST(ResolveAddresses, AVfDoesNotGetThePfsOwnAddress) {
  auto some = policy("p", {{"enp1s0", {}}}, 1);
  some.options.macs = macs("52:54:00:12:34:56", "52:54:00:12:34:56");
  const model::Inventory host = Host{}.pf("0000:01:00.0").made_with("enp1s0", "52:54:00:12:34:56");
  EXPECT_THAT(resolve(with({some}), host).conflicts.at(0).error.text(), HasSubstr("enp1s0 has it already"));
}

TEST(ResolveAddresses, DerivedNeedsTheAddressThatTheCardWasMadeWith) {
  auto some = policy("p", {{"enp1s0", {}}}, 1);
  some.options.macs = AddressPool<MacAddress>{.source = model::AddressSource::derived, .ranges = {}};
  EXPECT_EQ(resolve(with({some}), Host{}.pf("0000:01:00.0")).conflicts.size(), 1u);
  const model::Inventory host = Host{}.pf("0000:01:00.0").made_with("enp1s0", "52:54:00:12:34:56");
  const auto desired = resolve(with({some}), host);
  const auto& vf = desired.pfs.at(pci("0000:01:00.0")).vfs.at(0);
  EXPECT_EQ(vf.settings.mac->text(), "52:54:01:12:34:56");
  EXPECT_FALSE(vf.address_if_none);
}

TEST(ResolveAddresses, WhoAsksForNothingGetsADerivedOneWhereThereIsNone) {
  const model::Inventory host = Host{}.pf("0000:01:00.0").made_with("enp1s0", "52:54:00:12:34:56");
  const auto desired = resolve(with({policy("p", {{"enp1s0", {}}}, 1)}), host);
  EXPECT_TRUE(desired.pfs.at(pci("0000:01:00.0")).vfs.at(0).address_if_none);
}

TEST(ResolveAddresses, AnInfinibandVfGetsGuidsOfItsPfAndFollowsItsPort) {
  const model::Inventory host = Host{}.infiniband_pf("0000:01:00.0", "ibp1s0", "b859:9f03:0012:3456");
  const auto desired = resolve(with({policy("p", {{"ibp1s0", {}}}, 2)}), host);
  const auto& vf = desired.pfs.at(pci("0000:01:00.0")).vfs.at(1);
  EXPECT_EQ(vf.settings.node_guid->text(), "ba59:9f03:0212:3456");
  EXPECT_EQ(vf.settings.port_guid, vf.settings.node_guid);
  EXPECT_EQ(vf.settings.link_state, model::VfLinkState::automatic);
  EXPECT_FALSE(vf.settings.mac);
}

TEST(Resolve, PoliciesThatDisagreeAboutDriftLeaveThePfAlone) {
  auto one = policy("one", {{"enp1s0", {{0, 0}}}}, 2);
  auto two = policy("two", {{"enp1s0", {{1, 1}}}}, 2);
  two.on_drift = model::OnDrift::observe;
  const auto desired = resolve(with({one, two}), Host{}.pf("0000:01:00.0"));
  EXPECT_TRUE(desired.pfs.empty());
  EXPECT_THAT(desired.conflicts.at(0).error.text(), HasSubstr("differ in on_drift"));
}

TEST(Resolve, RangesOfNamesAndAddressesBothHold) {
  auto some = policy("p", {{"enp1s0", {{0, 2}}}}, 4);
  some.selectors.root_devices = {{pci("0000:01:00.0"), {{2, 3}}}};
  const auto desired = resolve(with({some}), Host{}.pf("0000:01:00.0"));
  const auto& vfs = desired.pfs.at(pci("0000:01:00.0")).vfs;
  EXPECT_TRUE(vfs.at(1).only_if_unbound);
  EXPECT_FALSE(vfs.at(2).only_if_unbound);
  EXPECT_TRUE(vfs.at(3).only_if_unbound);
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

TEST(Resolve, TakesEachNameOfAPfForTheSamePf) {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  host.net_devices[0].altnames = {"rail0"};
  const auto first = policy("first", {{"rail0", {{0, 1}}}}, 4);
  const auto meeting = resolve(with({first, policy("second", {{"enp1s0", {{1, 2}}}}, 4)}), host);
  EXPECT_TRUE(meeting.pfs.empty());
  EXPECT_THAT(meeting.conflicts.at(0).error.text(),
              testing::AllOf(HasSubstr("\"first\""), HasSubstr("\"second\""), HasSubstr("VF 1 of")));
  const auto beside = resolve(with({first, policy("second", {{"enp1s0", {{2, 3}}}}, 4)}), host);
  ASSERT_TRUE(beside.conflicts.empty());
  EXPECT_EQ(beside.pfs.at(pci("0000:01:00.0")).vfs.at(1).policy, "first");
  EXPECT_EQ(beside.pfs.at(pci("0000:01:00.0")).vfs.at(2).policy, "second");
}

TEST(Resolve, GivesAVfToThePolicyOfTheStrongerPriority) {
  auto general = policy("general", {{"enp1s0", {}}}, 4);
  auto special = policy("special", {{"enp1s0", {{1, 2}}}}, 4);
  special.device_type = model::DeviceType::vfio_pci;
  special.priority = 10;
  for (const auto& order : {std::vector{general, special}, std::vector{special, general}}) {
    const auto desired = resolve(with(order), Host{}.pf("0000:01:00.0"));
    ASSERT_TRUE(desired.conflicts.empty());
    const auto& pf = desired.pfs.at(pci("0000:01:00.0"));
    EXPECT_EQ(pf.vfs.at(0).policy, "general");
    EXPECT_EQ(pf.vfs.at(1).policy, "special");
    EXPECT_EQ(pf.vfs.at(2).device_type, model::DeviceType::vfio_pci);
    EXPECT_EQ(pf.vfs.at(3).policy, "general");
    EXPECT_EQ(pf.policies, (std::vector<std::string>{"special", "general"}));
  }
}

TEST(Resolve, SelectsPfsByTheirLinkTypeWithAndWithoutAnInterface) {
  auto infiniband = policy("ib", {}, 2);
  infiniband.selectors.vendors = {0x8086};
  infiniband.selectors.link_types = {model::LinkType::infiniband};
  model::Inventory host = Host{}.pf("0000:01:00.0").pf("0000:02:00.0", "enp2s0");
  std::erase_if(host.net_devices, [](const auto& net) { return net.name == "enp2s0"; });
  host.functions.at(pci("0000:02:00.0")).class_code = 0x020700;
  const auto desired = resolve(with({infiniband}), host);
  EXPECT_EQ(desired.pfs.size(), 1u);
  EXPECT_TRUE(desired.pfs.contains(pci("0000:02:00.0")));
}

TEST(Resolve, AsksNoMoreOfAnExternallyManagedPfThanItHas) {
  auto mine = policy("mine", {{"enp1s0", {}}}, 2);
  mine.externally_managed = true;
  model::Inventory host = Host{}.pf("0000:01:00.0");
  const auto lacking = resolve(with({mine}), host);
  ASSERT_EQ(lacking.conflicts.size(), 1u);
  EXPECT_THAT(lacking.conflicts[0].error.text(), HasSubstr("num_vfs"));
  predict(host, model::SetNumVfs{pci("0000:01:00.0"), 0, 4});
  EXPECT_TRUE(resolve(with({mine}), host).conflicts.empty());
  mine.mtu = 9000;
  const auto small = resolve(with({mine}), host);
  ASSERT_EQ(small.conflicts.size(), 1u);
  EXPECT_THAT(small.conflicts[0].error.text(), HasSubstr("mtu"));
}

TEST(Resolve, NamesBothPoliciesThatDifferInWhoseThePfIs) {
  auto theirs = policy("theirs", {{"enp1s0", {{0, 1}}}}, 4);
  theirs.externally_managed = true;
  const auto desired = resolve(with({theirs, policy("ours", {{"enp1s0", {{2, 3}}}}, 4)}), Host{}.pf("0000:01:00.0"));
  EXPECT_TRUE(desired.pfs.empty());
  ASSERT_EQ(desired.conflicts.size(), 1u);
  EXPECT_THAT(desired.conflicts[0].error.text(), HasSubstr("\"theirs\""));
  EXPECT_THAT(desired.conflicts[0].error.text(), HasSubstr("\"ours\""));
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
