#include "kubelet/allocate.hpp"

#include "core/pools.hpp"
#include "core/predict.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::kubelet {
namespace {

using model::DeviceNode;
using model::NodeKind;
using test::Host;
using test::pci;
using testing::HasSubstr;

model::Snapshot with(const model::Inventory& inventory, model::Resource resource) {
  model::Config config;
  config.resources = {std::move(resource)};
  model::Snapshot snapshot;
  snapshot.inventory = inventory;
  snapshot.pools = core::pools(config, inventory, {});
  return snapshot;
}

model::Inventory one_vf(model::DeviceType type) {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  core::predict(host, model::SetNumVfs{pci("0000:01:00.0"), 0, 1});
  core::predict(host, model::BindDriver{pci("0000:01:10.0"), 0, type, {}});
  return host;
}

v1beta1::AllocateRequest asking(std::vector<std::string> ids) {
  v1beta1::AllocateRequest request;
  auto* container = request.add_container_requests();
  for (auto& id : ids) container->add_devices_ids(std::move(id));
  return request;
}

std::vector<std::string> specs(const v1beta1::AllocateResponse& response) {
  std::vector<std::string> all;
  for (const auto& device : response.container_responses(0).devices())
    all.push_back(device.host_path() + ">" + device.container_path() + ":" + device.permissions());
  return all;
}

const std::vector<DeviceNode> kVfio{{NodeKind::vfio_container, "/dev/vfio/vfio", "/dev/vfio/vfio", ""},
                                    {NodeKind::vfio_group, "/dev/vfio/noiommu-3", "/dev/vfio/3", ""}};
const std::vector<DeviceNode> kRdma{{NodeKind::uverbs, "/dev/infiniband/uverbs7", "/dev/infiniband/uverbs7", "rxe0"},
                                    {NodeKind::rdma_cm, "/dev/infiniband/rdma_cm", "/dev/infiniband/rdma_cm", ""}};

TEST(Allocate, GivesAVfioVfItsGroupAndTheEnvironmentOfUpstream) {
  const auto snapshot = with(one_vf(model::DeviceType::vfio_pci), test::exclusive("intel.com/my-vfs.x", {}));
  model::NodeRequest asked;
  const auto response = allocate(snapshot, snapshot.pools[0], asking({"0000:01:10.0"}), [&](const auto& request) {
    asked = request;
    return kVfio;
  });
  ASSERT_TRUE(response.has_value());
  EXPECT_TRUE(asked.vfio);
  EXPECT_THAT(specs(*response),
              testing::ElementsAre("/dev/vfio/vfio>/dev/vfio/vfio:rw", "/dev/vfio/noiommu-3>/dev/vfio/3:rw"));
  const auto& envs = response->container_responses(0).envs();
  EXPECT_EQ(envs.at("PCIDEVICE_INTEL_COM_MY-VFS_X"), "0000:01:10.0");
  EXPECT_EQ(
      envs.at("PCIDEVICE_INTEL_COM_MY-VFS_X_INFO"),
      R"({"0000:01:10.0":{"generic":{"deviceID":"0000:01:10.0"},"vfio":{"dev-mount":"/dev/vfio/3","mount":"/dev/vfio/vfio"}}})");
}

TEST(Allocate, SharedGivesEveryNodeOfEveryHcaOnceAndNoEnvironment) {
  const model::Inventory host =
      Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0").pf("0000:02:00.0", "enp2s0").rxe("rxe1", "enp2s0");
  const auto snapshot = with(host, test::shared("a.io/rdma", 3, {}));
  const auto response =
      allocate(snapshot, snapshot.pools[0], asking({"2", "0"}), [](const model::NodeRequest& request) {
        auto nodes = kRdma;
        if (request.function == pci("0000:02:00.0"))
          nodes[0].host_path = nodes[0].container_path = "/dev/infiniband/uverbs8";
        return nodes;
      });
  ASSERT_TRUE(response.has_value());
  EXPECT_THAT(specs(*response), testing::ElementsAre("/dev/infiniband/uverbs7>/dev/infiniband/uverbs7:rwm",
                                                     "/dev/infiniband/rdma_cm>/dev/infiniband/rdma_cm:rwm",
                                                     "/dev/infiniband/uverbs8>/dev/infiniband/uverbs8:rwm"));
  EXPECT_TRUE(response->container_responses(0).envs().empty());
}

TEST(Allocate, RefusesIdsThatAreNotInThePool) {
  const auto exclusive = with(one_vf(model::DeviceType::vfio_pci), test::exclusive("a.io/vfs", {}));
  const model::Inventory host = Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0");
  const auto shared = with(host, test::shared("a.io/rdma", 3, {}));
  const auto nodes = [](const auto&) { return kRdma; };
  EXPECT_EQ(allocate(exclusive, exclusive.pools[0], asking({"0000:01:10.2"}), nodes).error().code,
            model::Code::invalid);
  for (const auto* id : {"3", "-1", "01", "", "x", "99999999999999999999"})
    EXPECT_EQ(allocate(shared, shared.pools[0], asking({id}), nodes).error().code, model::Code::invalid) << id;
}

TEST(Allocate, FailsWithTheNameOfAMissingNode) {
  const model::Inventory host = Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0");
  const auto shared = with(host, test::shared("a.io/rdma", 3, {}));
  const auto result = allocate(shared, shared.pools[0], asking({"0"}),
                               [](const auto&) -> std::expected<std::vector<DeviceNode>, model::Error> {
                                 return std::unexpected(model::system_error(ENOENT, "open", "/dev/infiniband/uverbs0"));
                               });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(status_of(result.error()).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status_of(result.error()).error_message(), HasSubstr("/dev/infiniband/uverbs0"));
}

TEST(Allocate, AnswersEveryContainerRequest) {
  const auto snapshot = with(one_vf(model::DeviceType::netdevice), test::exclusive("a.io/vfs", {}));
  auto request = asking({"0000:01:10.0"});
  request.add_container_requests();
  const auto response = allocate(snapshot, snapshot.pools[0], request, [](const auto&) { return kVfio; });
  EXPECT_EQ(response->container_responses_size(), 2);
  EXPECT_EQ(response->container_responses(0).devices_size(), 0);
}

TEST(DeviceList, TellsTheNumaNodeUnlessItIsExcluded) {
  auto resource = test::exclusive("a.io/vfs", {});
  const auto host = one_vf(model::DeviceType::vfio_pci);
  EXPECT_EQ(device_list(with(host, resource).pools[0]).devices(0).topology().nodes(0).id(), 0);
  resource.exclude_topology = true;
  EXPECT_FALSE(device_list(with(host, resource).pools[0]).devices(0).has_topology());
}

// C4: off unless it is asked for, as upstream.
TEST(DeviceList, TellsTheNumaNodesOfASharedResourceWhereItIsAskedTo) {
  const model::Inventory host = Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0");
  auto resource = test::shared("a.io/hca", 3, {});
  EXPECT_FALSE(device_list(with(host, resource).pools[0]).devices(0).has_topology());
  resource.numa_topology = true;
  const auto list = device_list(with(host, resource).pools[0]);
  ASSERT_EQ(list.devices(2).topology().nodes_size(), 1);
  EXPECT_EQ(list.devices(2).topology().nodes(0).id(), 0);
}

// C5
TEST(DeviceList, TellsThatASharedResourceIsUnhealthy) {
  model::Inventory host = Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0");
  host.rdma_devices[0].ports[0].state = "DOWN";
  const auto list = device_list(with(host, test::shared("a.io/hca", 2, {})).pools[0]);
  ASSERT_EQ(list.devices_size(), 2);
  EXPECT_EQ(list.devices(0).health(), "Unhealthy");
}

}  // namespace
}  // namespace nic::kubelet
