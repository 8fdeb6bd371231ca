// rooms: kubelet host core loop model
// Allocate over its real socket against the limit: the same call path with nothing to do (GetDevicePluginOptions).
// The device nodes are looked up in a tree composed in memory at every call, as the agent does on a machine.
#include "core/pools.hpp"
#include "host/nodes.hpp"
#include "host/observe.hpp"
#include "kubelet/endpoint.hpp"
#include "lib/fleet.hpp"
#include "lib/sysfs_tree.hpp"
#include "lib/temporary_folder.hpp"

#include <benchmark/benchmark.h>
#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <thread>

namespace {

using namespace nic;
using v1beta1::DevicePlugin;

constexpr auto kResource = "example.com/rdma";

// The endpoint on a loop of its own thread, and one connection to it.
class Served {
 public:
  Served() {
    tree_.pf("0000:01:00.0", 0x15b3, 0x1021).driver("mlx5_core").netdev("ens1np0", 2).rdma("mlx5_0");
    tree_.rdma_cm();
    std::filesystem::create_directories(folder_.path() / "plugins_registry");
    model::Config config;
    config.resources = {test::shared(kResource, 1000, {})};
    model::Snapshot snapshot;
    snapshot.inventory = host::observe(roots_, {}, model::Dirty::all());
    snapshot.pools = core::pools(config, snapshot.inventory, {});
    const auto shared = std::make_shared<const model::Snapshot>(std::move(snapshot));
    cell_.store(shared);
    endpoint_ = std::make_unique<kubelet::Endpoint>(
        event_.get(),
        kubelet::Context{cell_, [this](const auto& request) { return host::resolve_nodes(roots_, request); },
                         mailbox_.handle(), [](const auto&, const auto&) {}, [](bool) {}, [](const auto&) {}});
    endpoint_->configure({true, folder_.path().string()});
    endpoint_->publish(shared);
    loop_ = std::thread{[this] { sd_event_loop(event_.get()); }};
    const auto socket = folder_.path() / "plugins_registry" /
                        kubelet::socket_name(kResource, (folder_.path() / "plugins_registry").string());
    grpc::ChannelArguments arguments;
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
    stub_ = DevicePlugin::NewStub(
        grpc::CreateCustomChannel("unix:" + socket.string(), grpc::InsecureChannelCredentials(), arguments));
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  ~Served() {
    mailbox_.post([this] { sd_event_exit(event_.get(), 0); });
    loop_.join();
  }
  [[nodiscard]] DevicePlugin::Stub& stub() { return *stub_; }

 private:
  test::SysfsTree tree_;
  model::Roots roots_{model::Roots::below(tree_.root())};
  test::TemporaryFolder folder_;
  loop::EventPtr event_{loop::new_event()};
  loop::Mailbox mailbox_{event_.get()};
  model::SnapshotCell cell_;
  std::unique_ptr<kubelet::Endpoint> endpoint_;
  std::thread loop_;
  std::unique_ptr<DevicePlugin::Stub> stub_;
};

void allocate(benchmark::State& state) {
  Served served;
  v1beta1::AllocateRequest request;
  request.add_container_requests()->add_devices_ids("7");
  for (auto _ : state) {
    grpc::ClientContext context;
    v1beta1::AllocateResponse response;
    const auto status = served.stub().Allocate(&context, request, &response);
    if (!status.ok() || response.container_responses(0).devices_size() == 0) state.SkipWithError("not allocated");
  }
}

void empty_call(benchmark::State& state) {
  Served served;
  for (auto _ : state) {
    grpc::ClientContext context;
    v1beta1::DevicePluginOptions response;
    if (!served.stub().GetDevicePluginOptions(&context, {}, &response).ok()) state.SkipWithError("not answered");
  }
}

BENCHMARK(allocate)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(empty_call)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
