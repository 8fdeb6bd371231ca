// Interfaces, RDMA devices, modules and routes of composed trees.
#include "host/facts.hpp"
#include "host/observe.hpp"
#include "lib/sysfs_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::host {
namespace {

using model::Dirty;

using model::Inventory;
using model::LinkType;
using model::PciAddress;
using model::RdmaNode;
using model::Roots;
using test::SysfsTree;
using testing::ElementsAre;
using testing::IsEmpty;

PciAddress at(std::string_view text) { return PciAddress::parse(text).value(); }

Inventory scan(const SysfsTree& tree) { return observe(Roots::below(tree.root()), {}, Dirty::all()); }

Link link_named(std::string name, unsigned ifindex) {
  Link link;
  link.name = std::move(name);
  link.ifindex = ifindex;
  link.hardware_type = 1;
  return link;
}

// A kernel that answers with values.
struct FakeNetlink {
  std::vector<Link> links;
  std::vector<model::DefaultRoute> routes;
  RdmaFacts rdma;
  std::map<unsigned, std::map<unsigned, model::VfSettings>> vfs{};  // by ifindex

  [[nodiscard]] NetlinkSource source() const {
    return {[this] { return links; }, [this] { return routes; }, [this] { return rdma; },
            [this](unsigned ifindex) {
              const auto found = vfs.find(ifindex);
              return found == vfs.end() ? std::map<unsigned, model::VfSettings>{} : found->second;
            }};
  }
};

TEST(ObserveVfs, AreReadThroughThePfAndThoseUntoldAreEmpty) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x8086, 0x10c9).netdev("ens1", 3);
  tree.vf("0000:3b:00.0", 0, "0000:3b:10.0", 0x8086, 0x10ca);
  tree.vf("0000:3b:00.0", 1, "0000:3b:10.2", 0x8086, 0x10ca);
  FakeNetlink kernel{{link_named("ens1", 3)}, {}, {}};
  kernel.vfs[3][0].trust = true;
  const auto roots = model::Roots::below(tree.root());
  const auto seen = observe(roots, kernel.source(), {}, model::Dirty::all());
  ASSERT_EQ(seen.net_devices.at(0).vfs.size(), 2U);
  EXPECT_EQ(seen.net_devices[0].vfs.at(0).trust, true);
  EXPECT_TRUE(seen.net_devices[0].vfs.at(1).empty());

  // A VF that comes is news of its PF's interface too.
  kernel.vfs[3][1].trust = false;
  model::Dirty one;
  one.functions = {at("0000:3b:10.2")};
  EXPECT_EQ(observe(roots, kernel.source(), seen, one).net_devices.at(0).vfs.at(1).trust, false);
}

TEST(ObserveVfs, AreNotAskedOfRepresentors) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).netdev("ens1npf0vf0", 4);
  tree.vf("0000:3b:00.0", 0, "0000:3b:00.1", 0x15b3, 0x101e);
  FakeNetlink kernel{{link_named("ens1npf0vf0", 4)}, {}, {}};
  kernel.links[0].phys_port_name = "pf0vf0";
  const auto seen = observe(model::Roots::below(tree.root()), kernel.source(), {}, model::Dirty::all());
  EXPECT_TRUE(seen.net_devices.at(0).vfs.empty());
}

TEST(ObserveNetwork, TiesInterfacesToTheirFunctions) {
  SysfsTree tree;
  tree.plain("0000:3b:00.0", 0x15b3, 0x1021).netdev("ens1np0", 3);
  tree.virtual_netdev("br0", 2);
  const auto inventory = scan(tree);
  ASSERT_EQ(inventory.net_devices.size(), 2U);
  EXPECT_EQ(inventory.net_devices[0].name, "br0");
  EXPECT_FALSE(inventory.net_devices[0].function.has_value());
  const auto& net = inventory.net_devices[1];
  EXPECT_EQ(net.ifindex, 3U);
  EXPECT_EQ(net.function, at("0000:3b:00.0"));
  EXPECT_EQ(net.address, "52:54:00:00:00:03");
  EXPECT_EQ(net.mtu, 1500U);
  EXPECT_EQ(net.link_type, LinkType::ethernet);
  EXPECT_TRUE(net.admin_up);
  EXPECT_TRUE(net.carrier);
  EXPECT_EQ(net.operstate, "up");
  EXPECT_EQ(net.speed_mbps, 100000U);
}

TEST(ObserveNetwork, TellsAPfsOwnInterfaceFromThoseThatStandBelowIt) {
  SysfsTree tree;
  const std::string pf = "sys/devices/pci0000:3b/0000:3b:00.0/";
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).netdev("ens1np0", 5);
  tree.write(pf + "net/ens1np0/phys_port_name", "p0\n");
  for (const auto* below : {"net/ens1np0_0", "mlx5_core.sf.4/net/ens1s88"}) {
    tree.write(pf + below + "/ifindex", below[0] == 'n' ? "3\n" : "4\n");
    tree.link("sys/class/net/" + std::string{below}.substr(std::string{below}.rfind('/') + 1), pf + below);
  }
  tree.write(pf + "net/ens1np0_0/phys_port_name", "pf0vf0\n");
  const auto inventory = scan(tree);
  ASSERT_EQ(inventory.net_devices.size(), 3U);
  const auto address = at("0000:3b:00.0");
  for (const auto& net : inventory.net_devices) EXPECT_EQ(net.function, address);
  ASSERT_EQ(inventory.net_devices_of(address).size(), 1U);
  EXPECT_EQ(inventory.net_devices_of(address).front()->name, "ens1np0");
  ASSERT_EQ(inventory.representors_of(address).size(), 1U);
  EXPECT_EQ(inventory.representors_of(address).front()->name, "ens1np0_0");
}

TEST(ObserveNetwork, TakesNamesAndLimitsFromNetlink) {
  SysfsTree tree;
  tree.plain("0000:3b:00.0", 0x15b3, 0x1021).netdev("ib0", 3, 32);
  FakeNetlink kernel;
  kernel.links = {link_named("ib0", 3)};
  kernel.links[0].altnames = {"ibp59s0"};
  kernel.links[0].hardware_type = 32;
  kernel.links[0].max_mtu = 4092;
  kernel.routes = {{false, 3, 254}, {true, 3, 254}, {false, 3, 254}};
  const auto inventory = observe(Roots::below(tree.root()), kernel.source(), {}, Dirty::all());
  ASSERT_EQ(inventory.net_devices.size(), 1U);
  EXPECT_THAT(inventory.net_devices[0].altnames, ElementsAre("ibp59s0"));
  EXPECT_EQ(inventory.net_devices[0].link_type, LinkType::infiniband);
  EXPECT_EQ(inventory.net_devices[0].max_mtu, 4092U);
  EXPECT_THAT(inventory.default_routes,
              ElementsAre(model::DefaultRoute{false, 3, 254}, model::DefaultRoute{true, 3, 254}));
}

TEST(ObserveNetwork, AnInterfaceThatVanishedMeanwhileHasNoFunction) {
  const SysfsTree tree;
  FakeNetlink kernel;
  kernel.links = {link_named("gone0", 9), link_named("../../etc", 10)};
  const auto inventory = observe(Roots::below(tree.root()), kernel.source(), {}, Dirty::all());
  ASSERT_EQ(inventory.net_devices.size(), 2U);
  EXPECT_FALSE(inventory.net_devices[0].function.has_value());
  EXPECT_THAT(inventory.problems, IsEmpty());
}

TEST(ObserveNetwork, KeepsKnownRoutesAndReadsSysfsWhenNetlinkIsRefused) {
  SysfsTree tree;
  tree.plain("0000:3b:00.0", 0x15b3, 0x1021).netdev("ens1", 3);
  Inventory before;
  before.default_routes = {{false, 3, 254}};
  NetlinkSource refusing = FakeNetlink{}.source();
  const auto refuse = std::unexpected(model::system_error(EPERM, "open a socket of", "rtnetlink"));
  refusing.links = [&] { return std::expected<std::vector<Link>, model::Error>{refuse}; };
  refusing.routes = [&] { return std::expected<std::vector<model::DefaultRoute>, model::Error>{refuse}; };
  refusing.rdma = [] { return RdmaFacts{}; };
  const auto after = observe(Roots::below(tree.root()), refusing, before, Dirty::all());
  EXPECT_EQ(after.net_devices.size(), 1U);
  EXPECT_EQ(after.default_routes, before.default_routes);
  ASSERT_EQ(after.problems.size(), 2U);
  EXPECT_EQ(after.problems[0].errno_value, EPERM);

  Dirty network;
  network.network = true;
  EXPECT_THAT(observe(Roots::below(tree.root()), after, network).problems, IsEmpty());
}

TEST(ObserveRdma, ReadsThePartitionKeysOfInfinibandPorts) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0");
  tree.pf("0000:5e:00.0", 0x15b3, 0x1021).rdma("mlx5_1", 1, "Ethernet");
  const auto write = [&](const std::string& pf, const std::string& device, const std::string& place, const char* key) {
    tree.write(
        "sys/devices/pci0000:" + pf.substr(5, 2) + "/" + pf + "/infiniband/" + device + "/ports/1/pkeys/" + place, key);
  };
  for (unsigned place = 0; place < 128; ++place) write("0000:3b:00.0", "mlx5_0", std::to_string(place), "0x0000\n");
  write("0000:3b:00.0", "mlx5_0", "0", "0xffff\n");
  write("0000:3b:00.0", "mlx5_0", "5", "0x0001\n");
  write("0000:3b:00.0", "mlx5_0", "100", "0x8003\n");  // behind an empty block: nobody looks there
  write("0000:5e:00.0", "mlx5_1", "0", "0xffff\n");
  const auto inventory = scan(tree);
  ASSERT_EQ(inventory.rdma_devices.size(), 2U);
  EXPECT_THAT(inventory.rdma_devices[0].ports.at(0).pkeys, ElementsAre(0xffff, 0x0001));
  EXPECT_TRUE(inventory.rdma_devices[1].ports.at(0).pkeys.empty());
  EXPECT_EQ(inventory.rdma_devices[1].ports.at(0).guid, "");
}

TEST(ObserveRdma, ReadsADeviceWithItsPortsAndNodes) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0", 2);
  tree.rdma_cm();
  const auto inventory = scan(tree);
  EXPECT_TRUE(inventory.rdma_subsystem);
  ASSERT_EQ(inventory.rdma_devices.size(), 1U);
  const auto& rdma = inventory.rdma_devices[0];
  EXPECT_EQ(rdma.function, at("0000:3b:00.0"));
  EXPECT_FALSE(rdma.software);
  EXPECT_EQ(rdma.node_guid, "0002:c903:00f9:0000");
  EXPECT_EQ(rdma.firmware, "28.41.1000");
  EXPECT_EQ(rdma.board_id, "MT_0000000838");
  EXPECT_EQ(rdma.hca_type, "MT4129");
  EXPECT_EQ(rdma.node_description, "host mlx5_0");
  ASSERT_EQ(rdma.ports.size(), 2U);
  EXPECT_EQ(rdma.ports[1].number, 2U);
  EXPECT_EQ(rdma.ports[1].state, "ACTIVE");
  EXPECT_EQ(rdma.ports[1].phys_state, "LinkUp");
  EXPECT_EQ(rdma.ports[1].link_layer, LinkType::infiniband);
  EXPECT_EQ(rdma.ports[1].rate, "400 Gb/sec (4X NDR)");
  EXPECT_EQ(rdma.ports[1].guid, "0002:c903:00f9:0000");
  EXPECT_THAT(rdma.nodes,
              ElementsAre(model::CharDevice{RdmaNode::uverbs, "/dev/infiniband/uverbs0", 231, 192, std::nullopt},
                          model::CharDevice{RdmaNode::umad, "/dev/infiniband/umad0", 231, 0, 1},
                          model::CharDevice{RdmaNode::umad, "/dev/infiniband/umad1", 231, 1, 2},
                          model::CharDevice{RdmaNode::issm, "/dev/infiniband/issm0", 231, 64, 1},
                          model::CharDevice{RdmaNode::issm, "/dev/infiniband/issm1", 231, 65, 2}));
  EXPECT_EQ(inventory.rdma_cm,
            (model::CharDevice{RdmaNode::rdma_cm, "/dev/infiniband/rdma_cm", 10, 124, std::nullopt}));
}

TEST(ObserveRdma, TiesSoftRoceToTheFunctionOfItsInterface) {
  SysfsTree tree;
  tree.pf("0000:01:00.0", 0x8086, 0x10c9).netdev("enp1s0", 2);
  tree.software_rdma("rxe0", "enp1s0");
  const auto inventory = scan(tree);
  ASSERT_EQ(inventory.rdma_devices.size(), 1U);
  EXPECT_TRUE(inventory.rdma_devices[0].software);
  EXPECT_EQ(inventory.rdma_devices[0].function, at("0000:01:00.0"));
  EXPECT_EQ(inventory.rdma_devices[0].nodes.size(), 1U);
}

TEST(ObserveRdma, TiesSoftRoceOnAVlanAndFollowsItsRoceInterface) {
  SysfsTree tree;
  tree.pf("0000:01:00.0", 0x8086, 0x10c9).netdev("enp1s0", 2);
  tree.virtual_netdev("vlan7", 7, 2);
  tree.software_rdma("rxe0", "enp1s0");
  FakeNetlink kernel;
  kernel.links = {link_named("enp1s0", 2), link_named("vlan7", 7)};
  kernel.links[1].lower_ifindex = 2;
  RdmaLink rxe;
  rxe.name = "rxe0";
  rxe.port_count = 1;
  rxe.ports = {{1, 7}};
  kernel.rdma = {true, model::RdmaNetnsMode::exclusive, {rxe}};
  const auto inventory = observe(Roots::below(tree.root()), kernel.source(), {}, Dirty::all());
  ASSERT_EQ(inventory.rdma_devices.size(), 1U);
  EXPECT_EQ(inventory.rdma_devices[0].function, at("0000:01:00.0"));
  EXPECT_EQ(inventory.rdma_devices[0].ports[0].net_ifindex, 7U);
  EXPECT_EQ(inventory.rdma_netns_mode, model::RdmaNetnsMode::exclusive);
}

TEST(ObserveRdma, SoftRoceLosesItsFunctionWithTheCard) {
  SysfsTree tree;
  auto card = tree.pf("0000:01:00.0", 0x8086, 0x10c9).netdev("enp1s0", 2);
  tree.software_rdma("rxe0", "enp1s0");
  const auto before = scan(tree);
  card.remove();
  Dirty dirty;
  dirty.functions = {at("0000:01:00.0")};
  dirty.network = true;
  const auto after = observe(Roots::below(tree.root()), before, dirty);
  ASSERT_EQ(after.rdma_devices.size(), 1U);
  EXPECT_FALSE(after.rdma_devices[0].function.has_value());
}

TEST(ObserveRdma, NoSubsystemIsNoProblem) {
  const SysfsTree tree;
  const auto inventory = scan(tree);
  EXPECT_FALSE(inventory.rdma_subsystem);
  EXPECT_FALSE(inventory.rdma_cm.has_value());
  EXPECT_THAT(inventory.problems, IsEmpty());
}

TEST(ObserveRdma, ADeviceThatVanishedAfterTheDumpIsAbsent) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0");
  FakeNetlink kernel;
  RdmaLink gone;
  gone.name = "mlx5_7";
  kernel.rdma = {true, std::nullopt, {gone}};
  const auto inventory = observe(Roots::below(tree.root()), kernel.source(), {}, Dirty::all());
  EXPECT_THAT(inventory.rdma_devices, IsEmpty());
  EXPECT_THAT(inventory.problems, IsEmpty());
}

TEST(ObserveModules, ReadsBuildIdAndVersion) {
  SysfsTree tree;
  tree.module("mlx5_core", std::string{"\xde\xad\xbe\xef", 4}, "24.10-0.7.0");
  tree.module("igb");
  const auto inventory = scan(tree);
  ASSERT_EQ(inventory.modules.size(), 2U);
  EXPECT_EQ(inventory.modules[0].name, "igb");
  EXPECT_EQ(inventory.modules[0].build_id, "");
  EXPECT_EQ(inventory.modules[1].build_id, "deadbeef");
  EXPECT_EQ(inventory.modules[1].version, "24.10-0.7.0");
  EXPECT_EQ(inventory.modules[1].state, "live");
}

TEST(ObserveModules, SeesThatAModuleWasLoadedAnew) {
  SysfsTree tree;
  tree.module("igb", "old", "1");
  const auto before = scan(tree);
  tree.write("sys/module/igb/version", "2");
  Dirty dirty;
  EXPECT_EQ(observe(Roots::below(tree.root()), before, dirty).modules[0].version, "1");
  dirty.modules = true;
  EXPECT_EQ(observe(Roots::below(tree.root()), before, dirty).modules[0].version, "2");
}

TEST(ProcModules, AreParsedWithHoldersStateAndTaint) {
  const auto modules = parse_proc_modules(
      "mlx5_core 2170880 2 mlx5_ib,mlx5_vdpa, Live 0x0000000000000000 (OE)\n"
      "ib_core 500000 1 [permanent], Loading 0x0000000000000000 (E+)\n"
      "garbage\n\n   \n");
  ASSERT_EQ(modules.size(), 2U);
  EXPECT_EQ(modules[0].name, "ib_core");
  EXPECT_EQ(modules[0].state, "coming");
  EXPECT_EQ(modules[0].taint, "E");
  EXPECT_THAT(modules[0].holders, IsEmpty());
  EXPECT_EQ(modules[1].references, 2U);
  EXPECT_THAT(modules[1].holders, ElementsAre("mlx5_ib", "mlx5_vdpa"));
  EXPECT_EQ(modules[1].taint, "OE");
}

TEST(Observe, ReadsTheMachineThatTheTestsRunOn) {
  const auto inventory = observe(Roots{}, {}, Dirty::all());
  const auto* loopback = inventory.net_device("lo");
  if (loopback == nullptr) GTEST_SKIP() << "no network here";
  EXPECT_EQ(loopback->ifindex, 1U);
  EXPECT_FALSE(loopback->function.has_value());
  EXPECT_GE(loopback->mtu, 1500U);
}

}  // namespace
}  // namespace nic::host
