#include "kubelet/allocate.hpp"

#include "core/pools.hpp"
#include "lib/hosts.hpp"
#include "lib/offers.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace nic::kubelet {
namespace {

using model::DeviceNode;
using model::NodeKind;
using test::kCard;
using test::kOtherVf;
using test::kVf;
using test::Offer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Nodes = std::expected<std::vector<DeviceNode>, model::Error>;

v1beta1::AllocateRequest asking(const std::vector<std::string>& ids) {
  v1beta1::AllocateRequest request;
  auto* container = request.add_container_requests();
  for (const auto& id : ids) container->add_devices_ids(id);
  return request;
}

std::vector<std::string> specs(const v1beta1::ContainerAllocateResponse& container) {
  std::vector<std::string> all;
  for (const auto& device : container.devices())
    all.push_back(device.host_path() + ">" + device.container_path() + ":" + device.permissions());
  return all;
}

const std::vector<DeviceNode> kVfio{test::node(NodeKind::vfio_container, "/dev/vfio/vfio"),
                                    {NodeKind::vfio_group, "/dev/vfio/noiommu-3", "/dev/vfio/3", ""}};

// What resolving finds, by function, and what is asked of it; files that are kept in memory.
struct Machine {
  std::map<model::PciAddress, Nodes> nodes;
  std::vector<model::NodeRequest> asked;
  std::map<std::pair<std::string, std::string>, Given> kept;
  std::map<std::string, std::vector<CdiDevice>> cdi;
  bool full{false};

  Resolve resolve() {
    return [this](const model::NodeRequest& request) {
      asked.push_back(request);
      return nodes.at(request.function);
    };
  }
  ContainerFiles files() {
    return {[this](const Given& given) -> std::expected<void, model::Error> {
              if (full) return std::unexpected(model::system_error(ENOSPC, "write", "/run/k8s.cni.cncf.io/x"));
              kept[{given.resource, given.device}] = given;
              return {};
            },
            [this](const std::string& resource, const std::string& device) -> std::optional<Given> {
              const auto found = kept.find({resource, device});
              return found == kept.end() ? std::nullopt : std::optional{found->second};
            },
            [this](const std::string& resource, const CdiDevice& device) -> std::expected<void, model::Error> {
              cdi[resource].push_back(device);
              return {};
            }};
  }
  auto allocate(const Offer& offer, const std::vector<std::string>& ids) {
    return kubelet::allocate(offer.snapshot, offer.pool(), asking(ids), resolve(), files());
  }
  auto pre_start(const Offer& offer, const std::string& id) {
    v1beta1::PreStartContainerRequest request;
    request.add_devices_ids(id);
    return kubelet::pre_start(offer.snapshot, offer.pool(), request, resolve(), files());
  }
};

model::Resource rdma_vfs() {
  model::Selectors selectors;
  selectors.is_rdma = true;
  return test::exclusive("a.io/vfs", selectors);
}

Offer two_hcas() {
  return Offer{test::shared("a.io/rdma", 3, {})}
      .hca({0, 1, 0, 0})
      .rdma("mlx5_0", {0, 1, 0, 0})
      .hca({0, 2, 0, 0})
      .rdma("mlx5_1", {0, 2, 0, 0});
}

Machine with_two_hcas() {
  Machine machine;
  machine.nodes[{0, 1, 0, 0}] = std::vector{test::uverbs(7, "mlx5_0"), test::rdma_cm()};
  machine.nodes[{0, 2, 0, 0}] = std::vector{test::uverbs(8, "mlx5_1"), test::rdma_cm()};
  return machine;
}

// D2: the environment itself is in environment_test.cpp.
TEST(Allocate, GivesAVfioVfItsGroupAndTheEnvironmentOfUpstream) {
  const auto offer = Offer{test::exclusive("intel.com/my-vfs.x", {})}.vf(kVf, "vfio-pci");
  Machine machine;
  machine.nodes[kVf] = kVfio;
  const auto response = machine.allocate(offer, {"0000:3b:00.2"});
  ASSERT_TRUE(response.has_value());
  EXPECT_THAT(machine.asked, ElementsAre(model::NodeRequest{.function = kVf, .vfio = true}));
  const auto& container = response->container_responses(0);
  EXPECT_THAT(specs(container), ElementsAre("/dev/vfio/vfio>/dev/vfio/vfio:rw", "/dev/vfio/noiommu-3>/dev/vfio/3:rw"));
  EXPECT_EQ(container.envs().at("PCIDEVICE_INTEL_COM_MY-VFS_X"), "0000:3b:00.2");
  EXPECT_EQ(
      container.envs().at("PCIDEVICE_INTEL_COM_MY-VFS_X_INFO"),
      R"({"0000:3b:00.2":{"generic":{"deviceID":"0000:3b:00.2"},"vfio":{"dev-mount":"/dev/vfio/3","mount":"/dev/vfio/vfio"}}})");
  EXPECT_TRUE(container.annotations().empty());
  EXPECT_EQ(container.cdi_devices_size(), 0);
}

// D1, D8
TEST(Allocate, SharedGivesEveryNodeOfEveryHcaOnceAndNoEnvironment) {
  auto machine = with_two_hcas();
  auto offer = two_hcas();
  const auto response = machine.allocate(offer, {"2", "0"});
  ASSERT_TRUE(response.has_value());
  const auto& container = response->container_responses(0);
  EXPECT_THAT(specs(container), ElementsAre("/dev/infiniband/uverbs7>/dev/infiniband/uverbs7:rwm",
                                            "/dev/infiniband/rdma_cm>/dev/infiniband/rdma_cm:rwm",
                                            "/dev/infiniband/uverbs8>/dev/infiniband/uverbs8:rwm"));
  EXPECT_TRUE(container.envs().empty());
  EXPECT_THAT(machine.kept, IsEmpty());
  offer.pool().resource.permissions = model::NodePermissions::rw;
  EXPECT_THAT(specs(machine.allocate(offer, {"0"})->container_responses(0)), testing::Each(testing::EndsWith(":rw")));
}

TEST(Allocate, GivesRdmaVhostAndVdpaWhereTheSelectorsAskForIt) {
  auto offer = Offer{test::exclusive("a.io/vfs", {})}.vf(kVf, "mlx5_core").rdma("mlx5_3", kVf);
  Machine machine;
  machine.nodes[kVf] = std::vector<DeviceNode>{};
  ASSERT_TRUE(machine.allocate(offer, {"0000:3b:00.2"}).has_value());
  EXPECT_THAT(machine.asked, IsEmpty());
  auto& selectors = offer.pool().resource.selectors[0];
  selectors.is_rdma = selectors.need_vhost_net = true;
  ASSERT_TRUE(machine.allocate(offer, {"0000:3b:00.2"}).has_value());
  EXPECT_EQ(machine.asked.back(),
            (model::NodeRequest{.function = kVf, .rdma = true, .rdma_devices = {"mlx5_3"}, .vhost_net = true}));
  selectors = {};
  selectors.vdpa_type = model::VdpaType::vhost;
  ASSERT_TRUE(machine.allocate(offer, {"0000:3b:00.2"}).has_value());
  EXPECT_EQ(machine.asked.back(), (model::NodeRequest{.function = kVf, .vdpa = model::VdpaType::vhost}));
}

TEST(Allocate, TakesTheWishesOfTheSelectorsThatTookTheDevice) {
  auto offer = Offer{test::exclusive("a.io/vfs", {})}.vf(kVf, "mlx5_core").rdma("mlx5_3", kVf).vf(kOtherVf, "igb_uio");
  model::Selectors plain, rdma;
  plain.drivers = {"igb_uio"};
  rdma.is_rdma = true;
  offer.pool().resource.selectors = {plain, rdma};
  offer.pool().devices.at(0).selector = 1;
  Machine machine;
  machine.nodes[kVf] = machine.nodes[kOtherVf] = std::vector<DeviceNode>{};
  ASSERT_TRUE(machine.allocate(offer, {"0000:3b:00.2", "0000:3b:00.3"}).has_value());
  ASSERT_EQ(machine.asked.size(), 2U);
  EXPECT_TRUE(machine.asked[0].rdma);
  EXPECT_FALSE(machine.asked[0].uio);
  EXPECT_FALSE(machine.asked[1].rdma);
  EXPECT_TRUE(machine.asked[1].uio);
}

TEST(Allocate, GivesAScalableFunctionTheNodesOfItsOwnRdmaDevice) {
  const auto offer = Offer{rdma_vfs()}.rdma("mlx5_0", kCard).scalable_function("mlx5_core.sf.4");
  Machine machine;
  machine.nodes[kCard] = std::vector{test::uverbs(4, "mlx5_4"), test::rdma_cm()};
  const auto response = machine.allocate(offer, {"mlx5_core.sf.4"});
  ASSERT_TRUE(response.has_value());
  EXPECT_THAT(machine.asked,
              ElementsAre(model::NodeRequest{.function = kCard, .auxiliary = "mlx5_core.sf.4", .rdma = true}));
  const auto& envs = response->container_responses(0).envs();
  EXPECT_EQ(envs.at("PCIDEVICE_A_IO_VFS"), "mlx5_core.sf.4");
  EXPECT_THAT(envs.at("PCIDEVICE_A_IO_VFS_INFO"), HasSubstr(R"("rdma_dev":"mlx5_4")"));
  // D10
  EXPECT_THAT(machine.kept.at({"a.io/vfs", "mlx5_core.sf.4"}).device_info, HasSubstr("mlx5_4"));
}

// D5
TEST(Allocate, RefusesIdsThatAreNotInThePoolOrNotHealthy) {
  auto exclusive = Offer{test::exclusive("a.io/vfs", {})}.vf(kVf, "vfio-pci").vf(kOtherVf, "vfio-pci");
  exclusive.pool().devices[1].healthy = false;
  exclusive.pool().devices[1].unhealthy = "the link of its PF is down";
  Machine machine;
  machine.nodes[kVf] = kVfio;
  for (const auto* id : {"0000:3b:00.4", "", "0", "0000:3b:00.3"}) {
    const auto refused = machine.allocate(exclusive, {"0000:3b:00.2", id});
    ASSERT_FALSE(refused.has_value()) << id;
    EXPECT_EQ(status_of(refused.error()).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_THAT(machine.allocate(exclusive, {"0000:3b:00.3"}).error().text(), HasSubstr("the link of its PF is down"));
  // Nothing was written for the good one beside it.
  EXPECT_THAT(machine.kept, IsEmpty());
  for (const auto* id : {"3", "-1", "01", "", "x", "99999999999999999999"})
    EXPECT_EQ(with_two_hcas().allocate(two_hcas(), {id}).error().code, model::Code::invalid) << id;
}

// D6
TEST(Allocate, FailsWithTheNameOfAMissingNode) {
  auto machine = with_two_hcas();
  machine.nodes[{0, 2, 0, 0}] = std::unexpected(model::system_error(ENOENT, "open", "/dev/infiniband/uverbs8"));
  const auto result = machine.allocate(two_hcas(), {"0"});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(status_of(result.error()).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status_of(result.error()).error_message(), HasSubstr("/dev/infiniband/uverbs8"));
}

// D7
TEST(Allocate, GivesTheNodesThatAreThereAtThatMoment) {
  const auto offer = Offer{rdma_vfs()}.vf(kVf, "mlx5_core").rdma("mlx5_3", kVf);
  Machine machine;
  for (const unsigned number : {3U, 9U}) {
    machine.nodes[kVf] = std::vector{test::uverbs(number, "mlx5_3")};
    EXPECT_EQ(machine.allocate(offer, {"0000:3b:00.2"})->container_responses(0).devices(0).host_path(),
              "/dev/infiniband/uverbs" + std::to_string(number));
  }
}

// D8
TEST(Allocate, GivesWhatSeveralDevicesShareOnce) {
  const auto offer = Offer{test::exclusive("a.io/vfs", {})}.vf(kVf, "vfio-pci").vf(kOtherVf, "vfio-pci");
  Machine machine;
  machine.nodes[kVf] = kVfio;
  machine.nodes[kOtherVf] = std::vector{kVfio[0], test::node(NodeKind::vfio_group, "/dev/vfio/4")};
  const auto response = machine.allocate(offer, {"0000:3b:00.3", "0000:3b:00.2"});
  EXPECT_THAT(specs(response->container_responses(0)),
              ElementsAre("/dev/vfio/vfio>/dev/vfio/vfio:rw", "/dev/vfio/4>/dev/vfio/4:rw",
                          "/dev/vfio/noiommu-3>/dev/vfio/3:rw"));
  EXPECT_EQ(response->container_responses(0).envs().at("PCIDEVICE_A_IO_VFS"), "0000:3b:00.3,0000:3b:00.2");
}

// D9
TEST(Allocate, KeepsDeviceInformationBeforeItAnswers) {
  const auto offer = Offer{test::exclusive("a.io/vfs", {})}.vf(kVf, "vfio-pci");
  Machine machine;
  machine.nodes[kVf] = kVfio;
  machine.full = true;
  EXPECT_THAT(machine.allocate(offer, {"0000:3b:00.2"}).error().text(), HasSubstr("/run/k8s.cni.cncf.io/x"));
  machine.full = false;
  ASSERT_TRUE(machine.allocate(offer, {"0000:3b:00.2"}).has_value());
  EXPECT_EQ(machine.kept.at({"a.io/vfs", "0000:3b:00.2"}).device_info,
            R"({"type":"pci","version":"1.1.0","pci":{"pci-address":"0000:3b:00.2"}})");
}

// D12
TEST(Allocate, AnswersEveryContainerRequest) {
  const auto offer = Offer{test::exclusive("a.io/vfs", {})}.vf(kVf, "mlx5_core");
  auto request = asking({"0000:3b:00.2"});
  request.add_container_requests();
  Machine machine;
  const auto response = allocate(offer.snapshot, offer.pool(), request, machine.resolve());
  EXPECT_EQ(response->container_responses_size(), 2);
  EXPECT_EQ(response->container_responses(0).devices_size(), 0);
  EXPECT_TRUE(allocate(offer.snapshot, offer.pool(), {}, machine.resolve()).has_value());
}

// E1: CDI or DeviceSpecs, never both.
TEST(Allocate, WithCdiNamesDevicesInsteadOfNodes) {
  auto machine = with_two_hcas();
  const auto response = machine.allocate(two_hcas().cdi(model::CdiMode::field), {"1"});
  ASSERT_TRUE(response.has_value());
  const auto& container = response->container_responses(0);
  EXPECT_EQ(container.devices_size(), 0);
  EXPECT_TRUE(container.annotations().empty());
  ASSERT_EQ(container.cdi_devices_size(), 2);
  EXPECT_EQ(container.cdi_devices(0).name(), "a.io/rdma=0000:01:00.0");
  EXPECT_EQ(container.cdi_devices(1).name(), "a.io/rdma=0000:02:00.0");
  // The specification has them before the answer is given.
  ASSERT_EQ(machine.cdi.at("a.io/rdma").size(), 2U);
  EXPECT_EQ(machine.cdi.at("a.io/rdma")[0].nodes[0],
            (CdiNode{"/dev/infiniband/uverbs7", "/dev/infiniband/uverbs7", "rwm"}));
}

TEST(Allocate, WithCdiLeavesOutADeviceWithoutNodes) {
  Machine machine;
  const auto offer = Offer{test::exclusive("a.io/vfs", {})}.vf(kVf, "mlx5_core").cdi(model::CdiMode::field);
  const auto response = machine.allocate(offer, {"0000:3b:00.2"});
  EXPECT_EQ(response->container_responses(0).cdi_devices_size(), 0);
  EXPECT_EQ(response->container_responses(0).envs_size(), 2);
  EXPECT_THAT(machine.cdi, IsEmpty());
}

// E7
TEST(Allocate, ForOldKubeletsNamesDevicesInAnAnnotationOfTheResource) {
  auto machine = with_two_hcas();
  const auto response = machine.allocate(two_hcas().cdi(model::CdiMode::annotation), {"1"});
  const auto& container = response->container_responses(0);
  EXPECT_EQ(container.cdi_devices_size() + container.devices_size(), 0);
  ASSERT_EQ(container.annotations_size(), 1);
  EXPECT_EQ(container.annotations().at("cdi.k8s.io/a.io_rdma"), "a.io/rdma=0000:01:00.0,a.io/rdma=0000:02:00.0");
}

// F16, from here on.
TEST(PreStart, FindsThatTheNodesAreOthersThanThoseThatWereGiven) {
  auto offer = Offer{rdma_vfs()}.vf(kVf, "mlx5_core").rdma("mlx5_3", kVf);
  offer.pool().resource.pre_start = true;
  Machine machine;
  machine.nodes[kVf] = std::vector{test::uverbs(3, "mlx5_3")};
  EXPECT_TRUE(machine.pre_start(offer, "0000:3b:00.2").has_value());  // given before there were records
  ASSERT_TRUE(machine.allocate(offer, {"0000:3b:00.2"}).has_value());
  EXPECT_TRUE(machine.pre_start(offer, "0000:3b:00.2").has_value());
  machine.nodes[kVf] = std::vector{test::uverbs(9, "mlx5_3")};
  const auto stale = machine.pre_start(offer, "0000:3b:00.2");
  ASSERT_FALSE(stale.has_value());
  EXPECT_THAT(stale.error().text(), HasSubstr("uverbs3"));
  EXPECT_THAT(stale.error().text(), HasSubstr("uverbs9"));
}

TEST(PreStart, OfASharedResourceKnowsWhatWasGivenToTheShare) {
  auto offer = two_hcas();
  offer.pool().resource.pre_start = true;
  auto machine = with_two_hcas();
  ASSERT_TRUE(machine.allocate(offer, {"1"}).has_value());
  EXPECT_TRUE(machine.pre_start(offer, "1").has_value());
  machine.nodes[{0, 2, 0, 0}] = std::vector{test::uverbs(11, "mlx5_1"), test::rdma_cm()};
  EXPECT_THAT(machine.pre_start(offer, "1").error().text(), HasSubstr("uverbs11"));
}

TEST(PreStart, WithCdiBringsTheSpecificationUpToDate) {
  auto offer = Offer{rdma_vfs()}.vf(kVf, "mlx5_core").rdma("mlx5_3", kVf).cdi(model::CdiMode::field);
  offer.pool().resource.pre_start = true;
  Machine machine;
  machine.nodes[kVf] = std::vector{test::uverbs(3, "mlx5_3")};
  ASSERT_TRUE(machine.allocate(offer, {"0000:3b:00.2"}).has_value());
  machine.nodes[kVf] = std::vector{test::uverbs(9, "mlx5_3")};
  ASSERT_TRUE(machine.pre_start(offer, "0000:3b:00.2").has_value());
  EXPECT_EQ(machine.cdi.at("a.io/vfs").back().nodes[0].host_path, "/dev/infiniband/uverbs9");
}

TEST(PreStart, FailsWhereANodeIsMissingOrTheDeviceIsGone) {
  auto offer = Offer{rdma_vfs()}.vf(kVf, "mlx5_core").rdma("mlx5_3", kVf);
  Machine machine;
  machine.nodes[kVf] = std::unexpected(model::system_error(ENOENT, "find the device node", "/dev/infiniband/uverbs3"));
  EXPECT_THAT(machine.pre_start(offer, "0000:3b:00.2").error().text(), HasSubstr("uverbs3"));
  EXPECT_FALSE(machine.pre_start(offer, "0000:3b:00.9").has_value());
}

TEST(Options, NameOnlyWhatWasAskedFor) {
  auto resource = test::exclusive("a.io/vfs", {});
  EXPECT_FALSE(options_of(resource).pre_start_required());
  EXPECT_FALSE(options_of(resource).get_preferred_allocation_available());
  resource.pre_start = true;
  resource.preferred_allocation = model::PreferredAllocation::pack;
  EXPECT_TRUE(options_of(resource).pre_start_required());
  EXPECT_TRUE(options_of(resource).get_preferred_allocation_available());
}

// F15: the choice itself is in core/preferred_test.cpp.
TEST(PreferredAllocation, AnswersEveryContainerRequest) {
  auto offer = Offer{test::exclusive("a.io/vfs", {})}.vf(kVf, "vfio-pci").vf(kOtherVf, "vfio-pci");
  offer.pool().resource.preferred_allocation = model::PreferredAllocation::pack;
  v1beta1::PreferredAllocationRequest request;
  auto* container = request.add_container_requests();
  for (const auto* id : {"0000:3b:00.3", "0000:3b:00.2"}) container->add_available_deviceids(id);
  container->add_must_include_deviceids("0000:3b:00.3");
  container->set_allocation_size(2);
  request.add_container_requests()->set_allocation_size(-1);
  const auto response = preferred_allocation(offer.snapshot, offer.pool(), request);
  ASSERT_EQ(response.container_responses_size(), 2);
  EXPECT_THAT(response.container_responses(0).deviceids(), ElementsAre("0000:3b:00.3", "0000:3b:00.2"));
  EXPECT_THAT(response.container_responses(1).deviceids(), IsEmpty());
}

TEST(CdiStates, HaveTheDevicesThatCanBeLookedAtAndNameTheOthers) {
  const auto offer = Offer{test::exclusive("a.io/vfs", {})}.vf(kVf, "vfio-pci").vf(kOtherVf, "vfio-pci");
  Machine machine;
  machine.nodes[kVf] = kVfio;
  machine.nodes[kOtherVf] = std::unexpected(model::Error{});
  const auto state = cdi_state(offer.snapshot, offer.pool(), machine.resolve());
  ASSERT_EQ(state.devices.size(), 1U);
  EXPECT_EQ(state.devices[0].nodes[1], (CdiNode{"/dev/vfio/3", "/dev/vfio/noiommu-3", "rw"}));
  EXPECT_THAT(state.unresolved, ElementsAre("0000:3b:00.3"));
}

TEST(DeviceList, TellsTheNumaNodeUnlessItIsExcluded) {
  auto offer = Offer{test::exclusive("a.io/vfs", {})}.vf(kVf, "vfio-pci");
  EXPECT_EQ(device_list(offer.pool()).devices(0).topology().nodes(0).id(), 0);
  offer.pool().resource.exclude_topology = true;
  EXPECT_FALSE(device_list(offer.pool()).devices(0).has_topology());
}

model::Pool pool_of(const model::Inventory& host, const model::Resource& resource) {
  model::Config config;
  config.resources = {resource};
  return core::pools(config, host, {}).at(0);
}

// C4: off unless it is asked for, as upstream.
TEST(DeviceList, TellsTheNumaNodesOfASharedResourceWhereItIsAskedTo) {
  const model::Inventory host = test::Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0");
  auto resource = test::shared("a.io/hca", 3, {});
  EXPECT_FALSE(device_list(pool_of(host, resource)).devices(0).has_topology());
  resource.numa_topology = true;
  const auto list = device_list(pool_of(host, resource));
  ASSERT_EQ(list.devices(2).topology().nodes_size(), 1);
  EXPECT_EQ(list.devices(2).topology().nodes(0).id(), 0);
}

// C5
TEST(DeviceList, TellsThatASharedResourceIsUnhealthy) {
  model::Inventory host = test::Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0");
  host.rdma_devices[0].ports[0].state = "DOWN";
  const auto list = device_list(pool_of(host, test::shared("a.io/hca", 2, {})));
  ASSERT_EQ(list.devices_size(), 2);
  EXPECT_EQ(list.devices(0).health(), "Unhealthy");
}

}  // namespace
}  // namespace nic::kubelet
