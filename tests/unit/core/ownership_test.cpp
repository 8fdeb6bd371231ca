#include "core/ownership.hpp"

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
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const model::PciAddress kPf = pci("0000:01:00.0");

model::Config with(std::vector<model::SriovPolicy> policies) {
  model::Config config;
  config.policies = std::move(policies);
  config.sources = {"test.toml"};
  return config;
}

// A PF with 4 VFs and a large MTU, both the agent's doing.
model::Inventory changed() {
  model::Inventory host = Host{}.pf("0000:01:00.0").pf("0000:02:00.0", "enp2s0");
  host.net_devices[0].permanent_address = "52:54:00:00:00:01";
  predict(host, model::SetNumVfs{kPf, 0, 4});
  predict(host, model::SetAutoprobe{kPf, true});
  predict(host, model::SetMtu{kPf, 1500, 9000});
  return host;
}

model::OwnedPfs owned(const model::Inventory& host) {
  auto record = first_record(host.functions.at(kPf), host);
  record = noted(std::move(record), model::SetNumVfs{kPf, 0, 4}, {});
  record = noted(std::move(record), model::SetMtu{kPf, 1500, 9000}, {});
  return {{kPf, record}};
}

const model::PciAddress kVf0 = pci("0000:01:10.0"), kVf1 = pci("0000:01:10.2");

// Two VFs that somebody else made: VF 0 on its network driver with a VLAN and a large MTU, VF 1 on none.
model::Inventory with_vfs() {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  host.net_devices[0].permanent_address = "52:54:00:00:00:01";
  predict(host, model::SetNumVfs{kPf, 0, 2});
  predict(host, model::SetAutoprobe{kPf, true});
  predict(host, model::BindDriver{kVf0, 0, model::DeviceType::netdevice, {}});
  predict(host, model::SetMtu{kVf0, 1500, 3000});
  test::tell_of_vfs(host);
  host.net_devices[0].vfs[0].vlan = model::Vlan{7, 0, model::VlanProtocol::dot1q};
  host.net_devices[0].vfs[0].mac = model::MacAddress::parse("02:00:00:00:00:77");
  host.functions.at(kVf0).life = 11;
  host.functions.at(kVf1).life = 12;
  return host;
}

// What a policy with VLAN, driver and MTU has done to VF 0, and a driver to VF 1; with the record of it.
std::pair<model::Inventory, model::OwnedPfs> with_vfs_changed() {
  auto host = with_vfs();
  auto record = first_record(host.functions.at(kPf), host);
  model::VfSettings settings;
  settings.vlan = model::Vlan{100, 0, model::VlanProtocol::dot1q};
  settings.mac = model::MacAddress::parse("02:00:00:00:00:01");
  for (const auto& action :
       std::vector<model::Action>{model::UnbindDriver{kVf0, 0, "igbvf"}, model::SetVf{kPf, 0, settings},
                                  model::BindDriver{kVf0, 0, model::DeviceType::vfio_pci, {}},
                                  model::BindDriver{kVf1, 1, model::DeviceType::netdevice, {}}}) {
    record = noted(std::move(record), action, vfs_as_they_are(host.functions.at(kPf), host));
    predict(host, action);
  }
  return {host, {{kPf, record}}};
}

TEST(Noted, IsTheOldestTruthOfWhatIsChanged) {
  const model::Inventory host = Host{}.pf("0000:01:00.0");
  auto record = first_record(host.functions.at(kPf), host);
  EXPECT_EQ(record.found, model::Found{});
  EXPECT_THAT(record.names, ElementsAre("enp1s0"));
  record = noted(std::move(record), model::SetNumVfs{kPf, 2, 4}, {});
  record = noted(std::move(record), model::SetNumVfs{kPf, 4, 6}, {});
  EXPECT_EQ(record.found.num_vfs, 2u);
  EXPECT_FALSE(record.found.mtu.has_value());
  record = noted(std::move(record), model::SetMtu{kPf, 1500, 9000}, {});
  EXPECT_EQ(record.found.mtu, 1500u);
}

TEST(Noted, IsNotWhatIsDoneToAVfThatTheAgentMade) {
  const model::Inventory bare = Host{}.pf("0000:01:00.0");
  const auto before = first_record(bare.functions.at(kPf), bare);
  const auto host = with_vfs();
  const auto vfs = vfs_as_they_are(host.functions.at(kPf), host);
  EXPECT_EQ(noted(before, model::SetMtu{kVf0, 1500, 9000}, vfs), before);
  EXPECT_EQ(noted(before, model::BindDriver{kVf0, 0, model::DeviceType::vfio_pci, {}}, vfs), before);
}

TEST(Noted, OfAVfThatWasThereIsWhatIsChangedOfIt) {
  auto host = with_vfs();
  auto record = first_record(host.functions.at(kPf), host);
  ASSERT_EQ(record.found.vfs.size(), 2U);
  EXPECT_FALSE(record.found.vfs.at(kVf0).changed());
  model::VfSettings vlan;
  vlan.vlan = model::Vlan{100, 0, model::VlanProtocol::dot1q};
  const auto note = [&](const model::Action& action) {
    record = noted(std::move(record), action, vfs_as_they_are(host.functions.at(kPf), host));
    predict(host, action);
  };
  note(model::SetVf{kPf, 0, vlan});
  EXPECT_EQ(record.found.vfs.at(kVf0).settings.vlan, (model::Vlan{7, 0, model::VlanProtocol::dot1q}));
  EXPECT_FALSE(record.found.vfs.at(kVf0).settings.trust) << "nobody changes it";
  vlan.vlan->id = 200;
  note(model::SetVf{kPf, 0, vlan});
  EXPECT_EQ(record.found.vfs.at(kVf0).settings.vlan->id, 7) << "the older truth is kept";
  note(model::BindDriver{kVf0, 0, model::DeviceType::vfio_pci, "igbvf"});
  note(model::BindDriver{kVf0, 0, model::DeviceType::netdevice, "vfio-pci"});
  EXPECT_EQ(record.found.vfs.at(kVf0).driver, "igbvf");
  EXPECT_EQ(record.found.vfs.at(kVf0).mtu, 3000U) << "it went with the driver";
  note(model::BindDriver{kVf1, 1, model::DeviceType::netdevice, {}});
  EXPECT_EQ(record.found.vfs.at(kVf1).driver, "");
}

// "00:.." is what the kernel says where nobody has set one: the VF has its own all the same.
TEST(Noted, OfAnAddressIsTheOneThatTheInterfaceHas) {
  auto host = with_vfs();
  host.net_devices[0].vfs[0].mac = model::MacAddress{};
  for (auto& net : host.net_devices)
    if (net.function == kVf0) net.address = "52:54:00:00:00:aa";
  model::VfSettings mac;
  mac.mac = model::MacAddress::parse("02:00:00:00:00:01");
  const auto record = noted(first_record(host.functions.at(kPf), host), model::SetVf{kPf, 0, mac},
                            vfs_as_they_are(host.functions.at(kPf), host));
  EXPECT_EQ(record.found.vfs.at(kVf0).settings.mac->text(), "52:54:00:00:00:aa");
}

TEST(Noted, OfAnEswitchThatIsSwitchedAreTheDriversOfItsVfs) {
  const auto host = with_vfs();
  const auto record = noted(first_record(host.functions.at(kPf), host),
                            model::SetEswitchMode{kPf, model::EswitchMode::legacy, model::EswitchMode::switchdev},
                            vfs_as_they_are(host.functions.at(kPf), host));
  EXPECT_EQ(record.found.vfs.at(kVf0).driver, "igbvf");
  EXPECT_EQ(record.found.vfs.at(kVf1).driver, "");
}

TEST(GiveBack, IsOrdinaryStepsWithTheirReason) {
  const auto host = changed();
  const auto back = plan(resolve(with({}), host, owned(host)), host, {});
  EXPECT_THAT(lines(back),
              ElementsAre("remove the 4 VFs of 0000:01:00.0", "set the MTU of 0000:01:00.0 from 9000 to 1500"));
  EXPECT_EQ(back.pfs.at(0).steps.at(0).why,
            "no policy asks for it any more: given back as it was found, 0 VFs, there are 4");
  EXPECT_EQ(back.pfs.at(0).steps.at(1).why,
            "no policy asks for it any more: given back as it was found, MTU 1500, it is 9000");
  EXPECT_EQ(back.pfs.at(0).steps.at(0).hits.size(), 4u);
}

TEST(GiveBack, IsNothingForAPfThatWasNeverOwned) {
  const auto host = changed();
  EXPECT_TRUE(plan(resolve(with({}), host, {}), host, {}).empty());
}

TEST(GiveBack, LeavesAloneWhatTheAgentDidNotChange) {
  const auto host = changed();
  auto records = owned(host);
  records.at(kPf).found.num_vfs.reset();
  EXPECT_THAT(lines(plan(resolve(with({}), host, records), host, {})),
              ElementsAre("set the MTU of 0000:01:00.0 from 9000 to 1500"));
}

TEST(GiveBack, MakesVfsAgainThatWereThereWithTheDriversTheyHad) {
  const auto host = changed();
  auto records = owned(host);
  records.at(kPf).found = {.num_vfs = 2, .mtu = {}};
  EXPECT_THAT(lines(plan(resolve(with({}), host, records), host, {})),
              ElementsAre("change 0000:01:00.0 from 4 to 2 VFs", "bind VF 0 (0000:01:10.0) to its network driver",
                          "bind VF 1 (0000:01:10.2) to its network driver"));
}

TEST(GiveBack, OfVfsThatWereThereIsWhatWasFoundOfThem) {
  const auto [host, records] = with_vfs_changed();
  const auto desired = resolve(with({}), host, records);
  const auto back = plan(desired, host, {});
  EXPECT_THAT(lines(back),
              ElementsAre("set vlan 7 of VF 0 of 0000:01:00.0", "set mac 02:00:00:00:00:77 of VF 0 of 0000:01:00.0",
                          "take VF 1 (0000:01:10.2) from igbvf", "bind VF 0 (0000:01:10.0) to its network driver",
                          "set the MTU of 0000:01:10.0 from 1500 to 3000"));
  for (const auto& step : back.pfs.at(0).steps) EXPECT_THAT(step.why, HasSubstr("given back")) << step.why;
  EXPECT_TRUE(over(records, desired, back, host).empty());
  auto then = host;
  for (const auto& step : back.pfs.at(0).steps) predict(then, step.action);
  const auto done = resolve(with({}), then, records);
  EXPECT_THAT(over(records, done, plan(done, then, {}), then), ElementsAre(Over{kPf, "it is as it was found"}));
}

TEST(GiveBack, IsNothingForVfsThatWereMadeAgain) {
  auto [host, records] = with_vfs_changed();
  for (const auto& vf : {kVf0, kVf1}) host.functions.at(vf).life += 100;
  EXPECT_THAT(lines(plan(resolve(with({}), host, records), host, {})), IsEmpty());
  // Also where they are made again only to give the number back.
  auto again = with_vfs_changed();
  again.second.at(kPf).found.num_vfs = 1;
  EXPECT_THAT(lines(plan(resolve(with({}), again.first, again.second), again.first, {})),
              ElementsAre("change 0000:01:00.0 from 2 to 1 VFs", "bind VF 0 (0000:01:10.0) to its network driver"));
}

TEST(GiveBack, WaitsForTheUserOfAVf) {
  auto host = with_vfs();
  auto record = first_record(host.functions.at(kPf), host);
  model::VfSettings vlan;
  vlan.vlan = model::Vlan{100, 0, model::VlanProtocol::dot1q};
  const model::Action told = model::SetVf{kPf, 0, vlan};
  const model::OwnedPfs records{{kPf, noted(std::move(record), told, vfs_as_they_are(host.functions.at(kPf), host))}};
  predict(host, told);
  host.functions.at(kVf0).in_use = "a pod has it";
  auto desired = resolve(with({}), host, records);
  EXPECT_THAT(lines(plan(desired, host, {})), IsEmpty());
  EXPECT_THAT(over(records, desired, plan(desired, host, {}), host), IsEmpty()) << "it is not yet as it was found";
  host.functions.at(kVf0).in_use.clear();
  desired = resolve(with({}), host, records);
  EXPECT_THAT(lines(plan(desired, host, {})), ElementsAre("set vlan 7 of VF 0 of 0000:01:00.0"));
}

TEST(GiveBack, LeavesAVfToItsUser) {
  auto [host, records] = with_vfs_changed();
  host.functions.at(kVf0).in_use = "a pod has it";
  host.functions.at(kVf1).in_use = "a pod has it";
  EXPECT_THAT(lines(plan(resolve(with({}), host, records), host, {})), IsEmpty());
}

TEST(GiveBack, SwitchesTheEswitchBackAndTakesTheRulesAway) {
  model::Inventory host = Host{}.pf("0000:01:00.0", "enp1s0", 8, "mlx5_core");
  host.net_devices[0].permanent_address = "52:54:00:00:00:01";
  auto& pf = host.functions.at(kPf);
  pf.eswitch_mode = model::EswitchMode::switchdev;
  pf.udev_rules = "# the agent's";
  auto record = first_record(pf, host);
  predict(host, model::SetNumVfs{kPf, 0, 2});
  for (const auto& action :
       std::vector<model::Action>{model::SetNumVfs{kPf, 0, 2},
                                  model::SetEswitchMode{kPf, model::EswitchMode::legacy, model::EswitchMode::switchdev},
                                  model::WriteUdevRules{kPf, "# the agent's"}})
    record = noted(std::move(record), action, {});
  const model::OwnedPfs records{{kPf, record}};
  const auto back = plan(resolve(with({}), host, records), host, {});
  EXPECT_THAT(lines(back), ElementsAre(HasSubstr("legacy"), "remove the 2 VFs of 0000:01:00.0", HasSubstr("rules")));
  EXPECT_THAT(back.pfs.at(0).steps.at(0).why, HasSubstr("given back as it was found, legacy"));
}

TEST(GiveBack, IsRefusedWhereAVfIsInUseAndWhereThePfIsProtected) {
  auto host = changed();
  host.functions.at(pci("0000:01:10.2")).in_use = "a pod has it";
  auto refusals = plan(resolve(with({}), host, owned(host)), host, {}).pfs.at(0).refusals;
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_THAT(refusals[0].error.text(), HasSubstr("a pod has it"));
  EXPECT_TRUE(refusals[0].forceable);

  auto config = with({});
  config.protected_functions = {kPf};
  host = changed();
  EXPECT_THAT(lines(plan(resolve(config, host, owned(host)), host, {})), IsEmpty());
}

TEST(GiveBack, IsNotForAPfThatAPolicyAsksForOrThatIsInConflict) {
  const auto host = changed();
  const auto wanted = resolve(with({policy("p", {{"enp1s0", {}}}, 4)}), host, owned(host));
  EXPECT_FALSE(wanted.pfs.at(kPf).given_back);
  const auto conflict = resolve(with({policy("p", {{"enp1s0", {}}}, 99)}), host, owned(host));
  EXPECT_EQ(conflict.conflicts.size(), 1u);
  EXPECT_FALSE(conflict.pfs.contains(kPf));
  EXPECT_THAT(over(owned(host), conflict, {}, host), IsEmpty());
}

TEST(GiveBack, WaitsForANameThatIsBeingChanged) {
  auto host = changed();
  const auto records = owned(host);
  host.net_devices[0].name = "eth0";
  const auto desired = resolve(with({policy("workers", {{"enp1s0", {}}}, 4)}), host, records);
  EXPECT_TRUE(plan(desired, host, {}).empty());
  EXPECT_TRUE(desired.kept.at(kPf).asked);
  EXPECT_THAT(desired.kept.at(kPf).why, HasSubstr("workers"));
  EXPECT_THAT(over(records, desired, {}, host), IsEmpty());
}

TEST(GiveBack, IsNotBegunWhileNobodyCanTellWhichCardItIs) {
  auto host = changed();
  const auto records = owned(host);
  std::erase_if(host.net_devices, [](const auto& net) { return net.function == kPf; });
  const auto desired = resolve(with({}), host, records);
  EXPECT_TRUE(plan(desired, host, {}).empty());
  EXPECT_FALSE(desired.kept.at(kPf).asked);
  EXPECT_THAT(over(records, desired, {}, host), IsEmpty());
}

TEST(GiveBack, IsNotBegunWhileAPolicyAsksByTheNameOfAnInterfaceThatIsElsewhere) {
  auto host = changed();
  const auto records = owned(host);
  std::erase_if(host.net_devices, [](const auto& net) { return net.function == kPf; });
  EXPECT_TRUE(resolve(with({policy("workers", {{"enp1s0", {}}}, 4)}), host, records).kept.at(kPf).asked);
}

TEST(GiveBack, NeedsAConfiguration) {
  const auto host = changed();
  const auto desired = resolve(model::Config{}, host, owned(host));
  EXPECT_TRUE(plan(desired, host, {}).empty());
  EXPECT_TRUE(desired.kept.contains(kPf));
}

TEST(GiveBack, IsNotForAnotherCardInTheSlot) {
  auto host = changed();
  const auto records = owned(host);
  host.net_devices[0].permanent_address = "52:54:00:00:00:99";
  auto desired = resolve(with({}), host, records);
  EXPECT_TRUE(plan(desired, host, {}).empty());
  EXPECT_EQ(over(records, desired, {}, host).at(0).why, "another card is in its slot");

  host = changed();
  host.functions.at(kPf).device = 0x1521;
  EXPECT_EQ(over(records, resolve(with({}), host, records), {}, host).size(), 1u);
}

TEST(Identity, GoesByTheGuidOfAnInfiniBandPort) {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  auto& net = host.net_devices[0];
  net.link_type = model::LinkType::infiniband;
  net.permanent_address = "80:00:00:48:fe:80:00:00:00:00:00:00:00:02:c9:03:00:f9:bf:a1";
  const auto record = first_record(host.functions.at(kPf), host);
  net.permanent_address = "80:00:02:0a:fe:80:00:00:00:00:00:00:00:02:c9:03:00:f9:bf:a1";
  EXPECT_EQ(identity(record, host.functions.at(kPf), host), Identity::same);
  net.permanent_address = "80:00:00:48:fe:80:00:00:00:00:00:00:00:02:c9:03:00:f9:bf:a2";
  EXPECT_EQ(identity(record, host.functions.at(kPf), host), Identity::other);
}

TEST(Identity, IsNotThatOfARepresentor) {
  auto host = changed();
  const auto record = owned(host).at(kPf);
  auto representor = host.net_devices[0];
  host.net_devices.erase(host.net_devices.begin());
  representor.phys_port_name = "pf0vf1";
  representor.permanent_address = "52:54:00:00:00:77";
  host.net_devices.push_back(representor);
  EXPECT_EQ(identity(record, host.functions.at(kPf), host), Identity::unknown);
}

TEST(Over, IsWhatIsAsItWasFound) {
  auto host = changed();
  const auto records = owned(host);
  auto desired = resolve(with({}), host, records);
  EXPECT_THAT(over(records, desired, plan(desired, host, {}), host), IsEmpty());
  predict(host, model::SetNumVfs{kPf, 4, 0});
  predict(host, model::SetMtu{kPf, 9000, 1500});
  desired = resolve(with({}), host, records);
  EXPECT_THAT(over(records, desired, plan(desired, host, {}), host), ElementsAre(Over{kPf, "it is as it was found"}));
}

TEST(Over, IsWhatIsHandedOver) {
  const auto host = changed();
  auto external = policy("external", {{"enp1s0", {}}}, 4);
  external.externally_managed = true;
  const auto desired = resolve(with({external}), host, owned(host));
  EXPECT_EQ(over(owned(host), desired, plan(desired, host, {}), host).size(), 1u);
}

TEST(Over, IsNotACardThatWasPulled) {
  auto host = changed();
  const auto records = owned(host);
  host.functions.erase(kPf);
  const auto desired = resolve(with({}), host, records);
  EXPECT_THAT(over(records, desired, plan(desired, host, {}), host), IsEmpty());
}

TEST(TakenOver, IsWhatTheOperatorMadeWithWhatItWouldGoBackTo) {
  const auto host = changed();
  const auto record = taken_over({kPf, 4, 9000, false}, host);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->found, (model::Found{.num_vfs = 0, .mtu = 1500}));
  EXPECT_EQ(record->card.address, "52:54:00:00:00:01");
}

TEST(TakenOver, LeavesAnMtuThatTheOperatorDidNotRaise) {
  EXPECT_EQ(taken_over({kPf, 4, 0, false}, changed())->found, (model::Found{.num_vfs = 0, .mtu = {}}));
  EXPECT_EQ(taken_over({kPf, 4, 4000, false}, changed())->found, (model::Found{.num_vfs = 0, .mtu = {}}));
}

TEST(TakenOver, IsNothingThatTheMachineDoesNotAgreeWith) {
  const auto host = changed();
  EXPECT_FALSE(taken_over({kPf, 8, 9000, false}, host).has_value());
  EXPECT_FALSE(taken_over({kPf, 0, 9000, false}, host).has_value());
  EXPECT_FALSE(taken_over({kPf, 4, 9000, true}, host).has_value());
  EXPECT_FALSE(taken_over({pci("0000:09:00.0"), 4, 9000, false}, host).has_value());
}

}  // namespace
}  // namespace nic::core
