#include "kubelet/pod_resources.hpp"

#include "lib/hosts.hpp"
#include "lib/temporary_folder.hpp"
#include "podresources.grpc.pb.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <fstream>

namespace nic::kubelet {
namespace {

using test::pci;
using testing::HasSubstr;

class Lister final : public v1::PodResourcesLister::Service {
 public:
  explicit Lister(const std::filesystem::path& root) {
    std::filesystem::create_directories(root / "pod-resources");
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + (root / "pod-resources/kubelet.sock").string(),
                             grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  grpc::Status List(grpc::ServerContext*, const v1::ListPodResourcesRequest*,
                    v1::ListPodResourcesResponse* answer) override {
    *answer = says;
    return grpc::Status::OK;
  }
  void give(const std::string& id) {
    auto* pod = says.add_pod_resources();
    pod->set_name("worker-0");
    pod->set_namespace_("ml");
    auto* container = pod->add_containers();
    container->set_name("app");
    auto* devices = container->add_devices();
    devices->set_resource_name("example.com/vf");
    devices->add_device_ids(id);
  }
  v1::ListPodResourcesResponse says;

 private:
  std::unique_ptr<grpc::Server> server_;
};

TEST(HandedOut, NamesPodAndContainerOfEachVf) {
  const test::TemporaryFolder folder;
  Lister kubelet{folder.path()};
  kubelet.give("0000:01:10.0");
  kubelet.give("17");        // a share of a shared resource
  kubelet.give("GPU-7f0e");  // somebody else's
  const auto users = handed_out(folder.path().string());
  ASSERT_TRUE(users) << users.error().text();
  ASSERT_EQ(users->size(), 1u);
  EXPECT_EQ(users->at(pci("0000:01:10.0")), "the kubelet gave it to container app of pod ml/worker-0");
}

TEST(HandedOut, IsNothingWhereThereIsNoKubelet) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(handed_out(folder.path().string()).value().empty());
}

TEST(HandedOut, ASocketThatNobodyServesIsAnError) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "pod-resources");
  std::ofstream{folder.path() / "pod-resources/kubelet.sock"} << "no socket";
  const auto users = handed_out(folder.path().string());
  ASSERT_FALSE(users);
  EXPECT_THAT(users.error().text(), HasSubstr("pod-resources/kubelet.sock"));
}

TEST(HandedOut, NamesAreMadePrintable) {
  const test::TemporaryFolder folder;
  Lister kubelet{folder.path()};
  kubelet.give("0000:01:10.0");
  kubelet.says.mutable_pod_resources(0)->set_name("a\nb");
  EXPECT_THAT(handed_out(folder.path().string()).value().at(pci("0000:01:10.0")), HasSubstr("ml/a?b"));
}

}  // namespace
}  // namespace nic::kubelet
