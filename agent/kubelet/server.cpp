#include "kubelet/server.hpp"

#include "kubelet/allocate.hpp"
#include "kubelet/streams.hpp"
#include "pluginregistration.grpc.pb.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

namespace nic::kubelet {
namespace {

constexpr auto kShutdown = std::chrono::milliseconds{300};

// Outlives the server's last call: handlers hold it.
struct Shared {
  std::string resource;
  const model::SnapshotCell& snapshots;
  Resolve resolve;
  std::shared_ptr<Streams> streams;
  std::function<void()> asked;
  std::function<void(bool, const std::string&)> told;
  std::function<void()> handed_out;
  std::function<void()> disagreed;
  ContainerFiles files;
};

grpc::ServerUnaryReactor* answer(grpc::CallbackServerContext* call, const grpc::Status& status = grpc::Status::OK) {
  auto* reactor = call->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

// The list goes out as bytes that were made once.
using Service = v1beta1::DevicePlugin::WithRawCallbackMethod_ListAndWatch<v1beta1::DevicePlugin::CallbackService>;

class DevicePlugin final : public Service {
 public:
  explicit DevicePlugin(const Shared& shared) : shared_{shared} {}

  grpc::ServerUnaryReactor* GetDevicePluginOptions(grpc::CallbackServerContext* call, const v1beta1::Empty*,
                                                   v1beta1::DevicePluginOptions* options) override {
    const auto snapshot = shared_.snapshots.load();
    if (const auto* pool = snapshot->pool(shared_.resource)) *options = options_of(pool->resource);
    return answer(call);
  }
  grpc::ServerWriteReactor<grpc::ByteBuffer>* ListAndWatch(grpc::CallbackServerContext*,
                                                           const grpc::ByteBuffer*) override {
    return shared_.streams->open();
  }
  grpc::ServerUnaryReactor* GetPreferredAllocation(grpc::CallbackServerContext* call,
                                                   const v1beta1::PreferredAllocationRequest* request,
                                                   v1beta1::PreferredAllocationResponse* response) override {
    const auto snapshot = shared_.snapshots.load();
    const auto* pool = snapshot->pool(shared_.resource);
    if (pool == nullptr) return answer(call, gone());
    *response = preferred_allocation(*snapshot, *pool, *request);
    return answer(call);
  }
  grpc::ServerUnaryReactor* Allocate(grpc::CallbackServerContext* call, const v1beta1::AllocateRequest* request,
                                     v1beta1::AllocateResponse* response) override {
    const auto snapshot = shared_.snapshots.load();
    const auto* pool = snapshot->pool(shared_.resource);
    if (pool == nullptr) return answer(call, gone());
    auto result = allocate(*snapshot, *pool, *request, shared_.resolve, shared_.files);
    if (!result) return refused(call, result.error());
    *response = std::move(*result);
    shared_.handed_out();
    return answer(call);
  }
  grpc::ServerUnaryReactor* PreStartContainer(grpc::CallbackServerContext* call,
                                              const v1beta1::PreStartContainerRequest* request,
                                              v1beta1::PreStartContainerResponse*) override {
    const auto snapshot = shared_.snapshots.load();
    const auto* pool = snapshot->pool(shared_.resource);
    if (pool == nullptr) return answer(call, gone());
    // It was asked for when the kubelet was told the options, and is not any more.
    if (!pool->resource.pre_start) return answer(call);
    if (const auto good = pre_start(*snapshot, *pool, *request, shared_.resolve, shared_.files); !good)
      return refused(call, good.error());
    return answer(call);
  }

 private:
  [[nodiscard]] grpc::Status gone() const {
    return {grpc::StatusCode::FAILED_PRECONDITION, shared_.resource + " is no longer configured"};
  }
  [[nodiscard]] grpc::ServerUnaryReactor* refused(grpc::CallbackServerContext* call, const model::Error& error) const {
    if (error.code == model::Code::invalid) shared_.disagreed();
    return answer(call, status_of(error));
  }

  const Shared& shared_;
};

class PluginRegistration final : public pluginregistration::Registration::CallbackService {
 public:
  explicit PluginRegistration(const Shared& shared) : shared_{shared} {}

  grpc::ServerUnaryReactor* GetInfo(grpc::CallbackServerContext* call, const pluginregistration::InfoRequest*,
                                    pluginregistration::PluginInfo* info) override {
    info->set_type("DevicePlugin");
    info->set_name(shared_.resource);
    info->add_supported_versions("v1beta1");
    shared_.asked();
    return answer(call);
  }
  grpc::ServerUnaryReactor* NotifyRegistrationStatus(grpc::CallbackServerContext* call,
                                                     const pluginregistration::RegistrationStatus* status,
                                                     pluginregistration::RegistrationStatusResponse*) override {
    shared_.told(status->plugin_registered(), status->error());
    return answer(call);
  }

 private:
  const Shared& shared_;
};

}  // namespace

struct ResourceServer::Parts {
  explicit Parts(Shared what) : shared{std::move(what)} {}
  Shared shared;
  DevicePlugin plugin{shared};
  PluginRegistration registration{shared};
  std::unique_ptr<grpc::Server> server;
};

ResourceServer::ResourceServer(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
ResourceServer::~ResourceServer() { shut_down(); }

std::expected<std::shared_ptr<ResourceServer>, model::Error> ResourceServer::serve(const Context& context,
                                                                                   const std::string& resource,
                                                                                   DeviceList list, Events events) {
  const auto post = context.post;
  Shared shared{
      resource,
      context.snapshots,
      context.resolve,
      std::make_shared<Streams>(std::move(list), [post, changed = std::move(events.streams)](
                                                     unsigned count) { post([changed, count] { changed(count); }); }),
      [post, asked = std::move(events.asked)] { post(asked); },
      [post, told = std::move(events.told)](bool registered, const std::string& error) {
        post([told, registered, error] { told(registered, error); });
      },
      [post, handed_out = std::move(events.handed_out)] { post(handed_out); },
      [post, disagreed = std::move(events.disagreed)] { post(disagreed); },
      context.files};
  auto parts = std::make_unique<Parts>(std::move(shared));
  grpc::ServerBuilder builder;
  // grpc-go pings to measure bandwidth; that is no reason to hang up on the kubelet.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  builder.RegisterService(&parts->plugin);
  builder.RegisterService(&parts->registration);
  parts->server = builder.BuildAndStart();
  if (!parts->server)
    return std::unexpected(
        model::Error{model::Code::internal, 0, "serve", resource, "gRPC has no threads or memory left"});
  return std::shared_ptr<ResourceServer>{new ResourceServer{std::move(parts)}};
}

grpc::Server& ResourceServer::grpc() { return *parts_->server; }

void ResourceServer::publish(DeviceList list) { parts_->shared.streams->publish(std::move(list)); }

void ResourceServer::shut_down() {
  if (!parts_->server) return;
  parts_->shared.streams->close();
  parts_->server->Shutdown(std::chrono::system_clock::now() + kShutdown);
  parts_->server->Wait();
  parts_->server.reset();
}

}  // namespace nic::kubelet
