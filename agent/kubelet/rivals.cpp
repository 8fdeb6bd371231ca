#include "kubelet/rivals.hpp"

#include "kubelet/channel.hpp"
#include "pluginregistration.grpc.pb.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

namespace nic::kubelet {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kPatience{1000};  // the kubelet's own
constexpr std::size_t kMostSockets = 512;

std::vector<std::string> sockets_in(const std::vector<std::string>& folders) {
  std::vector<std::string> sockets;
  for (const auto& folder : folders) {
    std::error_code failure;
    // As the plugin watcher does, which also looks into the folders below.
    for (fs::recursive_directory_iterator at{folder, failure}, end; at != end && sockets.size() < kMostSockets;
         at.increment(failure)) {
      const auto name = at->path().filename().string();
      if (name.starts_with('.') || name == "kubelet.sock" || !at->is_socket(failure)) continue;
      sockets.push_back(at->path().string());
    }
  }
  return sockets;
}

// k8s-rdma-shared-dev-plugin: name.sock; sriov-network-device-plugin: prefix_name.sock.
std::string resource_by_file(const std::string& socket, const std::set<std::string>& resources) {
  const auto file = fs::path{socket}.filename().string();
  for (const auto& resource : resources) {
    const auto slash = resource.find('/');
    if (slash == std::string::npos) continue;
    const auto name = resource.substr(slash + 1) + ".sock";
    if (file == name || file == resource.substr(0, slash) + '_' + name) return resource;
  }
  return "";
}

struct Answer {
  bool somebody{false};  // listens
  std::optional<std::string> resource;
};

Answer ask_for_resource(Calls& calls, const std::string& socket) {
  const auto stub = pluginregistration::Registration::NewStub(channel_to(socket));
  pluginregistration::PluginInfo info;
  const auto status =
      calls.within(kPatience, [&](grpc::ClientContext& context) { return stub->GetInfo(&context, {}, &info); });
  if (status.ok()) return {true, info.type() == "DevicePlugin" ? info.name() : ""};
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE || status.error_code() == grpc::StatusCode::CANCELLED)
    return {};
  return {true, std::nullopt};
}

}  // namespace

Rivals::Rivals(sd_event* event, loop::Mailbox::Post post, Errands& errands, std::function<Search()> search,
               std::function<void()> changed)
    : event_{event},
      post_{std::move(post)},
      errands_{errands},
      search_{std::move(search)},
      changed_{std::move(changed)} {}

Rivals::~Rivals() { *self_ = nullptr; }

void Rivals::look() {
  if (looking_) {
    look_again_ = true;
    return;
  }
  looking_ = true;
  auto search = search_();
  auto plugins = std::make_shared<Plugins>();
  errands_.run([search, known = known_, plugins](Calls& calls) { *plugins = ask(calls, search, known); },
               [self = self_, search, plugins] {
                 if (*self != nullptr) (*self)->found(std::move(*plugins), search);
               });
}

// A socket is asked once: which resource it has stays the same as long as it is the same socket.
Rivals::Plugins Rivals::ask(Calls& calls, const Search& search, const Plugins& known) {
  Plugins plugins;
  for (const auto& socket : sockets_in(search.folders)) {
    if (search.own.contains(socket)) continue;
    const auto identity = identity_of(socket);
    if (!identity) continue;
    if (const auto before = known.find(socket); before != known.end() && before->second.identity == *identity)
      plugins[socket] = before->second;
    else if (const auto answer = ask_for_resource(calls, socket); answer.somebody)
      plugins[socket] = {*identity, answer.resource};
  }
  return plugins;
}

void Rivals::found(Plugins plugins, const Search& search) {
  looking_ = false;
  known_ = std::move(plugins);
  std::map<std::string, std::string> rivals;
  for (const auto& [socket, plugin] : known_) {
    const auto resource = plugin.resource ? *plugin.resource : resource_by_file(socket, search.resources);
    if (search.resources.contains(resource)) rivals.emplace(resource, socket);
  }
  std::erase_if(guards_, [&](const auto& entry) {
    return std::ranges::none_of(rivals, [&](const auto& rival) { return rival.second == entry.first; });
  });
  bool first = false;
  if (search.folders == search_().folders) first = std::exchange(looked_for_, search.resources) != looked_for_;
  const bool changed = std::exchange(rivals_, std::move(rivals)) != rivals_;
  const auto now = rivals_;
  for (const auto& [resource, socket] : now) guard(socket);
  if (std::exchange(look_again_, false)) look();
  if (first || changed) changed_();
}

// A killed plugin leaves its socket behind, but not its end of a connection.
void Rivals::guard(const std::string& socket) {
  if (guards_.contains(socket)) return;
  auto connection = connect_to(socket);
  if (!connection) {
    if (connection.error() == ECONNREFUSED || connection.error() == ENOENT) hung_up(socket);
    return;
  }
  auto& kept = guards_[socket];
  kept.connection = std::move(*connection);
  kept.io = std::make_unique<loop::Io>(event_, kept.connection.get(), EPOLLRDHUP, [this, socket](std::uint32_t) {
    // Not from inside its own event.
    post_([self = self_, socket] {
      if (*self != nullptr && (*self)->guards_.contains(socket)) (*self)->hung_up(socket);
    });
  });
}

void Rivals::hung_up(const std::string& socket) {
  guards_.erase(socket);
  known_.erase(socket);
  look();
}

std::string Rivals::of(const std::string& resource) const {
  const auto found = rivals_.find(resource);
  return found == rivals_.end() ? "" : found->second;
}

}  // namespace nic::kubelet
