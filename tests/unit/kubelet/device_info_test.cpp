// D9: device information against what network-attachment-definition-client writes for upstream.
#include "kubelet/device_info.hpp"

#include "lib/offers.hpp"

#include <gtest/gtest.h>

namespace nic::kubelet {
namespace {

using test::kVf;
using test::Offer;

std::string info(const Offer& offer, const model::NodeRequest& wanted,
                 const std::vector<model::DeviceNode>& nodes = {}) {
  return device_info(offer.snapshot, offer.pool().resource, offer.pool().devices[0], wanted, nodes);
}

TEST(DeviceInfo, IsNamedByResourceAndDevice) {
  EXPECT_EQ(device_info_name("intel.com/vfs", "0000:3b:00.2"), "intel.com-vfs-0000:3b:00.2-device.json");
}

TEST(DeviceInfo, OfAPciDeviceHasItsAddressAndRdmaDevices) {
  const auto offer = Offer{test::exclusive("intel.com/vfs", {})}.vf(kVf, "mlx5_core");
  EXPECT_EQ(info(offer, {}), R"({"type":"pci","version":"1.1.0","pci":{"pci-address":"0000:3b:00.2"}})");
  EXPECT_EQ(info(offer, {.function = kVf, .rdma = true},
                 {test::uverbs(0, "mlx5_3"), test::uverbs(1, "mlx5_4"), test::uverbs(2, "mlx5_3"), test::rdma_cm()}),
            R"({"type":"pci","version":"1.1.0","pci":{"pci-address":"0000:3b:00.2","rdma-device":"mlx5_3,mlx5_4"}})");
}

TEST(DeviceInfo, OfVdpaHasItsDeviceAndNode) {
  const auto offer = Offer{test::exclusive("intel.com/vfs", {})}
                         .vf(kVf, "mlx5_core")
                         .vdpa("vdpa0", "virtio_vdpa")
                         .vdpa("vdpa1", "vhost_vdpa");
  EXPECT_EQ(info(offer, {.function = kVf, .vdpa = model::VdpaType::vhost},
                 {test::node(model::NodeKind::vhost_vdpa, "/dev/vhost-vdpa-0")}),
            R"({"type":"vdpa","version":"1.1.0","vdpa":{"parent-device":"vdpa1","driver":"vhost",)"
            R"("path":"/dev/vhost-vdpa-0","pci-address":"0000:3b:00.2"}})");
  EXPECT_EQ(info(offer, {.function = kVf, .vdpa = model::VdpaType::virtio}),
            R"({"type":"vdpa","version":"1.1.0","vdpa":{"parent-device":"vdpa0","driver":"virtio",)"
            R"("pci-address":"0000:3b:00.2"}})");
}

// D10: scalable functions have one too.
TEST(DeviceInfo, OfAScalableFunctionNamesItsPf) {
  const auto offer = Offer{test::exclusive("nvidia.com/sf", {})}.scalable_function("mlx5_core.sf.4");
  EXPECT_EQ(info(offer, {.function = kVf, .rdma = true}, {test::uverbs(4, "mlx5_4")}),
            R"({"type":"pci","version":"1.1.0","pci":{"rdma-device":"mlx5_4","pf-pci-address":"0000:3b:00.0"}})");
}

TEST(DeviceInfo, IsNotMadeForAccelerators) {
  auto offer = Offer{test::exclusive("intel.com/fec", {})}.vf(kVf, "vfio-pci");
  offer.pool().resource.device_class = model::DeviceClass::accelerator;
  EXPECT_EQ(info(offer, {.function = kVf, .vfio = true}), "");
}

}  // namespace
}  // namespace nic::kubelet
