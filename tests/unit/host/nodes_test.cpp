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

TEST(RdmaNodes, AreThoseOfAllPortsAndOneConnectionManager) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0", 2);
  tree.pf("0000:3c:00.0", 0x15b3, 0x1021).rdma("mlx5_1");
  tree.rdma_cm();
  const auto nodes = nodes_of(tree, {"mlx5_0", "mlx5_1", "mlx5_0"});
  ASSERT_TRUE(nodes.has_value()) << nodes.error().text();
  EXPECT_THAT(paths(*nodes), ElementsAre("/dev/infiniband/uverbs0", "/dev/infiniband/issm0", "/dev/infiniband/issm1",
                                         "/dev/infiniband/umad0", "/dev/infiniband/umad1", "/dev/infiniband/uverbs1",
                                         "/dev/infiniband/issm2", "/dev/infiniband/umad2", "/dev/infiniband/rdma_cm"));
  EXPECT_EQ(nodes->front().container_path, "/dev/infiniband/uverbs0");
  EXPECT_EQ(nodes->front().rdma_device, "mlx5_0");
  EXPECT_EQ(nodes->front().kind, NodeKind::uverbs);
  EXPECT_EQ((*nodes)[1].kind, NodeKind::issm);
  EXPECT_EQ(nodes->back(), (DeviceNode{NodeKind::rdma_cm, "/dev/infiniband/rdma_cm", "/dev/infiniband/rdma_cm", ""}));
}

TEST(RdmaNodes, OfSoftRoceStandAmongTheVirtualDevices) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).netdev("ens1", 3);
  tree.software_rdma("rxe0", "ens1");
  tree.rdma_cm();
  EXPECT_THAT(paths(nodes_of(tree, {"rxe0"}).value()),
              ElementsAre("/dev/infiniband/uverbs0", "/dev/infiniband/rdma_cm"));
}

TEST(RdmaNodes, AreResolvedAnewAfterRenumbering) {
  SysfsTree tree;
  auto card = tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0", 1, "Ethernet", false);
  tree.rdma_cm();
  EXPECT_THAT(paths(nodes_of(tree, {"mlx5_0"}).value()), testing::Contains("/dev/infiniband/uverbs0"));
  card.remove();
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).rdma("mlx5_0", 1, "Ethernet", false);
  EXPECT_THAT(paths(nodes_of(tree, {"mlx5_0"}).value()), testing::Contains("/dev/infiniband/uverbs1"));
}

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
  const auto nodes = resolve_nodes(Roots::below(tree.root()), NodeRequest{kFunction, false, {"mlx5_0"}});
  ASSERT_TRUE(nodes.has_value()) << nodes.error().text();
  EXPECT_THAT(paths(*nodes), ElementsAre("/dev/infiniband/uverbs0", "/dev/infiniband/rdma_cm"));
}

TEST(ResolveNodes, AFunctionWithoutAnRdmaDeviceIsAnError) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021);
  tree.rdma_cm();
  const auto nodes = resolve_nodes(Roots::below(tree.root()), NodeRequest{kFunction, false, {"rxe0"}});
  ASSERT_FALSE(nodes.has_value());
  EXPECT_THAT(nodes.error().text(), HasSubstr("0000:3b:00.0"));
}

TEST(ResolveNodes, GivesTheVfioGroupWhereItIsAskedFor) {
  SysfsTree tree;
  tree.plain("0000:3b:00.0", 0x8086, 0x10ca).driver("vfio-pci").iommu_group(12);
  tree.write("dev/vfio/vfio", "");
  tree.write("dev/vfio/12", "");
  EXPECT_EQ(resolve_nodes(Roots::below(tree.root()), NodeRequest{kFunction, true, {}}).value()[1].kind,
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

}  // namespace
}  // namespace nic::host
