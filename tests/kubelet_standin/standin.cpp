#include "kubelet_standin/standin.hpp"

#include "pluginregistration.grpc.pb.h"
#include "podresources.grpc.pb.h"

#include <grpcpp/grpcpp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <utility>

namespace nic::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::system_clock;

std::shared_ptr<grpc::Channel> dial(const std::filesystem::path& socket) {
  grpc::ChannelArguments arguments;
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto channel = grpc::CreateCustomChannel("unix:" + socket.string(), grpc::InsecureChannelCredentials(), arguments);
  return channel->WaitForConnected(Clock::now() + 10s) ? channel : nullptr;
}

nlohmann::json json_of(const v1beta1::AllocateResponse& response) {
  auto all = nlohmann::json::array();
  for (const auto& container : response.container_responses()) {
    nlohmann::json one{{"envs", nlohmann::json::object()}, {"devices", nlohmann::json::array()}};
    for (const auto& [name, value] : container.envs()) one["envs"][name] = value;
    for (const auto& device : container.devices())
      one["devices"].push_back({{"host_path", device.host_path()},
                                {"container_path", device.container_path()},
                                {"permissions", device.permissions()}});
    for (const auto& device : container.cdi_devices()) one["cdi_devices"].push_back(device.name());
    for (const auto& [key, value] : container.annotations()) one["annotations"][key] = value;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

struct KubeletStandin::Plugin {
  std::string resource;
  std::filesystem::path socket;
  std::unique_ptr<v1beta1::DevicePlugin::Stub> stub;
  grpc::ClientContext stream_context;
  std::unique_ptr<grpc::ClientReader<v1beta1::ListAndWatchResponse>> stream;
};

class KubeletStandin::Legacy final : public v1beta1::Registration::Service {
 public:
  explicit Legacy(KubeletStandin& owner) : owner_{owner} {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + (owner.root_ / "device-plugins/kubelet.sock").string(),
                             grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~Legacy() override { server_->Shutdown(Clock::now() + 500ms); }

  grpc::Status Register(grpc::ServerContext*, const v1beta1::RegisterRequest* request, v1beta1::Empty*) override {
    if (request->version() != "v1beta1")
      return {grpc::StatusCode::UNKNOWN,
              "requested API version is not supported by kubelet. Supported version is [\"v1beta1\"]"};
    const auto error =
        owner_.follow(owner_.root_ / "device-plugins" / request->endpoint(), request->resource_name(), false);
    return error.empty() ? grpc::Status::OK : grpc::Status{grpc::StatusCode::UNKNOWN, error};
  }

 private:
  KubeletStandin& owner_;
  std::unique_ptr<grpc::Server> server_;
};

// One pod has everything that was given; as the kubelet does, every id is an entry of its own.
class KubeletStandin::Lister final : public v1::PodResourcesLister::Service {
 public:
  explicit Lister(KubeletStandin& owner) : owner_{owner} {
    std::filesystem::create_directories(owner.root_ / "pod-resources");
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + (owner.root_ / "pod-resources/kubelet.sock").string(),
                             grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~Lister() override { server_->Shutdown(Clock::now() + 500ms); }

  grpc::Status List(grpc::ServerContext*, const v1::ListPodResourcesRequest*,
                    v1::ListPodResourcesResponse* response) override {
    const std::lock_guard lock{owner_.mutex_};
    auto* pod = response->add_pod_resources();
    pod->set_name("worker-0");
    pod->set_namespace_("default");
    auto* container = pod->add_containers();
    container->set_name("app");
    for (const auto& [resource, ids] : owner_.given_)
      for (const auto& id : ids) {
        auto* devices = container->add_devices();
        devices->set_resource_name(resource);
        devices->add_device_ids(id);
      }
    return grpc::Status::OK;
  }

 private:
  KubeletStandin& owner_;
  std::unique_ptr<grpc::Server> server_;
};

KubeletStandin::KubeletStandin(std::filesystem::path root, bool legacy, std::function<void(const Json&)> event)
    : root_{std::move(root)}, legacy_{legacy}, event_{std::move(event)} {
  const auto sockets = root_ / "device-plugins";
  std::filesystem::create_directories(sockets);
  lister_ = std::make_unique<Lister>(*this);
  if (legacy_) {
    for (const auto& entry : std::filesystem::directory_iterator{sockets})
      if (entry.is_socket()) std::filesystem::remove(entry.path());
    register_ = std::make_unique<Legacy>(*this);
    return;
  }
  std::filesystem::create_directories(root_ / "plugins_registry");
  inotify_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  ::inotify_add_watch(inotify_, (root_ / "plugins_registry").c_str(), IN_CREATE | IN_DELETE);
  watcher_ = std::thread{[this] { watch(); }};
}

KubeletStandin::~KubeletStandin() {
  stopping_ = true;
  if (watcher_.joinable()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
    watcher_.join();
    ::close(inotify_);
    ::close(stop_);
  }
  register_.reset();
  lister_.reset();
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock{mutex_};
    for (auto& [resource, plugin] : plugins_) plugin->stream_context.TryCancel();
    threads.swap(threads_);
  }
  for (auto& thread : threads) thread.join();
}

void KubeletStandin::report(const Json& event) {
  const std::lock_guard lock{report_mutex_};
  event_(event);
}

void KubeletStandin::watch() {
  for (const auto& entry : std::filesystem::directory_iterator{root_ / "plugins_registry"})
    found(entry.path().filename());
  alignas(inotify_event) std::array<char, 8192> buffer{};
  for (;;) {
    std::array<pollfd, 2> ready{pollfd{inotify_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), -1) < 0) continue;
    if (ready[1].revents != 0) return;
    const auto size = ::read(inotify_, buffer.data(), buffer.size());
    for (ssize_t at = 0; at < size;) {
      const auto* seen = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      if ((seen->mask & IN_CREATE) != 0) found(seen->name);
      if ((seen->mask & IN_DELETE) != 0) lost(seen->name);
      at += static_cast<ssize_t>(sizeof(inotify_event) + seen->len);
    }
  }
}

void KubeletStandin::found(const std::string& name) {
  const auto socket = root_ / "plugins_registry" / name;
  struct stat identity_of{};
  if (name.starts_with('.') || ::stat(socket.c_str(), &identity_of) != 0 || !S_ISSOCK(identity_of.st_mode)) return;
  // The first look at the folder and its events overlap.
  const auto identity = std::to_string(identity_of.st_ino) + '/' + std::to_string(identity_of.st_ctim.tv_sec) + '.' +
                        std::to_string(identity_of.st_ctim.tv_nsec);
  if (std::exchange(seen_[name], identity) == identity) return;
  const auto channel = dial(socket);
  if (!channel) return report({{"event", "error"}, {"socket", name}, {"text", "cannot dial"}});
  const auto registration = pluginregistration::Registration::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(Clock::now() + 1s);
  pluginregistration::PluginInfo info;
  const auto status = registration->GetInfo(&context, {}, &info);
  std::string error = status.ok() ? "" : "GetInfo: " + status.error_message();
  if (status.ok() && info.type() != "DevicePlugin") error = "type " + info.type();
  if (status.ok() && !info.name().contains('/')) error = "the ResourceName \"" + info.name() + "\" is invalid";
  if (error.empty())
    error = follow(info.endpoint().empty() ? socket : std::filesystem::path{info.endpoint()}, info.name(), true);
  grpc::ClientContext told;
  told.set_deadline(Clock::now() + 5s);
  pluginregistration::RegistrationStatus result;
  result.set_plugin_registered(error.empty());
  result.set_error(error);
  pluginregistration::RegistrationStatusResponse nothing;
  registration->NotifyRegistrationStatus(&told, result, &nothing);
  if (!error.empty()) report({{"event", "error"}, {"socket", name}, {"text", error}});
}

void KubeletStandin::lost(const std::string& name) { report({{"event", "socket-removed"}, {"socket", name}}); }

std::string KubeletStandin::follow(const std::filesystem::path& socket, const std::string& resource, bool) {
  const auto channel = dial(socket);
  if (!channel) return "cannot dial " + socket.string();
  auto plugin = std::make_shared<Plugin>();
  plugin->resource = resource;
  plugin->socket = socket;
  plugin->stub = v1beta1::DevicePlugin::NewStub(channel);
  grpc::ClientContext context;
  v1beta1::DevicePluginOptions options;
  if (const auto status = plugin->stub->GetDevicePluginOptions(&context, {}, &options); !status.ok())
    return "GetDevicePluginOptions: " + status.error_message();
  plugin->stream = plugin->stub->ListAndWatch(&plugin->stream_context, {});
  report({{"event", "registered"}, {"resource", resource}, {"socket", socket.filename()}});
  const std::lock_guard lock{mutex_};
  plugins_[resource] = plugin;
  threads_.emplace_back([this, plugin] { read(plugin); });
  return "";
}

void KubeletStandin::read(const std::shared_ptr<Plugin>& plugin) {
  v1beta1::ListAndWatchResponse list;
  while (plugin->stream->Read(&list)) {
    unsigned healthy = 0;
    auto first = Json::array();
    for (const auto& device : list.devices()) {
      healthy += device.health() == "Healthy" ? 1 : 0;
      if (first.size() < 16) first.push_back(device.id());
    }
    const bool topology = list.devices_size() > 0 && list.devices(0).has_topology();
    report({{"event", "devices"},
            {"resource", plugin->resource},
            {"capacity", list.devices_size()},
            {"healthy", healthy},
            {"ids", std::move(first)},
            {"numa", topology ? Json(list.devices(0).topology().nodes(0).id()) : Json()}});
  }
  const auto status = plugin->stream->Finish();
  const bool newest = [&] {
    const std::lock_guard lock{mutex_};
    const auto found = plugins_.find(plugin->resource);
    return found != plugins_.end() && found->second == plugin;
  }();
  report({{"event", "stream-ended"},
          {"resource", plugin->resource},
          {"newest", newest},
          {"code", static_cast<int>(status.error_code())}});
}

KubeletStandin::Json KubeletStandin::allocate(const std::string& resource, const std::vector<std::string>& ids) {
  std::shared_ptr<Plugin> plugin;
  {
    const std::lock_guard lock{mutex_};
    const auto found = plugins_.find(resource);
    if (found != plugins_.end()) plugin = found->second;
  }
  Json result;
  if (!plugin) {
    result = {{"event", "error"}, {"resource", resource}, {"code", -1}, {"text", "not registered"}};
  } else {
    grpc::ClientContext context;
    v1beta1::AllocateRequest request;
    auto* container = request.add_container_requests();
    for (const auto& id : ids) container->add_devices_ids(id);
    v1beta1::AllocateResponse response;
    const auto status = plugin->stub->Allocate(&context, request, &response);
    if (status.ok()) {
      const std::lock_guard lock{mutex_};
      given_[resource].insert(ids.begin(), ids.end());
    }
    if (status.ok())
      result = {{"event", "allocated"}, {"resource", resource}, {"response", json_of(response)}};
    else
      result = {{"event", "error"},
                {"resource", resource},
                {"code", static_cast<int>(status.error_code())},
                {"text", status.error_message()}};
  }
  report(result);
  return result;
}

void KubeletStandin::hang_up(const std::string& resource) {
  const std::lock_guard lock{mutex_};
  const auto found = plugins_.find(resource);
  if (found != plugins_.end()) found->second->stream_context.TryCancel();
}

void KubeletStandin::release(const std::string& resource, const std::string& id) {
  const std::lock_guard lock{mutex_};
  given_[resource].erase(id);
}

}  // namespace nic::test
