// Machines with Ethernet cards: what is seen of each and what is planned on it, to the line.
#include "host/eswitch.hpp"
#include "host/perform.hpp"
#include "host/probe_windows.hpp"
#include "host/rdma_netns.hpp"
#include "host/vdpa.hpp"
#include "lib/profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace nic::test {
namespace {

using model::EswitchMode;
using testing::ElementsAre;
using testing::IsEmpty;

// What a kernel that answers a write of sriov_numvfs with this errno makes of the step.
std::string refused_by_kernel(const Profile& host, const std::string& pf, int errno_value) {
  const model::SetNumVfs step{model::PciAddress::parse(pf).value(), 0, 2};
  host::ProbeWindows windows;
  const auto done = host::perform(
      host.roots(), step,
      {[&](const host::Sysfs& sys, const char* path, std::string_view value) -> std::expected<void, model::Error> {
         if (std::string_view{path}.ends_with("sriov_numvfs"))
           return std::unexpected(model::system_error(errno_value, "write", "sriov_numvfs"));
         return sys.write(path, value);
       },
       {},
       host::eswitch_kernel(),
       {},
       {},
       windows});
  return done ? "" : done.error().text();
}

// H100 machine with Ethernet rails and a ConnectX-6 Dx of two ports for storage.
class EthernetH100 : public testing::Test {
 protected:
  EthernetH100() {
    unsigned rail = 0;
    for (const char* bus : {"1a", "3c", "4d", "5e"}) {
      auto pf = host.pf(fmt::format("0000:{}:00.0", bus), kConnectX7, 0);
      const auto net = fmt::format("enp{}s0np0", std::stoul(bus, nullptr, 16));
      host.rdma(ethernet(host, pf, net, 3 + rail, fmt::format("94:6d:ae:{}:00:00", bus)),
                {.name = fmt::format("mlx5_{}", rail),
                 .node_guid = fmt::format("946d:aeff:fe{}:0000", bus),
                 .link_layer = "Ethernet"});
      ++rail;
    }
    for (unsigned port = 0; port < 2; ++port) {
      Model dx = kConnectX6Dx;
      dx.offset = port == 0 ? 2 : 9;
      auto pf = host.pf(fmt::format("0000:1b:00.{}", port), dx, 0);
      ethernet(host, pf, fmt::format("enp27s0f{0}np{0}", port), 10 + port, fmt::format("b8:ce:f6:1b:00:0{}", port));
    }
  }
  Profile host;
};

TEST_F(EthernetH100, IsSeen) {
  const auto machine = host.inventory();
  EXPECT_THAT(
      seen(machine),
      ElementsAre("0000:1a:00.0 pf 15b3:1021 ethernet, mlx5_core, NUMA node 0, 0 of 16 VFs: enp26s0np0, mlx5_0",
                  "0000:1b:00.0 pf 15b3:101d ethernet, mlx5_core, NUMA node 0, 0 of 8 VFs: enp27s0f0np0",
                  "0000:1b:00.1 pf 15b3:101d ethernet, mlx5_core, NUMA node 0, 0 of 8 VFs: enp27s0f1np1",
                  "0000:3c:00.0 pf 15b3:1021 ethernet, mlx5_core, NUMA node 0, 0 of 16 VFs: enp60s0np0, mlx5_1",
                  "0000:4d:00.0 pf 15b3:1021 ethernet, mlx5_core, NUMA node 0, 0 of 16 VFs: enp77s0np0, mlx5_2",
                  "0000:5e:00.0 pf 15b3:1021 ethernet, mlx5_core, NUMA node 0, 0 of 16 VFs: enp94s0np0, mlx5_3"));
  EXPECT_EQ(machine.functions.at({0, 0x1b, 0, 1}).sriov->offset, 9U);
}

TEST_F(EthernetH100, RailsGetVfsBehindTheirPfsAddress) {
  const auto machine = host.inventory();
  auto rail = policy("rail", {{"enp26s0np0", {}}}, 2);
  rail.mtu = 4200;
  EXPECT_THAT(
      planned(machine, {rail}).steps(),
      ElementsAre("write the udev rules of 0000:1a:00.0", "create 2 VFs on 0000:1a:00.0",
                  "set the MTU of 0000:1a:00.0 from 1500 to 4200", "set mac 96:6d:af:1a:00:00 of VF 0 of 0000:1a:00.0",
                  "set mac 96:6d:ac:1a:00:00 of VF 1 of 0000:1a:00.0", "bind VF 0 (0000:1a:00.1) to its network driver",
                  "bind VF 1 (0000:1a:00.2) to its network driver", "set the MTU of 0000:1a:00.1 from 1500 to 4200",
                  "set the MTU of 0000:1a:00.2 from 1500 to 4200"));
  EXPECT_THAT(left_over(machine, {rail}), IsEmpty());
}

// The VFs of the second port begin where those of the first end.
TEST_F(EthernetH100, BothPortsOfACardHaveTheirOwnRangeOfAddresses) {
  auto storage = policy("storage", {{"enp27s0f0np0", {}}, {"enp27s0f1np1", {}}}, 8);
  const auto plan = planned(host.inventory(), {storage});
  std::vector<std::string> vfs;
  for (const auto& pf : plan.plan.pfs)
    for (const auto& step : pf.steps)
      if (const auto* bind = std::get_if<model::BindDriver>(&step.action)) vfs.push_back(bind->function.text());
  EXPECT_THAT(
      vfs, ElementsAre("0000:1b:00.2", "0000:1b:00.3", "0000:1b:00.4", "0000:1b:00.5", "0000:1b:00.6", "0000:1b:00.7",
                       "0000:1b:01.0", "0000:1b:01.1", "0000:1b:01.2", "0000:1b:01.3", "0000:1b:01.4", "0000:1b:01.5",
                       "0000:1b:01.6", "0000:1b:01.7", "0000:1b:02.0", "0000:1b:02.1"));
}

TEST_F(EthernetH100, MoreVfsThanTheFirmwareHasLeaveThatPortAlone) {
  const auto many = policy("many", {{"enp27s0f1np1", {}}}, 9);
  const auto rail = policy("rail", {{"enp94s0np0", {}}}, 1);
  const auto plan = planned(host.inventory(), {many, rail});
  EXPECT_THAT(plan.refused(), ElementsAre("policy \"many\" (test.toml:1:1) asks for 9 VFs on 0000:1b:00.1: the "
                                          "function has at most 8 (sriov_totalvfs): "
                                          "lower num_vfs, or raise the number of VFs in its firmware"));
  EXPECT_THAT(plan.steps(), ElementsAre("write the udev rules of 0000:5e:00.0", "create 1 VFs on 0000:5e:00.0",
                                        "set mac 96:6d:af:5e:00:00 of VF 0 of 0000:5e:00.0",
                                        "bind VF 0 (0000:5e:00.1) to its network driver"));
}

TEST_F(EthernetH100, VfsForVirtualMachinesNeedAnIommuAndItsModule) {
  auto vms = policy("vms", {{"enp26s0np0", {}}}, 1);
  vms.device_type = model::DeviceType::vfio_pci;
  const auto without = planned(host.inventory(), {vms});
  EXPECT_THAT(without.steps(),
              ElementsAre("load kernel module vfio_pci", "write the udev rules of 0000:1a:00.0",
                          "create 1 VFs on 0000:1a:00.0", "set mac 96:6d:af:1a:00:00 of VF 0 of 0000:1a:00.0"));
  EXPECT_THAT(without.refused(),
              ElementsAre("bind VF 0 (0000:1a:00.1) to vfio-pci: the function is in no IOMMU group: switch VT-d or "
                          "AMD-Vi on in the BIOS and boot with intel_iommu=on or amd_iommu=on"));
  host.at("0000:1a:00.0").iommu_group(26);
  EXPECT_THAT(planned(host.inventory(), {vms}).steps(), testing::Contains("bind VF 0 (0000:1a:00.1) to vfio-pci"));
}

// ConnectX-8 behind its own PCIe switch: the firmware of one card has died, and a port of another never came up.
class GigaB300 : public testing::Test {
 protected:
  GigaB300() {
    host.tree.bridge("0000:01:00.0", "0000:02", 0x15b3, 0x197b);
    host.tree.bridge("0000:02:00.0", "0000:03", 0x15b3, 0x197c);
    for (unsigned port = 0; port < 2; ++port) {
      auto pf = host.pf(fmt::format("0000:03:00.{}", port), kConnectX8, 0);
      const auto net = fmt::format("enp3s0f{0}np{0}", port);
      host.rdma(ethernet(host, pf, net, 3 + port, fmt::format("5c:25:73:03:00:0{}", port)),
                {.name = fmt::format("mlx5_{}", port),
                 .node_guid = fmt::format("5c25:73ff:fe03:000{}", port),
                 .type = "MT4131",
                 .firmware = "40.48.1132",
                 .board = "NVD0000000072",
                 .state = "1: DOWN",
                 .phys_state = "3: Disabled",
                 .rate = "40 Gb/sec (4X QDR)",
                 .link_layer = "Ethernet"});
    }
    Model unprobed = kConnectX8;
    unprobed.driver = nullptr;
    auto working = host.pf("0000:f3:00.0", kConnectX8, 1);
    ethernet(host, working, "enp243s0f0np0", 5, "5c:25:73:f3:00:00");
    host.pf("0000:f3:00.1", unprobed, 1);
  }
  Profile host;
};

TEST_F(GigaB300, IsSeenThroughItsBridges) {
  EXPECT_THAT(
      seen(host.inventory()),
      ElementsAre("0000:03:00.0 pf 15b3:1023 ethernet, mlx5_core, NUMA node 0, 0 of 16 VFs: enp3s0f0np0, mlx5_0",
                  "0000:03:00.1 pf 15b3:1023 ethernet, mlx5_core, NUMA node 0, 0 of 16 VFs: enp3s0f1np1, mlx5_1",
                  "0000:f3:00.0 pf 15b3:1023 ethernet, mlx5_core, NUMA node 1, 0 of 16 VFs: enp243s0f0np0",
                  "0000:f3:00.1 pf 15b3:1023 ethernet, no driver, NUMA node 1, 0 of 16 VFs"));
  EXPECT_EQ(ports(host.inventory()).at(0),
            "mlx5_0 MT4131 40.48.1132 NVD0000000072: ethernet DOWN Disabled 40 Gb/sec (4X QDR)");
}

TEST_F(GigaB300, APortWithoutDriverWaitsForOneAndTheOthersGoOn) {
  const auto plan = planned(host.inventory(), {for_addresses("all", {"0000:f3:00.0", "0000:f3:00.1"}, 1)});
  EXPECT_THAT(plan.steps(), ElementsAre("write the udev rules of 0000:f3:00.0", "create 1 VFs on 0000:f3:00.0",
                                        "set mac 5e:25:72:f3:00:00 of VF 0 of 0000:f3:00.0",
                                        "bind VF 0 (0000:f3:00.2) to its network driver",
                                        "write the udev rules of 0000:f3:00.1", "create 1 VFs on 0000:f3:00.1"));
  EXPECT_EQ(plan.plan.pfs.at(1).steps.at(1).waits_for, "a driver on 0000:f3:00.1");
}

TEST_F(GigaB300, FirmwareThatDoesNotAnswerIsSaidToBeSo) {
  EXPECT_EQ(refused_by_kernel(host, "0000:03:00.0", ETIMEDOUT),
            "create 2 VFs: write sriov_numvfs: Connection timed out. the firmware did not answer: see dmesg");
}

// ConnectX-4 Lx in an HPE machine, switched to switchdev by hand: a VF and its representor on each port.
class HpeSwitchdev : public testing::Test {
 protected:
  HpeSwitchdev() {
    for (unsigned port = 0; port < 2; ++port) {
      Model lx = kConnectX4Lx;
      lx.offset = port == 0 ? 2 : 9;
      const auto address = fmt::format("0000:01:00.{}", port);
      const auto net = fmt::format("enp1s0f{0}np{0}", port);
      auto pf = host.pf(address, lx, 0);
      ethernet(host, pf, net, 2 + port, fmt::format("94:40:c9:c3:67:f{}", port == 0 ? 'a' : 'b'));
      const auto representor = fmt::format("enp1s0f{0}npf{0}vf0", port);
      pf.netdev(representor, 13 + port);
      for (const auto& name : {net, representor}) host.net_file(name, "phys_switch_id", "fa67c3ffffc94094");
      host.net_file(net, "phys_port_name", fmt::format("p{}", port));
      host.net_file(representor, "phys_port_name", fmt::format("pf{}vf0", port));
      auto vf = host.vf(address, 0, lx, "mlx5_core");
      ethernet(host, vf, fmt::format("enp1s0f{}v0", port), 20 + port, fmt::format("d6:d2:15:04:7e:8{}", port));
      host.eswitches[address] = EswitchMode::switchdev;
      auto& told = host.vfs_of_pf[net][0];
      told.mac = model::MacAddress{};
      told.trust = told.spoof_check = false;
      told.link_state = model::VfLinkState::disable;
    }
  }
  Profile host;
};

TEST_F(HpeSwitchdev, IsSeenWithRepresentorsThatAreNotThePf) {
  EXPECT_THAT(
      seen(host.inventory()),
      ElementsAre("0000:01:00.0 pf 15b3:1015 ethernet, mlx5_core, NUMA node 0, switchdev, 1 of 8 VFs: enp1s0f0np0, "
                  "enp1s0f0npf0vf0 of pf0vf0",
                  "0000:01:00.1 pf 15b3:1015 ethernet, mlx5_core, NUMA node 0, switchdev, 1 of 8 VFs: enp1s0f1np1, "
                  "enp1s0f1npf1vf0 of pf1vf0",
                  "0000:01:00.2 vf 15b3:1016 ethernet, mlx5_core, VF 0 of 0000:01:00.0: enp1s0f0v0",
                  "0000:01:01.2 vf 15b3:1016 ethernet, mlx5_core, VF 0 of 0000:01:00.1: enp1s0f1v0"));
}

TEST_F(HpeSwitchdev, IsTakenOverAsItIsWhenAPolicyAsksForJustThat) {
  auto fabric = for_addresses("fabric", {"0000:01:00.0", "0000:01:00.1"}, 1);
  fabric.eswitch_mode = EswitchMode::switchdev;
  const auto plan = planned(host.inventory(), {fabric});
  EXPECT_THAT(plan.steps(),
              ElementsAre("write the udev rules of 0000:01:00.0", "set mac d6:d2:15:04:7e:80 of VF 0 of 0000:01:00.0",
                          "write the udev rules of 0000:01:00.1", "set mac d6:d2:15:04:7e:81 of VF 0 of 0000:01:00.1"));
  const auto& rules = std::get<model::WriteUdevRules>(plan.plan.pfs.at(0).steps.at(0).action).text;
  EXPECT_THAT(rules, testing::HasSubstr("NAME=\"enp1s0f0np0_0\""));
  EXPECT_THAT(rules, testing::HasSubstr("KERNELS==\"0000:01:00.2\", GOTO=\"unmanaged\""));
}

TEST_F(HpeSwitchdev, AnotherNumberOfVfsGoesByWayOfLegacy) {
  auto fabric = for_addresses("fabric", {"0000:01:00.0"}, 2);
  fabric.eswitch_mode = EswitchMode::switchdev;
  const auto machine = host.inventory();
  EXPECT_THAT(
      planned(machine, {fabric}).steps(),
      ElementsAre("write the udev rules of 0000:01:00.0", "switch the eswitch of 0000:01:00.0 from switchdev to legacy",
                  "change 0000:01:00.0 from 1 to 2 VFs", "switch the eswitch of 0000:01:00.0 from legacy to switchdev",
                  "set mac 96:40:c8:c3:67:fa of VF 0 of 0000:01:00.0",
                  "set mac 96:40:cb:c3:67:fa of VF 1 of 0000:01:00.0", "bind VF 0 (0000:01:00.2) to its network driver",
                  "bind VF 1 (0000:01:00.3) to its network driver"));
  EXPECT_THAT(left_over(machine, {fabric}), IsEmpty());
}

// H20 machine: sixteen VFs with RoCE on a PF, each pod has its RDMA device for itself.
class ExclusiveH20 : public testing::Test {
 protected:
  static constexpr unsigned kGiven = 5;  // this VF is a pod's

  ExclusiveH20() {
    host.netns_mode = model::RdmaNetnsMode::exclusive;
    auto pf = host.pf("0000:0d:00.0", kConnectX7, 0);
    host.rdma(ethernet(host, pf, "ens1np0", 2, "a0:88:c2:0d:00:00"),
              {.name = "mlx5_0", .node_guid = "a088:c2ff:fe0d:0000", .link_layer = "Ethernet"});
    for (unsigned index = 0; index < 16; ++index) {
      auto vf = host.vf("0000:0d:00.0", index, kConnectX7, "mlx5_core");
      host.vfs_of_pf["ens1np0"][index].mac = model::MacAddress{0xa288c20d0000ULL + ((index + 1ULL) << 24U)};
      if (index == kGiven) {
        std::filesystem::create_directory(vf.folder() / "net");  // what was in it is elsewhere
        continue;
      }
      host.rdma(
          ethernet(host, vf, fmt::format("ens1v{}", index), 10 + index, fmt::format("a2:88:c2:0d:00:{:02x}", index)),
          {.name = fmt::format("mlx5_{}", 10 + index),
           .node_guid = fmt::format("a288:c2ff:fe0d:{:04x}", index),
           .type = "MT4126",
           .link_layer = "Ethernet"});
    }
  }
  Profile host;
};

TEST_F(ExclusiveH20, AVfThatWentIntoAPodIsInUseAndNotLost) {
  const auto machine = host.inventory();
  EXPECT_EQ(machine.rdma_netns_mode, model::RdmaNetnsMode::exclusive);
  EXPECT_EQ(machine.rdma_devices.size(), 16U);  // the PF's and those of fifteen VFs
  EXPECT_THAT(seen(machine),
              testing::IsSupersetOf(
                  {"0000:0d:00.0 pf 15b3:1021 ethernet, mlx5_core, NUMA node 0, 16 of 16 VFs: ens1np0, mlx5_0",
                   "0000:0d:00.5 vf 15b3:101e ethernet, mlx5_core, VF 4 of 0000:0d:00.0: ens1v4, mlx5_14",
                   "0000:0d:00.6 vf 15b3:101e ethernet, mlx5_core, VF 5 of 0000:0d:00.0, in use",
                   "0000:0d:02.0 vf 15b3:101e ethernet, mlx5_core, VF 15 of 0000:0d:00.0: ens1v15, mlx5_25"}));
  EXPECT_EQ(machine.functions.at({0, 0x0d, 0, 6}).in_use, "its network interface is in another network namespace");
}

TEST_F(ExclusiveH20, AsManyVfsAsThereAreAreLeftAsTheyAre) {
  EXPECT_THAT(planned(host.inventory(), {for_addresses("roce", {"0000:0d:00.0"}, 16)}).steps(),
              ElementsAre("write the udev rules of 0000:0d:00.0"));
}

TEST_F(ExclusiveH20, AnotherNumberIsRefusedAndNamesTheVfOfThePod) {
  const auto plan = planned(host.inventory(), {for_addresses("roce", {"0000:0d:00.0"}, 8)});
  EXPECT_THAT(plan.steps(), ElementsAre("write the udev rules of 0000:0d:00.0"));
  EXPECT_THAT(
      plan.refused(),
      ElementsAre("change 0000:0d:00.0 from 16 to 8 VFs: 0000:0d:00.6 is in use: its network interface is in "
                  "another network namespace; to do it all the same: nicctl apply --force --device 0000:0d:00.0"));
}

// E810 with two ports, one of which has VFs on iavf.
class IntelE810 : public testing::Test {
 protected:
  IntelE810() {
    for (unsigned port = 0; port < 2; ++port) {
      auto pf = host.pf(fmt::format("0000:17:00.{}", port), kE810, 0);
      ethernet(host, pf, fmt::format("ens2f{}", port), 2 + port, fmt::format("b4:96:91:17:00:0{}", port));
      host.eswitches[fmt::format("0000:17:00.{}", port)] = EswitchMode::legacy;
    }
    for (unsigned index = 0; index < 2; ++index) {
      auto vf = host.vf("0000:17:00.0", index, kE810, "iavf");
      ethernet(host, vf, fmt::format("ens2f0v{}", index), 10 + index, fmt::format("b6:96:91:17:00:0{}", index));
      host.vfs_of_pf["ens2f0"][index].mac = model::MacAddress{0xb69691170000ULL + index};
    }
  }
  Profile host;
};

TEST_F(IntelE810, IsSeenWithItsVfsOnIavf) {
  EXPECT_THAT(seen(host.inventory()),
              ElementsAre("0000:17:00.0 pf 8086:1592 ethernet, ice, NUMA node 0, legacy, 2 of 128 VFs: ens2f0",
                          "0000:17:00.1 pf 8086:1592 ethernet, ice, NUMA node 0, legacy, 0 of 128 VFs: ens2f1",
                          "0000:17:01.0 vf 8086:1889 ethernet, iavf, VF 0 of 0000:17:00.0: ens2f0v0",
                          "0000:17:01.1 vf 8086:1889 ethernet, iavf, VF 1 of 0000:17:00.0: ens2f0v1"));
}

TEST_F(IntelE810, GoesToSwitchdevWithoutVfsAndMakesThemThen) {
  auto fabric = policy("fabric", {{"ens2f0", {}}}, 2);
  fabric.eswitch_mode = EswitchMode::switchdev;
  const auto machine = host.inventory();
  EXPECT_THAT(
      planned(machine, {fabric}).steps(),
      ElementsAre("write the udev rules of 0000:17:00.0", "remove the 2 VFs of 0000:17:00.0",
                  "switch the eswitch of 0000:17:00.0 from legacy to switchdev", "create 2 VFs on 0000:17:00.0",
                  "set mac b6:96:90:17:00:00 of VF 0 of 0000:17:00.0",
                  "set mac b6:96:93:17:00:00 of VF 1 of 0000:17:00.0", "bind VF 0 (0000:17:01.0) to its network driver",
                  "bind VF 1 (0000:17:01.1) to its network driver"));
  EXPECT_THAT(left_over(machine, {fabric}), IsEmpty());
}

TEST_F(IntelE810, SafeModeIsNamedWithWhatEndsIt) {
  EXPECT_EQ(
      refused_by_kernel(host, "0000:17:00.1", EOPNOTSUPP),
      "create 2 VFs: write sriov_numvfs: Operation not supported. the driver cannot make VFs now; with ice this is "
      "Safe Mode: install its DDP package");
}

}  // namespace
}  // namespace nic::test
