// One resource's server, called as the kubelet calls it.
#include "kubelet/server.hpp"

#include "kubelet/allocate.hpp"
#include "kubelet/channel.hpp"
#include "kubelet/doorman.hpp"
#include "lib/offers.hpp"
#include "lib/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>

namespace nic::kubelet {
namespace {

using test::kOtherVf;
using test::kVf;
using test::Offer;
using testing::HasSubstr;

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    publish(test::exclusive("a.io/vfs", {}));
    const Context context{cell,
                          [this](const auto&) { return nodes; },
                          mailbox.handle(),
                          [](const auto&, const auto&) {},
                          [](bool) {},
                          [](const auto&) {},
                          {.keep = [](const Given&) { return std::expected<void, model::Error>{}; },
                           .kept = [this](const std::string&, const std::string&) { return given; },
                           .keep_cdi = {}}};
    const auto socket = (folder.path() / "a.sock").string();
    server = *ResourceServer::serve(
        context, "a.io/vfs", std::make_shared<const std::string>(),
        {[](unsigned) {}, [] {}, [](bool, const std::string&) {}, [this] { ++handed_out; }, [this] { ++disagreed; }});
    door = *Door::open(socket);
    doorman.attend(*door, server->grpc());
    stub = v1beta1::DevicePlugin::NewStub(channel_to(socket));
  }
  void publish(model::Resource resource) {
    auto offer = Offer{std::move(resource)}.vf(kVf, "vfio-pci").vf(kOtherVf, "vfio-pci");
    cell.store(std::make_shared<const model::Snapshot>(std::move(offer.snapshot)));
  }
  grpc::Status allocate(const std::string& id) {
    grpc::ClientContext call;
    v1beta1::AllocateRequest request;
    request.add_container_requests()->add_devices_ids(id);
    v1beta1::AllocateResponse response;
    return stub->Allocate(&call, request, &response);
  }
  grpc::Status pre_start(const std::string& id) {
    grpc::ClientContext call;
    call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds{30});  // as the kubelet does
    v1beta1::PreStartContainerRequest request;
    request.add_devices_ids(id);
    v1beta1::PreStartContainerResponse response;
    return stub->PreStartContainer(&call, request, &response);
  }
  v1beta1::DevicePluginOptions options() {
    grpc::ClientContext call;
    v1beta1::DevicePluginOptions options;
    EXPECT_TRUE(stub->GetDevicePluginOptions(&call, {}, &options).ok());
    return options;
  }
  void work_off() {
    while (sd_event_run(event.get(), 0) > 0) {
    }
  }

  test::TemporaryFolder folder;
  loop::EventPtr event{loop::new_event()};
  loop::Mailbox mailbox{event.get()};
  model::SnapshotCell cell;
  std::expected<std::vector<model::DeviceNode>, model::Error> nodes{std::vector{test::uverbs(9, "mlx5_3")}};
  std::optional<Given> given;
  unsigned handed_out{0}, disagreed{0};
  std::shared_ptr<ResourceServer> server;
  std::unique_ptr<Door> door;
  Doorman doorman;
  std::unique_ptr<v1beta1::DevicePlugin::Stub> stub;
};

// D5: the endpoint sends its list again when it hears of this.
TEST_F(ServerTest, TellsWhenTheKubeletHasAnotherList) {
  EXPECT_TRUE(allocate("0000:3b:00.2").ok());
  work_off();
  EXPECT_EQ(disagreed, 0U);
  EXPECT_EQ(handed_out, 1U);
  EXPECT_EQ(allocate("0000:3b:00.7").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  work_off();
  EXPECT_EQ(disagreed, 1U);
  // A node that is missing is no disagreement about the list.
  nodes = std::unexpected(model::system_error(ENOENT, "find the device node", "/dev/vfio/12"));
  EXPECT_THAT(allocate("0000:3b:00.2").error_message(), HasSubstr("/dev/vfio/12"));
  work_off();
  EXPECT_EQ(disagreed, 1U);
}

// F15, F16
TEST_F(ServerTest, AdvertisesTheCallsThatTheConfigurationAsksFor) {
  EXPECT_FALSE(options().pre_start_required());
  EXPECT_FALSE(options().get_preferred_allocation_available());
  auto resource = test::exclusive("a.io/vfs", {});
  resource.pre_start = true;
  resource.preferred_allocation = model::PreferredAllocation::spread;
  publish(resource);
  EXPECT_TRUE(options().pre_start_required());
  EXPECT_TRUE(options().get_preferred_allocation_available());
}

TEST_F(ServerTest, AnswersWithWhatItPrefers) {
  auto resource = test::exclusive("a.io/vfs", {});
  resource.preferred_allocation = model::PreferredAllocation::pack;
  publish(resource);
  grpc::ClientContext call;
  v1beta1::PreferredAllocationRequest request;
  auto* container = request.add_container_requests();
  container->add_available_deviceids("0000:3b:00.3");
  container->add_available_deviceids("0000:3b:00.2");
  container->set_allocation_size(1);
  v1beta1::PreferredAllocationResponse response;
  ASSERT_TRUE(stub->GetPreferredAllocation(&call, request, &response).ok());
  EXPECT_THAT(response.container_responses(0).deviceids(), testing::ElementsAre("0000:3b:00.2"));
}

TEST_F(ServerTest, RefusesToStartAContainerWhoseNodesAreStale) {
  given = Given{"a.io/vfs", "0000:3b:00.2", {test::uverbs(3, "mlx5_3")}, ""};
  EXPECT_TRUE(pre_start("0000:3b:00.2").ok());
  auto resource = test::exclusive("a.io/vfs", {});
  resource.pre_start = true;
  publish(resource);
  const auto refused = pre_start("0000:3b:00.2");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), HasSubstr("uverbs3"));
}

}  // namespace
}  // namespace nic::kubelet
