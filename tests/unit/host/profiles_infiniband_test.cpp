// Machines with InfiniBand, as they stand in GPU clusters: what is seen of each and what is planned on it, to the line.
#include "lib/profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::test {
namespace {

using model::LinkType;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

// The steps that give an InfiniBand PF its first VF.
Lines first_vf(const std::string& pf, const std::string& vf, const std::string& guid) {
  return {"write the udev rules of " + pf, "create 1 VFs on " + pf, "set link_state auto of VF 0 of " + pf,
          fmt::format("set node_guid {0}, port_guid {0} of VF 0 of {1}", guid, pf),
          fmt::format("bind VF 0 ({}) to its network driver", vf)};
}

void append(Lines& all, const Lines& more) { all.insert(all.end(), more.begin(), more.end()); }

struct Rail {
  const char* bus;
  int numa;
  const char* net;
  const char* hca;
  const char* guid;        // of the PF
  const char* guid_of_vf;  // that is made of it
};

// An HGX board with eight H100: a ConnectX-7 for each GPU, and a BlueField-3 whose two ports are one bond, which the
// card carries as one RDMA device.
constexpr Rail kRails[]{
    {"18", 0, "ibp24s0", "mlx5_0", "9c63:c003:00a1:1800", "9e63:c003:01a1:1800"},
    {"2a", 0, "ibp42s0", "mlx5_1", "9c63:c003:00a1:2a00", "9e63:c003:01a1:2a00"},
    {"3a", 0, "ibp58s0", "mlx5_4", "9c63:c003:00a1:3a00", "9e63:c003:01a1:3a00"},
    {"5d", 0, "ibp93s0", "mlx5_5", "9c63:c003:00a1:5d00", "9e63:c003:01a1:5d00"},
    {"9a", 1, "ibp154s0", "mlx5_6", "9c63:c003:00a1:9a00", "9e63:c003:01a1:9a00"},
    {"ab", 1, "ibp171s0", "mlx5_7", "9c63:c003:00a1:ab00", "9e63:c003:01a1:ab00"},
    {"ba", 1, "ibp186s0", "mlx5_8", "9c63:c003:00a1:ba00", "9e63:c003:01a1:ba00"},
    {"db", 1, "ibp219s0", "mlx5_9", "9c63:c003:00a1:db00", "9e63:c003:01a1:db00"},
};

class HgxH100 : public testing::Test {
 protected:
  HgxH100() {
    unsigned ifindex = 2;
    for (const auto& rail : kRails) {
      auto pf = host.pf(fmt::format("0000:{}:00.0", rail.bus), kConnectX7Infiniband, rail.numa);
      host.rdma(ipoib(pf, rail.net, ++ifindex), {rail.hca, rail.guid});
    }
    for (unsigned port = 0; port < 2; ++port) {
      auto pf = host.pf(fmt::format("0000:29:00.{}", port), kBlueField3, 0);
      ethernet(host, pf, fmt::format("enp41s0f{0}np{0}", port), 20 + port, fmt::format("c4:70:bd:29:00:0{}", port));
      if (port == 0)
        host.rdma(pf, {.name = "mlx5_bond_0",
                       .node_guid = "c470:bdff:fe29:0000",
                       .type = "MT41692",
                       .firmware = "32.38.3056",
                       .board = "MT_0000000884",
                       .rate = "200 Gb/sec (2X NDR)",
                       .link_layer = "Ethernet"});
    }
    host.tree.virtual_netdev("bond0", 30);
    for (const char* port : {"enp41s0f0np0", "enp41s0f1np1"})
      host.tree.link(fmt::format("sys/class/net/{}/master", port), "sys/class/net/bond0");
    host.routes = {{false, 30, 254}};
  }
  Profile host;
};

TEST_F(HgxH100, IsSeenWithItsRailsAndItsBond) {
  const auto machine = host.inventory();
  EXPECT_THAT(
      seen(machine),
      ElementsAre("0000:18:00.0 pf 15b3:1021 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: ibp24s0, mlx5_0",
                  "0000:29:00.0 pf 15b3:a2dc ethernet, mlx5_core, NUMA node 0, 0 of 16 VFs: enp41s0f0np0, mlx5_bond_0",
                  "0000:29:00.1 pf 15b3:a2dc ethernet, mlx5_core, NUMA node 0, 0 of 16 VFs: enp41s0f1np1",
                  "0000:2a:00.0 pf 15b3:1021 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: ibp42s0, mlx5_1",
                  "0000:3a:00.0 pf 15b3:1021 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: ibp58s0, mlx5_4",
                  "0000:5d:00.0 pf 15b3:1021 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: ibp93s0, mlx5_5",
                  "0000:9a:00.0 pf 15b3:1021 infiniband, mlx5_core, NUMA node 1, 0 of 16 VFs: ibp154s0, mlx5_6",
                  "0000:ab:00.0 pf 15b3:1021 infiniband, mlx5_core, NUMA node 1, 0 of 16 VFs: ibp171s0, mlx5_7",
                  "0000:ba:00.0 pf 15b3:1021 infiniband, mlx5_core, NUMA node 1, 0 of 16 VFs: ibp186s0, mlx5_8",
                  "0000:db:00.0 pf 15b3:1021 infiniband, mlx5_core, NUMA node 1, 0 of 16 VFs: ibp219s0, mlx5_9"));
  EXPECT_THAT(ports(machine),
              testing::IsSupersetOf(
                  {"mlx5_0 MT4129 28.41.1000 MT_0000000838: infiniband ACTIVE LinkUp 400 Gb/sec (4X NDR)",
                   "mlx5_bond_0 MT41692 32.38.3056 MT_0000000884: ethernet ACTIVE LinkUp 200 Gb/sec (2X NDR)"}));
}

TEST_F(HgxH100, GivesEveryRailItsVf) {
  const auto machine = host.inventory();
  const auto rails = for_cards("rails", 0x1021, LinkType::infiniband, 1);
  const auto plan = planned(machine, {rails});
  Lines expected;
  for (const auto& rail : kRails)
    append(expected,
           first_vf(fmt::format("0000:{}:00.0", rail.bus), fmt::format("0000:{}:00.1", rail.bus), rail.guid_of_vf));
  EXPECT_THAT(plan.steps(), ElementsAreArray(expected));
  EXPECT_THAT(plan.refused(), IsEmpty());
  for (const auto& pf : plan.plan.pfs)
    for (const auto& step : pf.steps) EXPECT_EQ(step.disruption, model::Disruption::live);
  EXPECT_THAT(left_over(machine, {rails}), IsEmpty());
}

TEST_F(HgxH100, KeepsTheBondThatTheMachineIsReachedBy) {
  const auto plan = planned(host.inventory(), {for_addresses("storage", {"0000:29:00.0"}, 2)});
  EXPECT_THAT(plan.steps(), ElementsAre("write the udev rules of 0000:29:00.0"));
  EXPECT_THAT(plan.refused(),
              ElementsAre("create 2 VFs on 0000:29:00.0: 0000:29:00.0 carries the IPv4 default route (bond0); to do it "
                          "all the same: nicctl apply --force --device 0000:29:00.0"));
}

TEST_F(HgxH100, SaysWhatVfsDoToABondInTheCard) {
  host.routes.clear();
  const auto plan = planned(host.inventory(), {for_addresses("storage", {"0000:29:00.0"}, 2)});
  const auto& step = plan.plan.pfs.at(0).steps.at(1);
  EXPECT_EQ(model::describe(step.action), "create 2 VFs on 0000:29:00.0");
  EXPECT_EQ(step.disruption, model::Disruption::pf_disruptive);
  EXPECT_EQ(step.why,
            "policy \"storage\" asks for 2 VFs, there are 0; the RDMA device of its bond comes apart: the card "
            "aggregates only without VFs");
}

// A board with eight B300: seven ConnectX-8 without a subnet manager, and a mezzanine card of four functions.
class DellB300 : public testing::Test {
 protected:
  DellB300() {
    constexpr const char* kBuses[]{"1a", "3b", "4c", "5d", "9b", "ab", "c0"};
    constexpr const char* kNames[]{"mlx5_0", "mlx5_1", "mlx5_10", "mlx5_6", "mlx5_7", "mlx5_8", "mlx5_9"};
    for (unsigned i = 0; i < 7; ++i) {
      auto pf = host.pf(fmt::format("0000:{}:00.0", kBuses[i]), kConnectX8Infiniband, i < 4 ? 0 : 1);
      const auto net = fmt::format("ibs{}", i);
      host.rdma(ipoib(pf, net, 10 + i), {.name = kNames[i],
                                         .node_guid = fmt::format("7425:5403:0035:3d{:x}d", i),
                                         .type = "MT4131",
                                         .firmware = "40.46.5500",
                                         .board = "NVD0000000072",
                                         .state = "1: DOWN",
                                         .phys_state = "3: Disabled",
                                         .rate = "10 Gb/sec (4X SDR)"});
      host.down(net);
    }
    Model mezzanine = kConnectX7Infiniband;
    mezzanine.offset = 4;
    for (unsigned function = 0; function < 4; ++function) {
      auto pf = host.pf(fmt::format("0000:07:00.{}", function), mezzanine, 0);
      host.rdma(pf, {.name = fmt::format("mlx5_{}", 2 + function),
                     .node_guid = fmt::format("7425:5403:0035:3de{:x}", 9 + function),
                     .firmware = "28.47.2526",
                     .board = "NVD0000000079",
                     .rate = "100 Gb/sec (1X NDR)",
                     .image_guid = "7425:5403:0035:3de9"});
    }
  }
  Profile host;
};

TEST_F(DellB300, IsSeenWithPortsThatAreDownAndFunctionsWithoutInterface) {
  const auto machine = host.inventory();
  EXPECT_THAT(
      seen(machine),
      ElementsAre("0000:07:00.0 pf 15b3:1021 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: mlx5_2",
                  "0000:07:00.1 pf 15b3:1021 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: mlx5_3",
                  "0000:07:00.2 pf 15b3:1021 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: mlx5_4",
                  "0000:07:00.3 pf 15b3:1021 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: mlx5_5",
                  "0000:1a:00.0 pf 15b3:1023 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: ibs0 (down), mlx5_0",
                  "0000:3b:00.0 pf 15b3:1023 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: ibs1 (down), mlx5_1",
                  "0000:4c:00.0 pf 15b3:1023 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: ibs2 (down), mlx5_10",
                  "0000:5d:00.0 pf 15b3:1023 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: ibs3 (down), mlx5_6",
                  "0000:9b:00.0 pf 15b3:1023 infiniband, mlx5_core, NUMA node 1, 0 of 16 VFs: ibs4 (down), mlx5_7",
                  "0000:ab:00.0 pf 15b3:1023 infiniband, mlx5_core, NUMA node 1, 0 of 16 VFs: ibs5 (down), mlx5_8",
                  "0000:c0:00.0 pf 15b3:1023 infiniband, mlx5_core, NUMA node 1, 0 of 16 VFs: ibs6 (down), mlx5_9"));
  EXPECT_EQ(ports(machine).at(2),
            "mlx5_10 MT4131 40.46.5500 NVD0000000072: infiniband DOWN Disabled 10 Gb/sec (4X SDR)");
  EXPECT_EQ(ports(machine).at(3),
            "mlx5_2 MT4129 28.47.2526 NVD0000000079: infiniband ACTIVE LinkUp 100 Gb/sec (1X NDR)");
  for (const auto* hca : {"mlx5_2", "mlx5_5"})  // one card
    EXPECT_EQ(std::ranges::find(machine.rdma_devices, hca, &model::RdmaDevice::name)->sys_image_guid,
              "7425:5403:0035:3de9");
}

TEST_F(DellB300, PortsThatAreDownAreConfiguredAllTheSame) {
  const auto machine = host.inventory();
  const auto rail = for_addresses("rail", {"0000:4c:00.0"}, 1);
  const auto plan = planned(machine, {rail});
  for (const auto& step : plan.plan.pfs.at(0).steps) EXPECT_EQ(step.disruption, model::Disruption::live);
  EXPECT_THAT(
      plan.steps(),
      ElementsAre("write the udev rules of 0000:4c:00.0", "create 1 VFs on 0000:4c:00.0",
                  "bring the network interface of 0000:4c:00.0 up", "set link_state auto of VF 0 of 0000:4c:00.0",
                  "set node_guid 7625:5403:0135:3d2d, port_guid 7625:5403:0135:3d2d of VF 0 of 0000:4c:00.0",
                  "bind VF 0 (0000:4c:00.1) to its network driver"));
  EXPECT_THAT(left_over(machine, {rail}), IsEmpty());
}

// ib_ipoib is not loaded for it: its VFs are made and bound, and what only an interface can tell waits for one.
TEST_F(DellB300, VfsOfAFunctionWithoutInterfaceWaitForOneWithTheirGuids) {
  const auto plan = planned(host.inventory(), {for_addresses("mezzanine", {"0000:07:00.3"}, 1)});
  EXPECT_THAT(
      plan.steps(),
      ElementsAre("write the udev rules of 0000:07:00.3", "create 1 VFs on 0000:07:00.3",
                  "bind VF 0 (0000:07:00.7) to its network driver", "set link_state auto of VF 0 of 0000:07:00.3",
                  "set node_guid 7625:5403:0135:3dec, port_guid 7625:5403:0135:3dec of VF 0 of 0000:07:00.3"));
  EXPECT_EQ(plan.plan.pfs.at(0).steps.at(3).waits_for,
            "a network interface of 0000:07:00.3 (of InfiniBand: module ib_ipoib)");
}

// ConnectX-6 whose first PF has its eight VFs already, one port that speaks Ethernet, and ports without a cable.
class Cx6WithVfs : public testing::Test {
 protected:
  Cx6WithVfs() {
    hca("0000:4b:00.0", "ibp75s0", 2, {.name = "mlx5_2", .node_guid = "1070:fd03:0058:4b00"});
    hca("0000:54:00.0", "ibp84s0", 3,
        {.name = "mlx5_3", .node_guid = "1070:fd03:0058:5400", .state = "1: DOWN", .phys_state = "3: Disabled"});
    Model ethernet_port = kConnectX6Infiniband;
    ethernet_port.class_code = 0x020000;
    ethernet_port.offset = 2;
    auto pf = host.pf("0000:61:00.0", ethernet_port, 0);
    host.rdma(ethernet(host, pf, "enp97s0f0", 4, "10:70:fd:58:61:00"),
              {.name = "mlx5_4", .node_guid = "1070:fdff:fe58:6100", .type = "MT4123", .link_layer = "Ethernet"});
    hca("0000:61:00.1", "ibp97s0f1", 5,
        {.name = "mlx5_5", .node_guid = "1070:fd03:0058:6101", .state = "1: DOWN", .phys_state = "3: Disabled"});
    for (unsigned index = 0; index < 8; ++index) {
      auto vf = host.vf("0000:4b:00.0", index, kConnectX6Infiniband, "mlx5_core");
      host.rdma(ipoib(vf, fmt::format("ibp75s0v{}", index), 10 + index),
                {.name = fmt::format("mlx5_{}", 12 + index),
                 // The last one came up without an identity.
                 .node_guid = index == 7 ? "0000:0000:0000:0000" : fmt::format("02a1:b200:4b00:000{}", index),
                 .type = "MT4124",
                 .state = "1: DOWN",
                 .phys_state = "3: Disabled",
                 .rate = "10 Gb/sec (4X SDR)"});
      auto& told = host.vfs_of_pf["ibp75s0"][index];
      told.node_guid = told.port_guid = model::Guid{};  // what this load of the driver was told: nothing
      told.link_state = model::VfLinkState::disable;
      told.trust = told.spoof_check = false;
    }
  }
  void hca(const std::string& address, const std::string& net, unsigned ifindex, Hca hca) {
    auto pf = host.pf(address, kConnectX6Infiniband, 0);
    hca.type = "MT4123";
    host.rdma(ipoib(pf, net, ifindex), hca);
  }
  Profile host;
};

TEST_F(Cx6WithVfs, IsSeenWithItsVfsAndBothLinkTypes) {
  const auto machine = host.inventory();
  EXPECT_THAT(
      seen(machine),
      ElementsAre("0000:4b:00.0 pf 15b3:101b infiniband, mlx5_core, NUMA node 0, 8 of 8 VFs: ibp75s0, mlx5_2",
                  "0000:4b:00.1 vf 15b3:101c infiniband, mlx5_core, VF 0 of 0000:4b:00.0: ibp75s0v0, mlx5_12",
                  "0000:4b:00.2 vf 15b3:101c infiniband, mlx5_core, VF 1 of 0000:4b:00.0: ibp75s0v1, mlx5_13",
                  "0000:4b:00.3 vf 15b3:101c infiniband, mlx5_core, VF 2 of 0000:4b:00.0: ibp75s0v2, mlx5_14",
                  "0000:4b:00.4 vf 15b3:101c infiniband, mlx5_core, VF 3 of 0000:4b:00.0: ibp75s0v3, mlx5_15",
                  "0000:4b:00.5 vf 15b3:101c infiniband, mlx5_core, VF 4 of 0000:4b:00.0: ibp75s0v4, mlx5_16",
                  "0000:4b:00.6 vf 15b3:101c infiniband, mlx5_core, VF 5 of 0000:4b:00.0: ibp75s0v5, mlx5_17",
                  "0000:4b:00.7 vf 15b3:101c infiniband, mlx5_core, VF 6 of 0000:4b:00.0: ibp75s0v6, mlx5_18",
                  "0000:4b:01.0 vf 15b3:101c infiniband, mlx5_core, VF 7 of 0000:4b:00.0: ibp75s0v7, mlx5_19",
                  "0000:54:00.0 pf 15b3:101b infiniband, mlx5_core, NUMA node 0, 0 of 8 VFs: ibp84s0, mlx5_3",
                  "0000:61:00.0 pf 15b3:101b ethernet, mlx5_core, NUMA node 0, 0 of 8 VFs: enp97s0f0, mlx5_4",
                  "0000:61:00.1 pf 15b3:101b infiniband, mlx5_core, NUMA node 0, 0 of 8 VFs: ibp97s0f1, mlx5_5"));
}

// A GUID that a VF has, from whoever, is its own; one that has none is bound anew with one.
TEST_F(Cx6WithVfs, KeepsVfsThatAreThereAndGivesTheNamelessOneAGuid) {
  const auto plan = planned(host.inventory(), {for_addresses("gpu", {"0000:4b:00.0"}, 8)});
  EXPECT_THAT(plan.steps(),
              ElementsAre("write the udev rules of 0000:4b:00.0", "set link_state auto of VF 0 of 0000:4b:00.0",
                          "set link_state auto of VF 1 of 0000:4b:00.0", "set link_state auto of VF 2 of 0000:4b:00.0",
                          "set link_state auto of VF 3 of 0000:4b:00.0", "set link_state auto of VF 4 of 0000:4b:00.0",
                          "set link_state auto of VF 5 of 0000:4b:00.0", "set link_state auto of VF 6 of 0000:4b:00.0",
                          "set link_state auto of VF 7 of 0000:4b:00.0", "take VF 7 (0000:4b:01.0) from mlx5_core",
                          "set node_guid 1270:fd03:0858:4b00, port_guid 1270:fd03:0858:4b00 of VF 7 of 0000:4b:00.0",
                          "bind VF 7 (0000:4b:01.0) to its network driver"));
  EXPECT_THAT(plan.plan.pfs.at(0).steps.at(9).hits, ElementsAre(model::PciAddress{0, 0x4b, 1, 0}));
}

TEST_F(Cx6WithVfs, SelectsByWhatThePortSpeaksNow) {
  const auto plan = planned(host.inventory(), {for_cards("roce", 0x101b, LinkType::ethernet, 1)});
  EXPECT_THAT(plan.steps(), ElementsAre("write the udev rules of 0000:61:00.0", "create 1 VFs on 0000:61:00.0",
                                        "set mac 12:70:fc:58:61:00 of VF 0 of 0000:61:00.0",
                                        "bind VF 0 (0000:61:00.2) to its network driver"));
}

// A ConnectX-4 whose ports speak differently; nothing but the class tells at first.
class Cx4Mixed : public testing::Test {
 protected:
  Cx4Mixed() {
    auto infiniband = host.pf("0000:0e:00.0", kConnectX4Infiniband, 0);
    host.rdma(ipoib(infiniband, "ibp14s0f0", 2), {.name = "mlx5_0",
                                                  .node_guid = "248a:0703:0091:0e00",
                                                  .type = "MT4115",
                                                  .firmware = "12.28.2006",
                                                  .board = "MT_2190110032",
                                                  .rate = "100 Gb/sec (4X EDR)"});
    Model ethernet_port = kConnectX4Infiniband;
    ethernet_port.class_code = 0x020000;
    ethernet_port.offset = 9;
    auto pf = host.pf("0000:0e:00.1", ethernet_port, 0);
    host.rdma(ethernet(host, pf, "enp14s0f1", 3, "24:8a:07:91:0e:01"), {.name = "mlx5_1",
                                                                        .node_guid = "248a:07ff:fe91:0e01",
                                                                        .type = "MT4115",
                                                                        .firmware = "12.28.2006",
                                                                        .board = "MT_2190110032",
                                                                        .rate = "100 Gb/sec (4X EDR)",
                                                                        .link_layer = "Ethernet"});
  }
  Profile host;
};

TEST_F(Cx4Mixed, IsSeenWithTwoLinkTypesOnOneCard) {
  EXPECT_THAT(seen(host.inventory()),
              ElementsAre("0000:0e:00.0 pf 15b3:1013 infiniband, mlx5_core, NUMA node 0, 0 of 8 VFs: ibp14s0f0, mlx5_0",
                          "0000:0e:00.1 pf 15b3:1013 ethernet, mlx5_core, NUMA node 0, 0 of 8 VFs: enp14s0f1, mlx5_1"));
}

TEST_F(Cx4Mixed, GivesGuidsToOneAndAddressesToTheOther) {
  const auto machine = host.inventory();
  const auto both = for_addresses("both", {"0000:0e:00.0", "0000:0e:00.1"}, 2);
  EXPECT_THAT(
      planned(machine, {both}).steps(),
      ElementsAre("write the udev rules of 0000:0e:00.0", "create 2 VFs on 0000:0e:00.0",
                  "set link_state auto of VF 0 of 0000:0e:00.0",
                  "set node_guid 268a:0703:0191:0e00, port_guid 268a:0703:0191:0e00 of VF 0 of 0000:0e:00.0",
                  "set link_state auto of VF 1 of 0000:0e:00.0",
                  "set node_guid 268a:0703:0291:0e00, port_guid 268a:0703:0291:0e00 of VF 1 of 0000:0e:00.0",
                  "bind VF 0 (0000:0e:00.2) to its network driver", "bind VF 1 (0000:0e:00.3) to its network driver",
                  "write the udev rules of 0000:0e:00.1", "create 2 VFs on 0000:0e:00.1",
                  "set mac 26:8a:06:91:0e:01 of VF 0 of 0000:0e:00.1",
                  "set mac 26:8a:05:91:0e:01 of VF 1 of 0000:0e:00.1", "bind VF 0 (0000:0e:01.2) to its network driver",
                  "bind VF 1 (0000:0e:01.3) to its network driver"));
  EXPECT_THAT(left_over(machine, {both}), IsEmpty());
}

TEST_F(Cx4Mixed, TakesSwitchdevOnTheEthernetPortOnly) {
  host.eswitches["0000:0e:00.1"] = model::EswitchMode::legacy;
  auto fabric = for_addresses("fabric", {"0000:0e:00.0", "0000:0e:00.1"}, 1);
  fabric.eswitch_mode = model::EswitchMode::switchdev;
  const auto plan = planned(host.inventory(), {fabric});
  EXPECT_THAT(plan.steps(), ElementsAre("write the udev rules of 0000:0e:00.1", "create 1 VFs on 0000:0e:00.1",
                                        "switch the eswitch of 0000:0e:00.1 from legacy to switchdev",
                                        "set mac 26:8a:06:91:0e:01 of VF 0 of 0000:0e:00.1",
                                        "bind VF 0 (0000:0e:01.2) to its network driver"));
  EXPECT_THAT(plan.refused(),
              ElementsAre("policy \"fabric\" (test.toml:1:1) asks for switchdev (eswitch_mode) on 0000:0e:00.0: its "
                          "port is InfiniBand, "
                          "and only Ethernet ports have an eswitch: take eswitch_mode out, or set the link type of the "
                          "port to Ethernet in the firmware"));
}

}  // namespace
}  // namespace nic::test
