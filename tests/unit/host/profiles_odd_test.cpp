// Machines on which much cannot be: guests, cards whose driver makes VFs in its own way, cards whose firmware is dead.
// What is seen of them, and what an administrator is told.
#include "core/pools.hpp"
#include "lib/profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::test {
namespace {

using model::LinkType;
using testing::ElementsAre;
using testing::IsEmpty;

// A guest in Azure: eight InfiniBand VFs in PCI domains of their own, and the VF that carries its traffic, which is a
// port of the interface that the hypervisor made.
class AzureGuest : public testing::Test {
 protected:
  AzureGuest() {
    for (unsigned gpu = 0; gpu < 8; ++gpu) {
      Model vf = kConnectX6Infiniband;
      auto function = host.function_of(fmt::format("010{}:00:00.0", gpu + 1), vf, vf.vf_device, -1);
      const auto net = fmt::format("ib{}", gpu);
      host.rdma(ipoib(function, net, 10 + gpu), {.name = fmt::format("mlx5_ib{}", gpu),
                                                 .node_guid = fmt::format("0015:5dff:fe33:ff5{}", gpu),
                                                 .type = "MT4124",
                                                 .firmware = "20.31.1014",
                                                 .board = "MT_0000000010",
                                                 .rate = "200 Gb/sec (4X HDR)",
                                                 .image_guid = "0c42:a103:00fb:517c"});
      host.altnames[net] = {fmt::format("ibP{}p0s0", 0x0101 + gpu)};
    }
    auto accelerated = host.function_of("c941:00:02.0", kConnectX4Lx, kConnectX4Lx.vf_device, 0);
    host.rdma(accelerated.netdev("enP51521s1", 3), {.name = "mlx5_an0",
                                                    .node_guid = "0022:48ff:fe4d:1b02",
                                                    .type = "MT4118",
                                                    .firmware = "14.30.1284",
                                                    .board = "MSF0010110035",
                                                    .link_layer = "Ethernet"});
    host.tree.rdma_cm();
    host.tree.virtual_netdev("eth0", 2);
    host.tree.link("sys/class/net/enP51521s1/master", "sys/class/net/eth0");
    host.routes = {{false, 2, 254}};
  }
  Profile host;
};

TEST_F(AzureGuest, IsSeenWithFunctionsOfManyDomains) {
  EXPECT_THAT(seen(host.inventory()),
              ElementsAre("0101:00:00.0 plain 15b3:101c infiniband, mlx5_core: ib0, mlx5_ib0",
                          "0102:00:00.0 plain 15b3:101c infiniband, mlx5_core: ib1, mlx5_ib1",
                          "0103:00:00.0 plain 15b3:101c infiniband, mlx5_core: ib2, mlx5_ib2",
                          "0104:00:00.0 plain 15b3:101c infiniband, mlx5_core: ib3, mlx5_ib3",
                          "0105:00:00.0 plain 15b3:101c infiniband, mlx5_core: ib4, mlx5_ib4",
                          "0106:00:00.0 plain 15b3:101c infiniband, mlx5_core: ib5, mlx5_ib5",
                          "0107:00:00.0 plain 15b3:101c infiniband, mlx5_core: ib6, mlx5_ib6",
                          "0108:00:00.0 plain 15b3:101c infiniband, mlx5_core: ib7, mlx5_ib7",
                          "c941:00:02.0 plain 15b3:1016 ethernet, mlx5_core, NUMA node 0: enP51521s1, mlx5_an0"));
}

TEST_F(AzureGuest, SharesItsVfsWithPods) {
  const auto machine = host.inventory();
  model::Selectors infiniband;
  infiniband.link_types = {LinkType::infiniband};
  model::Config config;
  config.resources = {shared("example.com/hca", 64, infiniband)};
  const auto pool = core::pools(config, machine, {}).at(0);
  EXPECT_EQ(pool.functions.size(), 8U);
  EXPECT_EQ(pool.capacity, 64U);
}

TEST_F(AzureGuest, SaysThatVfsOfVfsCannotBe) {
  const auto plan = planned(host.inventory(), {policy("hpc", {{"ibP259p0s0", {}}}, 4)});
  EXPECT_THAT(plan.steps(), IsEmpty());
  EXPECT_THAT(
      plan.refused(),
      ElementsAre("policy \"hpc\" (test.toml:1:1) asks for 4 VFs on 0103:00:00.0: it is itself a VF, handed over by a "
                  "hypervisor: VFs are made on its PF, there"));
}

TEST_F(AzureGuest, ASweepByVendorMeansNoneOfThem) {
  auto sweep = policy("all", {}, 4);
  sweep.selectors.vendors = {0x15b3};
  const auto plan = planned(host.inventory(), {sweep});
  EXPECT_THAT(plan.steps(), IsEmpty());
  EXPECT_THAT(plan.refused(), IsEmpty());
  EXPECT_THAT(plan.desired.notes, ElementsAre("policy \"all\" (test.toml:1:1) matches no function of this machine"));
}

TEST_F(AzureGuest, TheVfUnderTheDefaultRouteIsProtected) {
  const auto machine = host.inventory();
  EXPECT_THAT(core::needed_by_host(machine, {}).at(model::PciAddress::parse("c941:00:02.0").value()),
              ElementsAre("carries the IPv4 default route (eth0)"));
}

// ConnectX-3: mlx4 makes its VFs when it is loaded, and an old kernel shows none of the files of SR-IOV.
class OldMlx4 : public testing::Test {
 protected:
  OldMlx4() {
    auto function = host.pf("0000:08:00.0", kConnectX3, 0);
    function.file("mlx4_port1", "ib\n");
    host.rdma(ipoib(function, "ib0", 2), {.name = "mlx4_0",
                                          .node_guid = "0002:c903:00f9:bfa0",
                                          .type = "MT4099",
                                          .firmware = "2.11.500",
                                          .board = "DEL0A30000019",
                                          .rate = "56 Gb/sec (4X FDR)",
                                          .image_guid = "0002:c903:00f9:bfa3"});
  }
  Profile host;
};

constexpr const char* kByParameters =
    "policy \"old\" (test.toml:1:1) asks for 2 VFs on 0000:08:00.0: its driver makes VFs only when it is loaded: write "
    "\"options "
    "mlx4_core num_vfs=N\" (and probe_vf=N) into a file of /etc/modprobe.d and load it anew";

TEST_F(OldMlx4, IsSeenThoughItsClassIsAnother) {
  const auto machine = host.inventory();
  EXPECT_THAT(seen(machine),
              ElementsAre("0000:08:00.0 plain 15b3:1003 infiniband, mlx4_core, NUMA node 0: ib0, mlx4_0"));
  EXPECT_THAT(ports(machine),
              ElementsAre("mlx4_0 MT4099 2.11.500 DEL0A30000019: infiniband ACTIVE LinkUp 56 Gb/sec (4X FDR)"));
}

TEST_F(OldMlx4, SaysHowItsDriverMakesVfs) {
  const auto plan = planned(host.inventory(), {policy("old", {{"ib0", {}}}, 2)});
  EXPECT_THAT(plan.steps(), IsEmpty());
  EXPECT_THAT(plan.refused(), ElementsAre(kByParameters));
}

// sriov_numvfs is there on newer kernels, and answers ENOENT.
TEST_F(OldMlx4, SaysSoAlsoWhereTheFilesAreThere) {
  host.at("0000:08:00.0").total_vfs(8);
  const auto plan = planned(host.inventory(), {policy("old", {{"ib0", {}}}, 2)});
  EXPECT_THAT(plan.steps(), IsEmpty());
  EXPECT_THAT(plan.refused(), ElementsAre(kByParameters));
}

// A card that is in no list of ours: what it can do counts, not what it is called.
TEST(UnknownCard, IsSeenAndConfiguredByWhatItShows) {
  Profile host;
  auto card = host.pf("0000:65:00.0", {0x1d94, 0x1459, 0x145a, 0x020000, 4, 1, 1, "xnic"}, 0);
  ethernet(host, card, "enp101s0", 2, "00:1a:2b:65:00:00");
  const auto machine = host.inventory();
  EXPECT_THAT(seen(machine),
              ElementsAre("0000:65:00.0 pf 1d94:1459 ethernet, xnic, NUMA node 0, 0 of 4 VFs: enp101s0"));
  const auto some = policy("some", {{"enp101s0", {}}}, 1);
  const auto plan = planned(machine, {some});
  EXPECT_THAT(plan.steps(), ElementsAre("write the udev rules of 0000:65:00.0", "create 1 VFs on 0000:65:00.0",
                                        "set mac 02:1a:2a:65:00:00 of VF 0 of 0000:65:00.0",
                                        "bind VF 0 (0000:65:00.1) to its network driver"));
  // Nobody knows whether its driver resets the port for that.
  EXPECT_EQ(plan.plan.pfs.at(0).steps.at(1).disruption, model::Disruption::pf_disruptive);
}

// Cards whose firmware did not start: one answers as a network card, one as something else.
class Livefish : public testing::Test {
 protected:
  Livefish() {
    Model dead = kConnectX8;
    dead.driver = nullptr;
    host.function_of("0000:03:00.0", dead, 0x021e, 0);
    dead.class_code = 0x058000;
    host.function_of("0000:04:00.0", dead, 0x0218, 1);
  }
  Profile host;
};

TEST_F(Livefish, IsSeenWhateverClassItShowsAndItsFaultIsNamed) {
  const auto machine = host.inventory();
  EXPECT_THAT(seen(machine), ElementsAre("0000:03:00.0 plain 15b3:021e ethernet, no driver, NUMA node 0",
                                         "0000:04:00.0 plain 15b3:0218 unknown, no driver, NUMA node 1"));
  for (const auto& [address, function] : machine.functions) {
    ASSERT_EQ(function.problems.size(), 1U);
    EXPECT_EQ(function.problems[0].text(), "use the card at " + address.text() +
                                               ": its firmware did not start (flash recovery): burn it anew with "
                                               "mstflint, and take the power away once");
  }
}

TEST_F(Livefish, IsNotAskedForVfs) {
  const auto plan = planned(host.inventory(), {for_addresses("rail", {"0000:03:00.0"}, 8)});
  EXPECT_THAT(plan.steps(), IsEmpty());
  EXPECT_THAT(plan.refused(), ElementsAre("policy \"rail\" (test.toml:1:1) asks for 8 VFs on 0000:03:00.0: its "
                                          "firmware did not start (flash recovery): "
                                          "burn it anew with mstflint, and take the power away once"));
}

}  // namespace
}  // namespace nic::test
