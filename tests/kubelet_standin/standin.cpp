#include "kubelet_standin/standin.hpp"

#include "kubelet_standin/dial.hpp"
#include "podresources.grpc.pb.h"

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <utility>

namespace nic::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::system_clock;

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

// A socket that nobody listens on.
void leave_socket(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path.c_str(), path.string().size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  [[maybe_unused]] const int bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::close(socket);
}

}  // namespace

struct KubeletStandin::Plugin {
  std::string resource;
  std::filesystem::path socket;
  std::unique_ptr<v1beta1::DevicePlugin::Stub> stub;
  grpc::ClientContext stream_context;
  std::unique_ptr<grpc::ClientReader<v1beta1::ListAndWatchResponse>> stream;
};

class KubeletStandin::Registrar final : public v1beta1::Registration::Service {
 public:
  explicit Registrar(KubeletStandin& owner) : owner_{owner}, folder_{owner.root_ / "device-plugins"} {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + (folder_ / "kubelet.sock").string(), grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~Registrar() override {
    server_->Shutdown(Clock::now() + 100ms);
    server_.reset();
    leave_socket(folder_ / "kubelet.sock");
  }

  grpc::Status Register(grpc::ServerContext*, const v1beta1::RegisterRequest* request, v1beta1::Empty*) override {
    if (owner_.hangs()) return grpc::Status::CANCELLED;
    if (request->version() != "v1beta1")
      return {grpc::StatusCode::UNKNOWN,
              "requested API version is not supported by kubelet. Supported version is [\"v1beta1\"]"};
    if (!request->resource_name().contains('/'))
      return {grpc::StatusCode::UNKNOWN, "the ResourceName \"" + request->resource_name() + "\" is invalid"};
    const auto error = owner_.follow(folder_ / request->endpoint(), request->resource_name());
    return error.empty() ? grpc::Status::OK : grpc::Status{grpc::StatusCode::UNKNOWN, error};
  }

 private:
  KubeletStandin& owner_;
  std::filesystem::path folder_;
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
  ~Lister() override { server_->Shutdown(Clock::now() + 100ms); }

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
  grpc::Status GetAllocatableResources(grpc::ServerContext*, const v1::AllocatableResourcesRequest*,
                                       v1::AllocatableResourcesResponse* response) override {
    if (!owner_.rules_.allocatable) return {grpc::StatusCode::UNIMPLEMENTED, "unknown method GetAllocatableResources"};
    const std::lock_guard lock{owner_.mutex_};
    for (const auto& [resource, ids] : owner_.allocatable_)
      for (const auto& id : ids) {
        if (owner_.not_counted_[resource].contains(id)) continue;
        auto* devices = response->add_devices();
        devices->set_resource_name(resource);
        devices->add_device_ids(id);
      }
    return grpc::Status::OK;
  }

 private:
  KubeletStandin& owner_;
  std::unique_ptr<grpc::Server> server_;
};

KubeletStandin::KubeletStandin(std::filesystem::path root, bool legacy, std::function<void(const Json&)> event,
                               KubeletRules rules)
    : root_{std::move(root)}, rules_{rules}, event_{std::move(event)} {
  const auto sockets = root_ / "device-plugins";
  std::filesystem::create_directories(sockets);
  for (const auto& entry : std::filesystem::directory_iterator{sockets})
    if (entry.is_socket()) std::filesystem::remove(entry.path());
  if (!legacy) std::filesystem::create_directories(root_ / "plugins_registry");
  lister_ = std::make_unique<Lister>(*this);
  register_ = std::make_unique<Registrar>(*this);
  if (legacy) {
    report({{"event", "listening"}});
    return;
  }
  watcher_ = std::make_unique<PluginWatcher>(
      root_ / "plugins_registry", rules_.retries,
      PluginWatcher::Calls{[this](const auto& socket, const auto& resource) { return follow(socket, resource); },
                           [this](const auto& socket) { lost(socket); },
                           [this](const auto& socket, const auto& error) {
                             report({{"event", "error"}, {"socket", socket.filename()}, {"text", error}});
                           },
                           [this] { report({{"event", "listening"}}); }});
}

KubeletStandin::~KubeletStandin() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    stop_.notify_all();
  }
  watcher_.reset();
  register_.reset();
  lister_.reset();
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock{mutex_};
    for (auto& [resource, plugin] : plugins_) plugin->stream_context.TryCancel();
    for (const auto& plugin : older_)
      if (const auto left = plugin.lock()) left->stream_context.TryCancel();
    threads.swap(threads_);
  }
  for (auto& thread : threads) thread.join();
}

void KubeletStandin::report(const Json& event) {
  const std::lock_guard lock{report_mutex_};
  event_(event);
}

void KubeletStandin::lost(const std::filesystem::path& socket) {
  {
    const std::lock_guard lock{mutex_};
    if (const auto registered = registered_.extract(socket); !registered.empty()) {
      const auto plugin = plugins_.find(registered.mapped());
      const bool meant = plugin != plugins_.end() && (rules_.forgets_by_name || plugin->second->socket == socket);
      if (meant) plugin->second->stream_context.TryCancel();
    }
  }
  report({{"event", "socket-removed"}, {"socket", socket.filename()}});
}

void KubeletStandin::refuse(unsigned times, const std::string& text) {
  const std::lock_guard lock{mutex_};
  refusals_ = times;
  refusal_ = text;
}

void KubeletStandin::hang(unsigned times) {
  const std::lock_guard lock{mutex_};
  hangs_ = times;
}

bool KubeletStandin::hangs() {
  std::unique_lock lock{mutex_};
  if (hangs_ == 0) return false;
  --hangs_;
  stop_.wait(lock, [this] { return stopping_; });
  return true;
}

std::string KubeletStandin::refusal() {
  const std::lock_guard lock{mutex_};
  if (refusals_ == 0) return "";
  --refusals_;
  return refusal_;
}

std::string KubeletStandin::follow(const std::filesystem::path& socket, const std::string& resource) {
  if (auto no = refusal(); !no.empty()) return no;
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
  if (const auto before = plugins_.find(resource); before != plugins_.end()) {
    older_.push_back(before->second);
    if (!rules_.forgets_by_name) before->second->stream_context.TryCancel();
  }
  plugins_[resource] = plugin;
  registered_[socket] = resource;
  threads_.emplace_back([this, plugin] { read(plugin); });
  return "";
}

void KubeletStandin::read(const std::shared_ptr<Plugin>& plugin) {
  v1beta1::ListAndWatchResponse list;
  while (plugin->stream->Read(&list)) {
    std::set<std::string> healthy;
    auto first = Json::array();
    for (const auto& device : list.devices()) {
      if (device.health() == "Healthy") healthy.insert(device.id());
      if (first.size() < 16) first.push_back(device.id());
    }
    const auto count = healthy.size();
    {
      const std::lock_guard lock{mutex_};
      if (plugins_[plugin->resource] == plugin) allocatable_[plugin->resource] = std::move(healthy);
    }
    const bool topology = list.devices_size() > 0 && list.devices(0).has_topology();
    report({{"event", "devices"},
            {"resource", plugin->resource},
            {"socket", plugin->socket.filename()},
            {"capacity", list.devices_size()},
            {"healthy", count},
            {"ids", std::move(first)},
            {"numa", topology ? Json(list.devices(0).topology().nodes(0).id()) : Json()}});
  }
  ended(plugin, static_cast<int>(plugin->stream->Finish().error_code()));
}

void KubeletStandin::ended(const std::shared_ptr<Plugin>& plugin, int code) {
  bool newest = false;
  {
    const std::lock_guard lock{mutex_};
    const auto& current = plugins_.at(plugin->resource);
    newest = current == plugin;
    if (!newest && rules_.forgets_by_name) current->stream_context.TryCancel();
    if (newest) allocatable_.erase(plugin->resource);
  }
  report({{"event", "stream-ended"},
          {"resource", plugin->resource},
          {"socket", plugin->socket.filename()},
          {"newest", newest},
          {"code", code}});
}

bool KubeletStandin::knows(const std::string& resource) {
  const std::lock_guard lock{mutex_};
  return plugins_.contains(resource);
}

std::set<std::string> KubeletStandin::allocatable(const std::string& resource) {
  const std::lock_guard lock{mutex_};
  return allocatable_[resource];
}

void KubeletStandin::lose_count_of(const std::string& resource, const std::string& id) {
  const std::lock_guard lock{mutex_};
  not_counted_[resource].insert(id);
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
