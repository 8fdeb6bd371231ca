#include "kubelet_standin/plugin.hpp"

#include "deviceplugin.grpc.pb.h"
#include "kubelet_standin/dial.hpp"
#include "pluginregistration.grpc.pb.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace nic::test {
namespace {

class Plugin final : public v1beta1::DevicePlugin::Service {
 public:
  explicit Plugin(unsigned devices) : devices_{devices} {}
  grpc::Status GetDevicePluginOptions(grpc::ServerContext*, const v1beta1::Empty*,
                                      v1beta1::DevicePluginOptions*) override {
    return grpc::Status::OK;
  }
  grpc::Status ListAndWatch(grpc::ServerContext*, const v1beta1::Empty*,
                            grpc::ServerWriter<v1beta1::ListAndWatchResponse>* writer) override {
    v1beta1::ListAndWatchResponse list;
    for (unsigned i = 0; i < devices_; ++i) {
      auto* device = list.add_devices();
      device->set_id("rival-" + std::to_string(i));
      device->set_health("Healthy");
    }
    writer->Write(list);
    std::unique_lock lock{mutex_};
    // As theirs do, it does not look whether the kubelet is still there.
    changed_.wait(lock, [this] { return over_; });
    return grpc::Status::OK;
  }
  void end() {
    const std::lock_guard lock{mutex_};
    over_ = true;
    changed_.notify_all();
  }

 private:
  unsigned devices_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_{false};
};

class Info final : public pluginregistration::Registration::Service {
 public:
  explicit Info(std::string resource) : resource_{std::move(resource)} {}
  grpc::Status GetInfo(grpc::ServerContext*, const pluginregistration::InfoRequest*,
                       pluginregistration::PluginInfo* info) override {
    info->set_type("DevicePlugin");
    info->set_name(resource_);
    info->add_supported_versions("v1alpha1");
    info->add_supported_versions("v1beta1");
    return grpc::Status::OK;
  }
  grpc::Status NotifyRegistrationStatus(grpc::ServerContext*, const pluginregistration::RegistrationStatus*,
                                        pluginregistration::RegistrationStatusResponse*) override {
    return grpc::Status::OK;
  }

 private:
  std::string resource_;
};

}  // namespace

struct PluginStandin::Parts {
  Parts(const std::string& resource, unsigned devices) : plugin{devices}, info{resource} {}
  Plugin plugin;
  Info info;
  std::filesystem::path socket;
  std::unique_ptr<grpc::Server> server;
};

PluginStandin::PluginStandin(const std::filesystem::path& root, const std::filesystem::path& socket,
                             const std::string& resource, unsigned devices)
    : parts_{std::make_unique<Parts>(resource, devices)} {
  parts_->socket = socket;
  const bool watched = socket.parent_path().filename() == "plugins_registry";
  grpc::ServerBuilder builder;
  // gRPC removes the path that it has bound; the second name of the socket is ours to remove, or to leave.
  const auto hidden = socket.parent_path() / ("." + socket.filename().string());
  builder.AddListeningPort("unix:" + hidden.string(), grpc::InsecureServerCredentials());
  // Its threads look at their queues so often, and its end waits for them; left alone they take ten seconds.
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::CQ_TIMEOUT_MSEC, 50);
  builder.RegisterService(&parts_->plugin);
  // Those that call Register do not serve GetInfo.
  if (watched) builder.RegisterService(&parts_->info);
  parts_->server = builder.BuildAndStart();
  std::error_code failure;
  std::filesystem::remove(socket, failure);
  std::filesystem::create_hard_link(hidden, socket);
  if (watched) return;
  const auto channel = dial(root / "device-plugins/kubelet.sock");
  if (!channel) return;
  grpc::ClientContext context;
  v1beta1::RegisterRequest request;
  request.set_version("v1beta1");
  request.set_endpoint(socket.filename());
  request.set_resource_name(resource);
  v1beta1::Empty nothing;
  v1beta1::Registration::NewStub(channel)->Register(&context, request, &nothing);
}

PluginStandin::~PluginStandin() {
  vanish();
  std::error_code failure;
  std::filesystem::remove(parts_->socket, failure);
}

void PluginStandin::vanish() {
  if (!parts_->server) return;
  parts_->plugin.end();
  parts_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds{200});
  parts_->server.reset();
}

}  // namespace nic::test
