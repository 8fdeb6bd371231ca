#include "host/nodes.hpp"

#include "lib/sysfs_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::host {
namespace {

using model::DeviceNode;
using model::NodeKind;
using model::NodeRequest;
using model::PciAddress;
using model::Roots;
using test::SysfsTree;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr PciAddress kFunction{0, 0x3b, 0, 0};

std::vector<std::string> paths(const std::vector<DeviceNode>& nodes) {
  std::vector<std::string> result;
  for (const auto& node : nodes) result.push_back(node.host_path);
  return result;
}

std::expected<std::vector<DeviceNode>, model::Error> nodes_of(const SysfsTree& tree, std::vector<std::string> names) {
  return rdma_nodes(Roots::below(tree.root()), names);
}

NodeRequest rdma_of(std::vector<std::string> names) {
  return {.function = kFunction, .rdma = true, .rdma_devices = std::move(names)};
}

// D11
TEST(RdmaNodes, AreThoseOfAllPortsAndOneConnectionManager) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0", 2);
  tree.pf("0000:3c:00.0", 0x15b3, 0x1021).rdma("mlx5_1");
  tree.rdma_cm();
  const auto nodes = nodes_of(tree, {"mlx5_0", "mlx5_1", "mlx5_0"});
  ASSERT_TRUE(nodes.has_value()) << nodes.error().text();
  EXPECT_THAT(paths(*nodes), ElementsAre("/dev/infiniband/uverbs0", "/dev/infiniband/issm0", "/dev/infiniband/umad0",
                                         "/dev/infiniband/issm1", "/dev/infiniband/umad1", "/dev/infiniband/uverbs1",
                                         "/dev/infiniband/issm2", "/dev/infiniband/umad2", "/dev/infiniband/rdma_cm"));
  EXPECT_EQ(nodes->front().container_path, "/dev/infiniband/uverbs0");
  EXPECT_EQ(nodes->front().rdma_device, "mlx5_0");
  EXPECT_EQ(nodes->front().kind, NodeKind::uverbs);
  EXPECT_EQ((*nodes)[1].kind, NodeKind::issm);
  EXPECT_EQ(nodes->back(), (DeviceNode{NodeKind::rdma_cm, "/dev/infiniband/rdma_cm", "/dev/infiniband/rdma_cm", ""}));
}

TEST(RdmaNodes, ComeInTheOrderOfTheirPorts) {
  SysfsTree tree;
  for (unsigned i = 0; i < 9; ++i)
    tree.pf("0000:0" + std::to_string(i) + ":00.0", 0x15b3, 0x1021).rdma("a" + std::to_string(i));
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0", 2);
  tree.rdma_cm();
  EXPECT_THAT(paths(nodes_of(tree, {"mlx5_0"}).value()),
              ElementsAre("/dev/infiniband/uverbs9", "/dev/infiniband/issm9", "/dev/infiniband/umad9",
                          "/dev/infiniband/issm10", "/dev/infiniband/umad10", "/dev/infiniband/rdma_cm"));
}

// D6: what may be missing is configured.
TEST(RdmaNodes, ThatAreRequiredAreMissed) {
  using model::RdmaNode;
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0", 1, "Ethernet", false);
  const auto asked = [&](std::set<RdmaNode> required) {
    return rdma_nodes(Roots::below(tree.root()), std::vector<std::string>{"mlx5_0"}, required);
  };
  EXPECT_THAT(paths(asked({RdmaNode::uverbs}).value()), ElementsAre("/dev/infiniband/uverbs0"));
  EXPECT_THAT(asked({RdmaNode::uverbs, RdmaNode::rdma_cm}).error().text(), HasSubstr("rdma_ucm"));
  EXPECT_THAT(asked({RdmaNode::umad}).error().text(), HasSubstr("umad device of mlx5_0"));
  EXPECT_THAT(asked({RdmaNode::issm}).error().text(), HasSubstr("issm device of mlx5_0"));
}

TEST(RdmaNodes, OfSoftRoceStandAmongTheVirtualDevices) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).netdev("ens1", 3);
  tree.software_rdma("rxe0", "ens1");
  tree.rdma_cm();
  EXPECT_THAT(paths(nodes_of(tree, {"rxe0"}).value()),
              ElementsAre("/dev/infiniband/uverbs0", "/dev/infiniband/rdma_cm"));
}

// D7
TEST(RdmaNodes, AreResolvedAnewAfterRenumbering) {
  SysfsTree tree;
  auto card = tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0", 1, "Ethernet", false);
  tree.rdma_cm();
  EXPECT_THAT(paths(nodes_of(tree, {"mlx5_0"}).value()), testing::Contains("/dev/infiniband/uverbs0"));
  card.remove();
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0", 1, "Ethernet", false);
  EXPECT_THAT(paths(nodes_of(tree, {"mlx5_0"}).value()), testing::Contains("/dev/infiniband/uverbs1"));
}

// D6
TEST(RdmaNodes, MissingOnesAreNamedWithTheirModule) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0");
  EXPECT_THAT(nodes_of(tree, {"mlx5_0"}).error().text(), HasSubstr("rdma_ucm"));
  std::filesystem::remove(tree.root() / "dev/infiniband/uverbs0");
  EXPECT_THAT(nodes_of(tree, {"mlx5_0"}).error().text(), HasSubstr("/dev/infiniband/uverbs0"));
  std::filesystem::remove_all(std::filesystem::canonical(tree.device_link("0000:3b:00.0")) / "infiniband_verbs");
  std::filesystem::remove_all(tree.sys() / "class/infiniband_verbs");
  EXPECT_THAT(nodes_of(tree, {"mlx5_0"}).error().text(), HasSubstr("ib_uverbs"));
}

TEST(RdmaNodes, OfUnknownOrHostileNamesAreErrors) {
  SysfsTree tree;
  tree.rdma_cm();
  EXPECT_EQ(nodes_of(tree, {"mlx5_9"}).error().errno_value, ENODEV);
  EXPECT_EQ(nodes_of(tree, {"../net"}).error().code, model::Code::invalid);
  EXPECT_EQ(nodes_of(tree, {""}).error().code, model::Code::invalid);
  EXPECT_THAT(nodes_of(tree, {}).value(), IsEmpty());
}

TEST(VfioNodes, AreTheContainerAndTheGroup) {
  SysfsTree tree;
  tree.plain("0000:3b:00.0", 0x8086, 0x10ca).driver("vfio-pci").iommu_group(12);
  tree.write("dev/vfio/vfio", "");
  tree.write("dev/vfio/12", "");
  EXPECT_THAT(paths(vfio_nodes(Roots::below(tree.root()), kFunction).value()),
              ElementsAre("/dev/vfio/vfio", "/dev/vfio/12"));
}

TEST(VfioNodes, WithoutIommuHaveAnotherNameOnTheHost) {
  SysfsTree tree;
  tree.plain("0000:3b:00.0", 0x8086, 0x10ca).driver("vfio-pci").iommu_group(0, "vfio-noiommu");
  tree.write("dev/vfio/vfio", "");
  tree.write("dev/vfio/noiommu-0", "");
  const auto nodes = vfio_nodes(Roots::below(tree.root()), kFunction).value();
  EXPECT_THAT(paths(nodes), ElementsAre("/dev/vfio/vfio", "/dev/vfio/noiommu-0"));
  EXPECT_EQ(nodes[1].container_path, "/dev/vfio/0");
}

TEST(VfioNodes, MissingOnesAreErrorsThatNameThem) {
  SysfsTree tree;
  const auto roots = Roots::below(tree.root());
  EXPECT_EQ(vfio_nodes(roots, kFunction).error().errno_value, ENODEV);
  auto function = tree.plain("0000:3b:00.0", 0x8086, 0x10ca).driver("igbvf");
  EXPECT_THAT(vfio_nodes(roots, kFunction).error().advice, HasSubstr("not bound to vfio-pci"));
  function.driver("vfio-pci");
  EXPECT_THAT(vfio_nodes(roots, kFunction).error().advice, HasSubstr("intel_iommu=on"));
  function.iommu_group(12);
  EXPECT_THAT(vfio_nodes(roots, kFunction).error().text(), HasSubstr("/dev/vfio/vfio"));
  tree.write("dev/vfio/vfio", "");
  EXPECT_THAT(vfio_nodes(roots, kFunction).error().text(), HasSubstr("/dev/vfio/12"));
}

TEST(ResolveNodes, FollowsADeviceThatWasRenamedSince) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("ibp59s0", 1, "InfiniBand", false);
  tree.rdma_cm();
  const auto nodes = resolve_nodes(Roots::below(tree.root()), rdma_of({"mlx5_0"}));
  ASSERT_TRUE(nodes.has_value()) << nodes.error().text();
  EXPECT_THAT(paths(*nodes), ElementsAre("/dev/infiniband/uverbs0", "/dev/infiniband/rdma_cm"));
}

TEST(ResolveNodes, AFunctionWithoutAnRdmaDeviceIsAnError) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021);
  tree.rdma_cm();
  const auto nodes = resolve_nodes(Roots::below(tree.root()), rdma_of({"rxe0"}));
  ASSERT_FALSE(nodes.has_value());
  EXPECT_THAT(nodes.error().text(), HasSubstr("0000:3b:00.0"));
}

TEST(ResolveNodes, GivesTheVfioGroupWhereItIsAskedFor) {
  SysfsTree tree;
  tree.plain("0000:3b:00.0", 0x8086, 0x10ca).driver("vfio-pci").iommu_group(12);
  tree.write("dev/vfio/vfio", "");
  tree.write("dev/vfio/12", "");
  EXPECT_EQ(resolve_nodes(Roots::below(tree.root()), NodeRequest{.function = kFunction, .vfio = true}).value()[1].kind,
            NodeKind::vfio_group);
}

TEST(RdmaDevices, OfAFunctionAreItsOwnAndTheSoftwareOnesThatExist) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).netdev("ens1", 3).rdma("mlx5_0");
  tree.software_rdma("rxe0", "ens1");
  const std::vector<std::string> software{"rxe0", "rxe1", "mlx5_0"};
  EXPECT_THAT(rdma_devices_of(Roots::below(tree.root()), kFunction, software).value(), ElementsAre("mlx5_0", "rxe0"));
  EXPECT_THAT(rdma_devices_of(Roots::below(tree.root()), {0, 9, 0, 0}).value(), IsEmpty());
}

TEST(RdmaDevices, OfAScalableFunctionAreItsOwn) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0").scalable_function("mlx5_core.sf.4", 88, "mlx5_4");
  const auto roots = Roots::below(tree.root());
  const std::vector<std::string> known{"mlx5_0", "mlx5_4"};
  EXPECT_THAT(rdma_devices_of(roots, kFunction, known).value(), ElementsAre("mlx5_0"));
  EXPECT_THAT(rdma_devices_of(roots, kFunction, {}, "mlx5_core.sf.4").value(), ElementsAre("mlx5_4"));
  EXPECT_THAT(rdma_devices_of(roots, kFunction, {}, "mlx5_core.sf.5").value(), IsEmpty());
  EXPECT_EQ(rdma_devices_of(roots, kFunction, {}, "../x").error().code, model::Code::invalid);
}

TEST(ResolveNodes, GivesAScalableFunctionItsRdmaDevice) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0").scalable_function("mlx5_core.sf.4", 88, "mlx5_4");
  tree.rdma_cm();
  const auto nodes =
      resolve_nodes(Roots::below(tree.root()), {.function = kFunction, .auxiliary = "mlx5_core.sf.4", .rdma = true});
  ASSERT_TRUE(nodes.has_value()) << nodes.error().text();
  EXPECT_THAT(paths(*nodes), ElementsAre("/dev/infiniband/uverbs1", "/dev/infiniband/rdma_cm"));
  EXPECT_EQ(nodes->front().rdma_device, "mlx5_4");
}

TEST(UioNodes, AreTheFirstDeviceOfTheFunction) {
  SysfsTree tree;
  const auto roots = Roots::below(tree.root());
  auto function = tree.plain("0000:3b:00.0", 0x8086, 0x10ca).driver("igb_uio");
  EXPECT_THAT(uio_nodes(roots, kFunction).error().text(), HasSubstr("0000:3b:00.0"));
  function.uio("uio3").uio("uio4");
  EXPECT_THAT(paths(uio_nodes(roots, kFunction).value()), ElementsAre("/dev/uio3"));
  std::filesystem::remove(tree.root() / "dev/uio3");
  EXPECT_THAT(uio_nodes(roots, kFunction).error().text(), HasSubstr("/dev/uio3"));
}

TEST(VhostNetNodes, AreBothOrAnErrorThatNamesTheMissingOne) {
  SysfsTree tree;
  const auto roots = Roots::below(tree.root());
  EXPECT_THAT(vhost_net_nodes(roots).error().text(), HasSubstr("/dev/vhost-net"));
  tree.write("dev/vhost-net", "");
  EXPECT_THAT(vhost_net_nodes(roots).error().text(), HasSubstr("/dev/net/tun"));
  tree.write("dev/net/tun", "");
  EXPECT_THAT(paths(vhost_net_nodes(roots).value()), ElementsAre("/dev/vhost-net", "/dev/net/tun"));
}

TEST(VdpaNodes, AreThoseOfTheDeviceOfThatType) {
  SysfsTree tree;
  const auto roots = Roots::below(tree.root());
  auto function = tree.plain("0000:3b:00.0", 0x15b3, 0x101e).vdpa("vdpa0", "virtio_vdpa");
  EXPECT_THAT(vdpa_nodes(roots, kFunction, model::VdpaType::virtio).value(), IsEmpty());
  EXPECT_THAT(vdpa_nodes(roots, kFunction, model::VdpaType::vhost).error().text(), HasSubstr("vhost_vdpa"));
  function.vdpa("vdpa1", "vhost_vdpa");
  EXPECT_THAT(vdpa_nodes(roots, kFunction, model::VdpaType::vhost).error().text(), HasSubstr("vdpa1"));
  function.file("vdpa1/vhost-vdpa-2/dev", "511:2\n");
  EXPECT_THAT(vdpa_nodes(roots, kFunction, model::VdpaType::vhost).error().text(), HasSubstr("/dev/vhost-vdpa-2"));
  tree.write("dev/vhost-vdpa-2", "");
  EXPECT_THAT(paths(vdpa_nodes(roots, kFunction, model::VdpaType::vhost).value()), ElementsAre("/dev/vhost-vdpa-2"));
  EXPECT_THAT(vdpa_nodes(roots, {0, 9, 0, 0}, model::VdpaType::vhost).error().text(), HasSubstr("0000:09:00.0"));
}

TEST(ResolveNodes, GivesAllThatIsAskedFor) {
  SysfsTree tree;
  tree.plain("0000:3b:00.0", 0x8086, 0x10ca).driver("vfio-pci").iommu_group(12);
  for (const auto* path : {"dev/vfio/vfio", "dev/vfio/12", "dev/vhost-net", "dev/net/tun"}) tree.write(path, "");
  const auto roots = Roots::below(tree.root());
  EXPECT_THAT(paths(resolve_nodes(roots, {.function = kFunction, .vfio = true, .vhost_net = true}).value()),
              ElementsAre("/dev/vfio/vfio", "/dev/vfio/12", "/dev/vhost-net", "/dev/net/tun"));
  EXPECT_THAT(resolve_nodes(roots, {.function = kFunction}).value(), IsEmpty());
}

TEST(DeviceNumbers, TellOneDeviceFromAnother) {
  struct stat null{};
  ASSERT_EQ(::stat("/dev/null", &null), 0);
  EXPECT_TRUE(is_device(null, "1:3"));
  EXPECT_FALSE(is_device(null, "1:5"));
  EXPECT_FALSE(is_device(null, ""));
  null.st_mode = S_IFREG;
  EXPECT_FALSE(is_device(null, "1:3"));
}

}  // namespace
}  // namespace nic::host
