// The environment against what sriov-network-device-plugin gives, byte for byte. D2, D3, D4.
#include "kubelet/environment.hpp"

#include "lib/offers.hpp"

#include <gtest/gtest.h>

namespace nic::kubelet {
namespace {

using model::NodeKind;
using test::kVf;
using test::node;

struct Golden {
  const char* what;
  model::NodeRequest wanted;
  std::vector<model::DeviceNode> nodes;
  const char* info;  // behind "generic"
};

void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.what; }

class OneDevice : public testing::TestWithParam<Golden> {};

TEST_P(OneDevice, IsToldAsUpstreamTellsIt) {
  const auto& golden = GetParam();
  const auto resource = test::exclusive("intel.com/vfs", {});
  const auto told = environment(resource, std::vector{ToldDevice{"0000:3b:00.2", golden.wanted, golden.nodes, kVf}});
  EXPECT_EQ(told.at("PCIDEVICE_INTEL_COM_VFS"), "0000:3b:00.2");
  EXPECT_EQ(told.at("PCIDEVICE_INTEL_COM_VFS_INFO"),
            std::string{R"({"0000:3b:00.2":{"generic":{"deviceID":"0000:3b:00.2"})"} + golden.info + "}}");
}

INSTANTIATE_TEST_SUITE_P(
    Goldens, OneDevice,
    testing::Values(
        Golden{"plain", {}, {}, ""},
        Golden{"vfio",
               {.function = kVf, .vfio = true},
               {node(NodeKind::vfio_container, "/dev/vfio/vfio"), node(NodeKind::vfio_group, "/dev/vfio/12")},
               R"(,"vfio":{"dev-mount":"/dev/vfio/12","mount":"/dev/vfio/vfio"})"},
        Golden{"noiommu",
               {.function = kVf, .vfio = true},
               {node(NodeKind::vfio_container, "/dev/vfio/vfio"),
                {NodeKind::vfio_group, "/dev/vfio/noiommu-3", "/dev/vfio/3", ""}},
               R"(,"vfio":{"dev-mount":"/dev/vfio/3","mount":"/dev/vfio/vfio"})"},
        Golden{"uio",
               {.function = kVf, .uio = true},
               {node(NodeKind::uio, "/dev/uio2")},
               R"(,"uio":{"mount":"/dev/uio2"})"},
        Golden{"vhost",
               {.function = kVf, .vhost_net = true},
               {node(NodeKind::vhost_net, "/dev/vhost-net"), node(NodeKind::tun, "/dev/net/tun")},
               R"(,"vhost":{"net-mount":"/dev/vhost-net","tun-mount":"/dev/net/tun"})"},
        Golden{"vdpa vhost",
               {.function = kVf, .vdpa = model::VdpaType::vhost},
               {node(NodeKind::vhost_vdpa, "/dev/vhost-vdpa-1")},
               R"(,"vdpa":{"mount":"/dev/vhost-vdpa-1"})"},
        Golden{"vdpa virtio", {.function = kVf, .vdpa = model::VdpaType::virtio}, {}, R"(,"vdpa":{})"},
        Golden{"rdma",
               {.function = kVf, .rdma = true},
               {node(NodeKind::uverbs, "/dev/infiniband/uverbs3", "mlx5_3"),
                node(NodeKind::issm, "/dev/infiniband/issm4", "mlx5_3"),
                node(NodeKind::umad, "/dev/infiniband/umad4", "mlx5_3"), test::rdma_cm()},
               R"(,"rdma":{"issm":"/dev/infiniband/issm4","rdma_cm":"/dev/infiniband/rdma_cm","rdma_dev":"mlx5_3",)"
               R"("umad":"/dev/infiniband/umad4","uverbs":"/dev/infiniband/uverbs3"})"},
        Golden{"rdma of two ports",
               {.function = kVf, .rdma = true},
               {node(NodeKind::uverbs, "/dev/infiniband/uverbs0", "mlx4_0"),
                node(NodeKind::umad, "/dev/infiniband/umad0", "mlx4_0"),
                node(NodeKind::umad, "/dev/infiniband/umad1", "mlx4_0"), test::rdma_cm()},
               R"(,"rdma":{"rdma_cm":"/dev/infiniband/rdma_cm","rdma_dev":"mlx4_0","umad":"/dev/infiniband/umad0",)"
               R"("uverbs":"/dev/infiniband/uverbs0"})"},
        Golden{"two RDMA devices",
               {.function = kVf, .rdma = true},
               {node(NodeKind::ucm, "/dev/infiniband/ucm0", "a"), test::uverbs(0, "a"), test::uverbs(1, "b")},
               R"(,"rdma":{"rdma_dev":"a","uverbs":"/dev/infiniband/uverbs0"})"}));

TEST(Environment, HasAdditionalInformationOfAllAndOfTheDevice) {
  auto resource = test::exclusive("intel.com/vfs", {});
  const ToldDevice device{"0000:3b:00.2", {}, {}, kVf};
  const auto info = [&] { return environment(resource, std::vector{device}).at("PCIDEVICE_INTEL_COM_VFS_INFO"); };
  resource.additional_info = {{"0000:00:00.0", {{"a", "b"}}}};
  EXPECT_EQ(info(), R"({"0000:3b:00.2":{"extra":{},"generic":{"deviceID":"0000:3b:00.2"}}})");
  resource.additional_info = {{"*", {{"token", "<a&b>"}, {"z", "1"}}}, {"0000:3b:00.2", {{"z", "2"}}}};
  EXPECT_EQ(info(),
            "{\"0000:3b:00.2\":{\"extra\":{\"token\":\"\\u003ca\\u0026b\\u003e\",\"z\":\"2\"},"
            "\"generic\":{\"deviceID\":\"0000:3b:00.2\"}}}");
}

TEST(Environment, NamesDevicesInTheOrderOfAskingAndTellsThemByName) {
  const auto told =
      environment(test::exclusive("a.io/x", {}),
                  std::vector<ToldDevice>{{"b", {}, {}, {}}, {"mlx5_core.sf.4", {}, {}, {}}, {"a", {}, {}, {}}});
  EXPECT_EQ(told.at("PCIDEVICE_A_IO_X"), "b,mlx5_core.sf.4,a");
  EXPECT_EQ(told.at("PCIDEVICE_A_IO_X_INFO"), R"({"a":{"generic":{"deviceID":"a"}},"b":{"generic":{"deviceID":"b"}},)"
                                              R"("mlx5_core.sf.4":{"generic":{"deviceID":"mlx5_core.sf.4"}}})");
}

TEST(EnvironmentName, ChangesDotsAndTheSlashBehindThePrefix) {
  EXPECT_EQ(environment_name("intel.com/my-vfs.x_1"), "PCIDEVICE_INTEL_COM_MY-VFS_X_1");
  EXPECT_EQ(environment_name("a/b/c"), "PCIDEVICE_A_B/C");
}

}  // namespace
}  // namespace nic::kubelet
