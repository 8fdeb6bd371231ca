#include "dbus/view.hpp"

#include "dbus/changes.hpp"
#include "dbus/describe.hpp"
#include "dbus/text.hpp"
#include "unit/dbus/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

namespace nic::dbus {
namespace {

using test::kPf, test::kVf0, test::kVf1, test::machine;
using testing::ElementsAre, testing::IsEmpty, testing::StrEq;

const std::string kPfPath = "/org/nicagent1/device/0000_3b_00_0";

std::vector<model::Error> core_says() {
  return {{model::Code::internal, 0, "health reporter fw_fatal shows an error", "", "reset it"}};
}

TEST(View, ShowsAPfWithItsInterfaceItsVfsAndItsRdmaDevice) {
  const auto shown = view(machine(), "1");
  const auto& pf = shown.devices.at(kPfPath);
  EXPECT_EQ(pf.device.kind, "pf");
  EXPECT_EQ(pf.device.driver, "mlx5_core");
  EXPECT_EQ(pf.device.numa_node, 1);
  EXPECT_EQ(pf.device.iommu_group, -1);
  EXPECT_THAT(pf.device.network_interfaces, ElementsAre("ens1f0np0"));
  EXPECT_EQ(pf.device.link_speed, 400000U);
  EXPECT_EQ(pf.device.state, "ok");
  EXPECT_EQ(std::get<std::uint32_t>(pf.device.desired.at("Mtu")), 9000U);
  EXPECT_THAT(pf.device.resources, ElementsAre(Path{"/org/nicagent1/resource/example_2ecom_2frdma_5fa"}));
  ASSERT_TRUE(pf.physical_function);
  EXPECT_EQ(pf.physical_function->total_vfs, 16U);
  EXPECT_THAT(pf.physical_function->virtual_functions,
              ElementsAre(Path{"/org/nicagent1/device/0000_3b_00_2"}, Path{"/org/nicagent1/device/0000_3b_00_3"}));
  EXPECT_TRUE(pf.physical_function->is_protected);
  ASSERT_TRUE(pf.rdma);
  EXPECT_EQ(pf.rdma->name, "mlx5_0");
  EXPECT_THAT(pf.rdma->character_devices, ElementsAre("/dev/infiniband/uverbs0"));
  EXPECT_FALSE(pf.virtual_function);
}

TEST(View, SaysWhyDevicesOfAResourceAreUnhealthyAndWhatIsLikelyNotMeant) {
  auto snapshot = machine();
  auto& pool = snapshot.pools.at(0);
  pool.unhealthy = "every port is down";
  pool.devices.push_back({"0000:3b:00.2", false, {}, {}, "", "its PF has no carrier"});
  pool.warnings = {"a.io/vfs has it too"};
  const auto shown = view(snapshot, "1").resources.begin()->second;
  EXPECT_THAT(shown.unhealthy, ElementsAre(UnhealthyRow{"", "every port is down"},
                                           UnhealthyRow{"0000:3b:00.2", "its PF has no carrier"}));
  EXPECT_THAT(shown.warnings, ElementsAre("a.io/vfs has it too"));
}

TEST(View, ShowsWhatWasFoundOnAPfThatIsOwned) {
  auto snapshot = machine();
  EXPECT_FALSE(view(snapshot, "1").devices.at(kPfPath).physical_function->owned);
  snapshot.owned[kPf] = {kPf, {}, {}, {.num_vfs = 0, .mtu = {}}};
  const auto pf = *view(snapshot, "1").devices.at(kPfPath).physical_function;
  EXPECT_TRUE(pf.owned);
  EXPECT_THAT(pf.found, ElementsAre(testing::Pair("NumVfs", testing::VariantWith<std::uint32_t>(0))));
}

TEST(View, ShowsWhatWasFoundOfVfsThatWereThere) {
  auto snapshot = machine();
  model::FoundVf changed{.life = 7, .index = 1, .driver = "", .mtu = 9000};
  changed.settings.trust = true;
  model::Owned owned;
  owned.pf = kPf;
  owned.found.vfs = {{kVf0, {.life = 6, .index = 0}}, {kVf1, changed}};
  snapshot.owned[kPf] = owned;
  const auto pf = *view(snapshot, "1").devices.at(kPfPath).physical_function;
  EXPECT_THAT(std::get<std::vector<std::string>>(pf.found.at("VirtualFunctions")),
              ElementsAre("VF 1: driver none, mtu 9000, trust on"));
}

TEST(View, ShowsPortsAndHealthAndABrokenReporterAsAProblem) {
  auto snapshot = machine();
  auto& pf = snapshot.inventory.functions.at(kPf);
  model::DevlinkPort sf;
  sf.index = 32768;
  sf.flavour = model::PortFlavour::pci_sf;
  sf.pf = 0;
  sf.sf = 88;
  sf.net_ifindex = 4;
  pf.ports = {sf};
  pf.reporters = {{std::nullopt, "fw_fatal", false, 2, 1}, {32768, "tx", true, 0, 0}};
  snapshot.functions.at(kPf).health = core_says();
  const auto shown = view(snapshot, "1");
  const auto& object = shown.devices.at(kPfPath);
  EXPECT_THAT(object.physical_function->ports, ElementsAre(DevlinkPortRow{32768, "pcisf", -1, 0, 88, "ens1f0np0"}));
  EXPECT_THAT(object.device.health_reporters,
              ElementsAre(ReporterRow{"fw_fatal", -1, false, 2, 1}, ReporterRow{"tx", 32768, true, 0, 0}));
  ASSERT_EQ(shown.manager.problem_details.size(), 1U);
  EXPECT_EQ(shown.manager.problem_details[0].subject, "0000:3b:00.0");
  EXPECT_EQ(shown.manager.problem_details[0].advice, "reset it");
}

TEST(View, ShowsTheKeysOfInfinibandPorts) {
  auto snapshot = machine();
  auto& port = snapshot.inventory.rdma_devices[0].ports[0];
  port.guid = "b83f:d203:0000:0002";
  port.pkeys = {0xffff, 0x1};
  EXPECT_THAT(view(snapshot, "1").devices.at(kPfPath).rdma->infiniband_ports, IsEmpty());
  port.link_layer = model::LinkType::infiniband;
  EXPECT_THAT(view(snapshot, "1").devices.at(kPfPath).rdma->infiniband_ports,
              ElementsAre(InfinibandPortRow{1, "b83f:d203:0000:0002", {"0xffff", "0x0001"}}));
}

TEST(View, ShowsAVfWithItsPfAndWhatThePolicyAsksOfIt) {
  const auto shown = view(machine(), "1");
  const auto& vf = shown.devices.at("/org/nicagent1/device/0000_3b_00_2");
  EXPECT_EQ(vf.device.kind, "vf");
  EXPECT_EQ(std::get<std::string>(vf.device.desired.at("DeviceType")), "vfio-pci");
  ASSERT_TRUE(vf.virtual_function);
  EXPECT_EQ(vf.virtual_function->physical_function.text, kPfPath);
  EXPECT_EQ(vf.virtual_function->index, 0U);
  EXPECT_FALSE(vf.physical_function);
  EXPECT_FALSE(vf.rdma);
}

TEST(View, ShowsWhatThePfSaysOfAVfAndWhoUsesIt) {
  auto snapshot = machine();
  auto& told = snapshot.inventory.net_devices[0].vfs[0];
  told.mac = model::MacAddress::parse("02:00:00:00:00:10");
  told.vlan = model::Vlan{100, 3, model::VlanProtocol::dot1ad};
  told.trust = true;
  snapshot.inventory.functions.at(kVf0).in_use = "/dev/vfio/12 is held open by qemu (7)";
  snapshot.desired.pfs.at(kPf).vfs.at(0).settings.spoof_check = false;
  const auto shown = view(snapshot, "1");
  const auto& vf = shown.devices.at("/org/nicagent1/device/0000_3b_00_2");
  const Dictionary expected{{"MacAddress", std::string{"02:00:00:00:00:10"}},
                            {"Vlan", 100U},
                            {"VlanQos", 3U},
                            {"VlanProtocol", std::string{"802.1ad"}},
                            {"Trust", true}};
  EXPECT_EQ(vf.virtual_function->settings, expected);
  EXPECT_EQ(vf.virtual_function->used_by, "/dev/vfio/12 is held open by qemu (7)");
  EXPECT_FALSE(std::get<bool>(vf.device.desired.at("SpoofCheck")));
}

TEST(View, ShowsTheVdpaDeviceOfAVfAndWhatIsAskedOfIt) {
  auto snapshot = machine();
  snapshot.inventory.functions.at(kVf0).vdpa = {{"vdpa:0000:3b:00.2", "vhost_vdpa"}};
  auto& wish = snapshot.desired.pfs.at(kPf).vfs.at(0);
  wish.vdpa_type = model::VdpaType::vhost;
  wish.is_rdma = true;
  const auto shown = view(snapshot, "1");
  const auto& vf = shown.devices.at("/org/nicagent1/device/0000_3b_00_2");
  EXPECT_EQ(vf.virtual_function->vdpa_device, "vdpa:0000:3b:00.2");
  EXPECT_EQ(vf.virtual_function->vdpa_driver, "vhost_vdpa");
  EXPECT_EQ(std::get<std::string>(vf.device.desired.at("VdpaType")), "vhost");
  EXPECT_TRUE(std::get<bool>(vf.device.desired.at("IsRdma")));
  EXPECT_EQ(shown.devices.at("/org/nicagent1/device/0000_3b_00_3").virtual_function->vdpa_device, "");
}

TEST(View, ShowsWhyTheRdmaSubsystemIsNotAsConfigured) {
  auto snapshot = machine();
  snapshot.rdma_problem = model::system_error(EPERM, "set the RDMA network-namespace mode", "", "look");
  snapshot.reboot_reasons = {"for it"};
  const auto manager = view(snapshot, "1").manager;
  ASSERT_EQ(manager.problem_details.size(), 1U);
  EXPECT_EQ(manager.problem_details[0].subject, "rdma");
  EXPECT_EQ(manager.problem_details[0].advice, "look");
  EXPECT_TRUE(manager.reboot_required);
  EXPECT_EQ(manager.reboot_reasons, std::vector<std::string>{"for it"});
}

TEST(View, GivesAVfItsInterfaceOnlyWhenItsIndexIsKnown) {
  auto snapshot = machine();
  snapshot.inventory.functions[kVf1].vf_index.reset();
  EXPECT_FALSE(view(snapshot, "1").devices.at("/org/nicagent1/device/0000_3b_00_3").virtual_function);
}

TEST(View, ShowsTheEswitchAndKeepsRepresentorsApart) {
  auto snapshot = machine();
  snapshot.inventory.functions.at(kPf).eswitch_mode = model::EswitchMode::switchdev;
  model::NetDevice representor;
  representor.name = "ens1f0np0_0";
  representor.function = kPf;
  representor.phys_port_name = "pf0vf0";
  snapshot.inventory.net_devices.push_back(representor);  // its index is the lowest
  auto scalable = representor;
  scalable.name = "ens1f0s88";
  scalable.phys_port_name.reset();
  scalable.scalable_function = true;
  snapshot.inventory.net_devices.push_back(scalable);
  const auto before = view(machine(), "1").devices.at(kPfPath).device;
  const auto shown = view(snapshot, "1").devices.at(kPfPath);
  EXPECT_EQ(shown.device, before);
  EXPECT_EQ(shown.physical_function->eswitch_mode, "switchdev");
  EXPECT_THAT(shown.physical_function->representors, ElementsAre("ens1f0np0_0"));
  EXPECT_THAT(shown.physical_function->scalable_functions, ElementsAre("ens1f0s88"));
}

TEST(View, PrefersHardwareToSoftRoce) {
  auto snapshot = machine();
  model::RdmaDevice soft;
  soft.name = "a_rxe0";
  soft.software = true;
  soft.function = kPf;
  snapshot.inventory.rdma_devices.insert(snapshot.inventory.rdma_devices.begin(), soft);
  const auto shown = view(snapshot, "1");
  const auto& rdma = shown.devices.at(kPfPath).rdma;
  EXPECT_EQ(rdma->name, "mlx5_0");
  EXPECT_THAT(rdma->other_names, ElementsAre("a_rxe0"));
}

TEST(View, IsValidUtf8WhateverTheKernelSays) {
  auto snapshot = machine();
  snapshot.inventory.rdma_devices[0].node_description = "bad\xff";
  snapshot.inventory.net_devices[0].name = "\xc0";
  const auto shown = view(snapshot, "1");
  EXPECT_EQ(shown.devices.at(kPfPath).rdma->node_description, "bad\xef\xbf\xbd");
  EXPECT_TRUE(nlohmann::json::accept(describe(shown, {})));
}

TEST(View, TellsWhenAFunctionFailedAndIsTriedAgain) {
  auto snapshot = machine();
  snapshot.functions[kPf].failed_usec = 7;
  snapshot.functions[kPf].retry_usec = 9;
  const auto shown = view(snapshot, "1").devices.at(kPfPath).device;
  EXPECT_EQ(shown.failed_at, 7U);
  EXPECT_EQ(shown.retry_at, 9U);
}

TEST(Problems, AreAlsoWhatIsWrongWithAFunctionThatNobodyConfigured) {
  auto snapshot = machine();
  snapshot.inventory.functions.at(kPf).problems = {
      {model::Code::unsupported, 0, "use the card at", "0000:3b:00.0", "burn it anew"}};
  const auto found = problems(snapshot);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].subject, "0000:3b:00.0");
  EXPECT_EQ(found[0].advice, "burn it anew");
}

TEST(Problems, NameTheSubjectWhatHappenedAndWhatToDo) {
  auto snapshot = machine();
  snapshot.config_errors.push_back(model::invalid("read the key", "nic-agent.toml:3:1", "did you mean num_vfs?"));
  snapshot.functions[kPf].state = model::FunctionState::failed;
  snapshot.functions[kPf].last_error =
      model::system_error(ENOMEM, "create 16 VFs on", "0000:3b:00.0", "Enable SR-IOV in the BIOS");
  snapshot.modules[0].state = model::ModuleState::absent;
  const auto found = problems(snapshot);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].subject, "nic-agent.toml:3:1");
  EXPECT_EQ(found[0].advice, "did you mean num_vfs?");
  EXPECT_EQ(found[1].subject, "0000:3b:00.0");
  EXPECT_EQ(found[1].text, "create 16 VFs on 0000:3b:00.0: Cannot allocate memory");
  EXPECT_EQ(found[1].advice, "Enable SR-IOV in the BIOS");
  EXPECT_EQ(found[2].subject, "mlx5_core");
}

TEST(Problems, AreNoneOnAMachineThatIsRight) { EXPECT_THAT(problems(machine()), IsEmpty()); }

TEST(Changes, AreEmptyWhenNothingChanged) { EXPECT_TRUE(changes(view(machine(), "1"), view(machine(), "1")).empty()); }

TEST(Changes, NameJustThePropertiesThatChanged) {
  auto after = machine();
  after.inventory.net_devices[0].mtu = 9000;
  after.inventory.net_devices[0].operstate = "down";
  const auto said = changes(view(machine(), "1"), view(after, "1"));
  ASSERT_EQ(said.changed.size(), 1U);
  EXPECT_EQ(said.changed[0].path, kPfPath);
  EXPECT_STREQ(said.changed[0].interface, "org.nicagent1.Device");
  EXPECT_THAT(said.changed[0].names, ElementsAre(StrEq("LinkState"), StrEq("Mtu")));
  EXPECT_THAT(said.added, IsEmpty());
  EXPECT_THAT(said.removed, IsEmpty());
}

TEST(Changes, GiveAnObjectThatCameWithAllItsInterfaces) {
  const auto said = changes(View{}, view(machine(), "1"));
  const auto pf = std::ranges::find(said.added, kPfPath, &Interfaces::path);
  ASSERT_NE(pf, said.added.end());
  EXPECT_THAT(pf->names, ElementsAre(StrEq("org.nicagent1.Device"), StrEq("org.nicagent1.PhysicalFunction"),
                                     StrEq("org.nicagent1.Rdma")));
}

TEST(Changes, LetRdmaComeAndGoOnAnObjectThatStays) {
  auto after = machine();
  after.inventory.rdma_devices.clear();
  const auto gone = changes(view(machine(), "1"), view(after, "1"));
  ASSERT_EQ(gone.removed.size(), 1U);
  EXPECT_THAT(gone.removed[0].names, ElementsAre(StrEq("org.nicagent1.Rdma")));
  const auto back = changes(view(after, "1"), view(machine(), "1"));
  ASSERT_EQ(back.added.size(), 1U);
  EXPECT_THAT(back.added[0].names, ElementsAre(StrEq("org.nicagent1.Rdma")));
}

TEST(Changes, ReplaceAnObjectWhenAnotherCardIsInItsSlot) {
  auto after = machine();
  after.inventory.functions[kPf].vendor = 0x8086;
  const auto said = changes(view(machine(), "1"), view(after, "1"));
  ASSERT_EQ(said.removed.size(), 1U);
  ASSERT_EQ(said.added.size(), 1U);
  EXPECT_THAT(said.removed[0].names, ElementsAre(StrEq("org.nicagent1.Device")));
  EXPECT_EQ(said.added[0].path, kPfPath);
}

TEST(Describe, HasEveryObjectUnderItsPropertyNames) {
  const auto json = nlohmann::json::parse(describe(view(machine(), "1"), {}));
  EXPECT_EQ(json["Manager"]["State"], "ready");
  EXPECT_EQ(json["Devices"].size(), 3U);
  EXPECT_EQ(json["Devices"][0]["PciAddress"], "0000:3b:00.0");
  EXPECT_EQ(json["Devices"][0]["PhysicalFunction"]["TotalVfs"], 16);
  EXPECT_EQ(json["Devices"][0]["Rdma"]["Ports"][0]["State"], "ACTIVE");
  EXPECT_EQ(json["Resources"][0]["Capacity"], 1000);
  EXPECT_EQ(json["Modules"][0]["Name"], "mlx5_core");
}

TEST(Plan, SaysWhatAndWhyAndWhatItRefuses) {
  model::Plan plan;
  plan.pfs.push_back(
      {.pf = kPf,
       .steps = {{.action = model::SetNumVfs{kPf, 2, 4},
                  .disruption = model::Disruption::vf_disruptive,
                  .why = "policy \"workers\" asks for 4 VFs, there are 2",
                  .hits = {kVf0, kVf1},
                  .deadline = std::chrono::seconds{30},
                  .waits_for = {}}},
       .refusals = {{{model::Code::protected_, 0, "change the MTU of", kPf.text(), "use force"}, true}}});
  const auto text = plan_text(plan);
  EXPECT_EQ(text,
            "1. change 0000:3b:00.0 from 2 to 4 VFs\n"
            "   why: policy \"workers\" asks for 4 VFs, there are 2\n"
            "   disruption: vf-disruptive\n"
            "   hits: 0000:3b:00.2 0000:3b:00.3\n"
            "Not done on 0000:3b:00.0: change the MTU of 0000:3b:00.0: use force (force would do it)\n");
  const auto list = steps(plan);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(std::get<std::string>(list[0].at("Target")), "0000:3b:00.0");
  EXPECT_TRUE(std::get<bool>(list[1].at("Refused")));
}

TEST(Plan, SaysWhenThereIsNothingToDo) { EXPECT_EQ(plan_text({}), "Nothing to do.\n"); }

TEST(View, ShowsTheWaysBetweenGpusAndNics) {
  auto snapshot = test::machine();
  EXPECT_TRUE(view(snapshot, "1").manager.gpu_paths.empty());
  model::GpuPath path{test::pci("0000:3a:00.0"),   test::kPf, model::PathLevel::pxb, true,
                      {test::pci("0000:39:00.0")}, {},        model::Verdict::warn};
  path.findings = {{model::Verdict::warn, "acs-redirect", "bridge 0000:39:00.0 sends it upstream"}};
  snapshot.gpu_paths = {path};
  EXPECT_EQ(view(snapshot, "1").manager.gpu_paths,
            (std::vector<GpuPathRow>{{"0000:3a:00.0",
                                      "0000:3b:00.0",
                                      "PXB",
                                      true,
                                      "warn",
                                      {"0000:39:00.0"},
                                      {"warn acs-redirect bridge 0000:39:00.0 sends it upstream"}}}));
}

TEST(View, ShowsReadRequestsThatAreWantedAndThatWereFound) {
  auto snapshot = test::machine();
  model::DesiredPcie wish;
  wish.function = test::kPf;
  wish.max_read_request = 4096;
  snapshot.desired.pcie.emplace(test::kPf, wish);
  model::Owned owned;
  owned.pf = test::kPf;
  owned.found.max_read_request = 512;
  snapshot.owned.emplace(test::kPf, owned);
  const auto shown = view(snapshot, "1").devices.at(device_path(test::kPf));
  EXPECT_EQ(shown.device.desired.at("MaxReadRequest"), (Dictionary::mapped_type{std::uint32_t{4096}}));
  EXPECT_EQ(shown.physical_function->found.at("MaxReadRequest"), (Dictionary::mapped_type{std::uint32_t{512}}));
}

}  // namespace
}  // namespace nic::dbus
