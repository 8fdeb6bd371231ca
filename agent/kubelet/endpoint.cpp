#include "kubelet/endpoint.hpp"

#include "kubelet/allocate.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

namespace nic::kubelet {
namespace {

using model::Error;
using model::KubeletState;

constexpr std::size_t kMostSocketPath = 107;  // sun_path, unix(7)
constexpr auto kPatience = std::chrono::seconds{2};
constexpr unsigned kMostDoublings = 5;  // 2 s to 64 s
// The kubelet takes messages of at most 4 MiB and answers a larger one by dropping the resource.
constexpr std::size_t kMostMessage = 4U << 20U;

bool is_there(const std::filesystem::path& path) {
  std::error_code failure;
  return std::filesystem::exists(std::filesystem::symlink_status(path, failure));
}

bool is_folder(const std::filesystem::path& path) {
  std::error_code failure;
  return std::filesystem::is_directory(path, failure);
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

}  // namespace

std::string socket_name(const std::string& resource, const std::string& folder) {
  std::string flat = resource;
  std::ranges::replace(flat, '/', '_');
  auto whole = fmt::format("nic-agent_{}.sock", flat);
  if (folder.size() + 1 + whole.size() <= kMostSocketPath) return whole;
  return fmt::format("nic-agent_{:016x}.sock", fnv1a(resource));
}

Endpoint::Endpoint(sd_event* event, Context context) : event_{event}, context_{std::move(context)} {}

Endpoint::~Endpoint() {
  *self_ = nullptr;
  for (auto& [resource, entry] : entries_)
    if (entry.server)
      closers_.emplace_back([call = std::move(entry.registering), server = std::move(entry.server)]() mutable {
        call.reset();
        server->shut_down();
      });
  for (auto& closer : closers_) closer.join();
}

Endpoint::Way Endpoint::detect() const {
  if (!settings_.enabled) return Way::none;
  if (is_folder(settings_.root + "/plugins_registry")) return Way::plugin_watcher;
  if (is_folder(settings_.root + "/device-plugins")) return Way::register_call;
  return Way::none;
}

std::string Endpoint::folder() const {
  return settings_.root + (way_ == Way::plugin_watcher ? "/plugins_registry" : "/device-plugins");
}

void Endpoint::configure(const model::KubeletSettings& settings) {
  if (settings == settings_ && !watches_.empty()) return;
  settings_ = settings;
  way_ = Way::none;
  for (auto& [resource, entry] : entries_) reopen(resource);
  refresh();
}

// Watches are made anew here, so this must not run from inside one of them.
void Endpoint::refresh_later() {
  if (std::exchange(refreshing_, true)) return;
  context_.post([self = self_] {
    if (*self != nullptr) (*self)->refresh();
  });
}

void Endpoint::refresh() {
  refreshing_ = false;
  watch();
  context_.present(settings_.enabled && is_folder(settings_.root));
  const Way way = detect();
  if (way == way_) return;
  way_ = way;
  for (auto& [resource, entry] : entries_) reopen(resource);
}

// The folders of both ways, the root, and while there is no root the nearest folder above it that is there.
void Endpoint::watch() {
  watches_.clear();
  if (!settings_.enabled) return;
  std::vector<std::filesystem::path> folders{settings_.root, settings_.root + "/plugins_registry",
                                             settings_.root + "/device-plugins"};
  for (auto above = std::filesystem::path{settings_.root}; !is_folder(above) && above.has_relative_path();) {
    above = above.parent_path();
    if (is_folder(above)) folders.push_back(above);
  }
  for (const auto& path : folders) {
    auto one = std::make_unique<loop::DirectoryWatch>(
        event_, path.c_str(), IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF,
        [this, directory = path.string()](const char* name, std::uint32_t) { seen(directory, name); });
    if (one->opened()) watches_.push_back(std::move(one));
  }
}

void Endpoint::seen(const std::string& directory, const std::string& name) {
  const bool sockets = directory.ends_with("/plugins_registry") || directory.ends_with("/device-plugins");
  if (!sockets || name.empty()) return refresh_later();
  if (directory != folder()) return;
  if (way_ == Way::register_call && name == "kubelet.sock" && is_there(directory + "/kubelet.sock")) {
    // A kubelet has started: it removed the sockets of plugins and knows of none.
    for (auto& [resource, entry] : entries_) reopen(resource);
    return;
  }
  for (auto& [resource, entry] : entries_) {
    const bool ours = entry.status.socket.ends_with("/" + name);
    if (ours && entry.server && !entry.closing && !is_there(entry.status.socket)) reopen(resource);
  }
}

void Endpoint::publish(const std::shared_ptr<const model::Snapshot>& snapshot) {
  for (auto& [resource, entry] : entries_) entry.wanted = snapshot->pool(resource) != nullptr;
  for (const auto& pool : snapshot->pools) {
    const auto [place, fresh] = entries_.try_emplace(pool.resource.name);
    Entry& entry = place->second;
    entry.wanted = true;
    if (!fresh && entry.pool == pool) continue;
    // The kubelet asks for the options once, when a resource is registered.
    const bool other_calls =
        !fresh && options_of(entry.pool.resource).SerializeAsString() != options_of(pool.resource).SerializeAsString();
    entry.pool = pool;
    auto list = std::make_shared<const v1beta1::ListAndWatchResponse>(device_list(pool));
    if (list->ByteSizeLong() > kMostMessage) {
      set_status(pool.resource.name, entry.status.state,
                 model::invalid("offer", pool.resource.name,
                                "the list of devices is larger than the 4 MiB that the kubelet takes"));
      continue;
    }
    const bool same = entry.list && entry.list->SerializeAsString() == list->SerializeAsString();
    if (!same) entry.list = std::move(list);
    if (fresh) {
      const auto name = pool.resource.name;
      entry.supervisor = std::make_unique<loop::Timer>(event_, [this, name] { reopen(name); });
      open(name);
    } else if (other_calls && entry.server) {
      reopen(pool.resource.name);
    } else if (entry.server && !same) {
      entry.server->publish(entry.list);
    }
  }
  std::vector<std::string> unwanted;
  for (const auto& [resource, entry] : entries_)
    if (!entry.wanted) unwanted.push_back(resource);
  for (const auto& resource : unwanted) close(resource);
}

ResourceServer::Events Endpoint::events_of(const std::string& resource) {
  // The entry may have got another server, or be gone, when an event of the old one arrives.
  const auto entry_of = [self = self_, resource]() -> Entry* {
    if (*self == nullptr) return nullptr;
    const auto found = (*self)->entries_.find(resource);
    return found == (*self)->entries_.end() || found->second.closing || !found->second.server ? nullptr
                                                                                              : &found->second;
  };
  return {
      [this, resource, entry_of](unsigned streams) {
        Entry* entry = entry_of();
        if (entry == nullptr) return;
        if (streams == 0) {
          supervise(*entry);
          return set_status(resource, KubeletState::serving, std::nullopt);
        }
        entry->failures = 0;
        entry->supervisor->disarm();
        set_status(resource, KubeletState::streaming, std::nullopt);
      },
      [this, entry_of] {
        Entry* entry = entry_of();
        if (entry != nullptr && entry->status.state != KubeletState::streaming) supervise(*entry);
      },
      [this, resource, entry_of](bool registered, const std::string& error) {
        Entry* entry = entry_of();
        if (entry == nullptr) return;
        if (!registered) {
          supervise(*entry);
          set_status(resource, KubeletState::serving,
                     Error{model::Code::denied, 0, "register with the kubelet", resource, error.substr(0, 512)});
        } else if (entry->status.state != KubeletState::streaming) {
          set_status(resource, KubeletState::registered, std::nullopt);
        }
      },
      [this, entry_of] {
        if (const Entry* entry = entry_of()) context_.handed_out(entry->pool.functions);
      },
      // It has another list than we: it is told ours again.
      [entry_of] {
        if (const Entry* entry = entry_of()) entry->server->publish(entry->list);
      },
  };
}

// The kubelet never dials a second time after a broken stream: a new socket makes it look again.
void Endpoint::supervise(Entry& entry) {
  entry.supervisor->arm(kPatience * (1U << std::min(entry.failures, kMostDoublings)));
  ++entry.failures;
}

void Endpoint::open(const std::string& resource) {
  Entry& entry = entries_.at(resource);
  if (way_ == Way::none || entry.closing || entry.server) return;
  entry.status.socket = folder() + "/" + socket_name(resource, folder());
  auto server = ResourceServer::serve(context_, resource, entry.status.socket, entry.list, events_of(resource));
  if (!server) {
    supervise(entry);
    return set_status(resource, KubeletState::down, server.error());
  }
  entry.server = std::move(*server);
  set_status(resource, KubeletState::serving, std::nullopt);
  if (way_ == Way::register_call) register_with_kubelet(resource);
}

void Endpoint::register_with_kubelet(const std::string& resource) {
  const std::string kubelet = folder() + "/kubelet.sock";
  if (!is_there(kubelet)) return;  // its appearance is an event
  Entry& entry = entries_.at(resource);
  const auto& socket = entry.status.socket;
  entry.registering =
      std::make_unique<RegisterCall>(kubelet, resource, socket.substr(socket.rfind('/') + 1), context_.post,
                                     [this, resource](const RegisterResult& result) { registered(resource, result); });
}

void Endpoint::registered(const std::string& resource, const RegisterResult& result) {
  Entry& entry = entries_.at(resource);  // its call would have gone with it
  entry.registering.reset();
  if (entry.closing) return;
  if (result) {
    if (entry.status.state == KubeletState::streaming) return;
    supervise(entry);
    return set_status(resource, KubeletState::registered, std::nullopt);
  }
  // Nobody listens: the kubelet is down and its start will be an event. Anything else is tried again.
  if (result.error().code == model::Code::not_found) return;
  supervise(entry);
  set_status(resource, entry.status.state, result.error());
}

void Endpoint::close(const std::string& resource) {
  Entry& entry = entries_.at(resource);
  if (entry.supervisor) entry.supervisor->disarm();
  if (entry.closing) return;
  if (!entry.server) {
    if (!entry.wanted) entries_.erase(resource);
    return;
  }
  entry.closing = true;
  closers_.emplace_back();
  const auto closer = std::prev(closers_.end());
  // A call under way goes there too: gRPC may take a tenth of a second to let go of it.
  *closer = std::thread{[call = std::move(entry.registering), server = std::move(entry.server), post = context_.post,
                         self = self_, resource, closer]() mutable {
    call.reset();
    server->shut_down();
    post([self, resource, closer] {
      if (*self != nullptr) (*self)->closed(resource, closer);
    });
  }};
  entry.server.reset();
}

void Endpoint::closed(const std::string& resource, std::list<std::thread>::iterator closer) {
  closer->join();
  closers_.erase(closer);
  const auto found = entries_.find(resource);
  if (found == entries_.end()) return;
  found->second.closing = false;
  if (!found->second.wanted) {
    entries_.erase(found);
    return;
  }
  set_status(resource, KubeletState::down, found->second.status.last_error);
  open(resource);
}

void Endpoint::reopen(const std::string& resource) {
  if (entries_.at(resource).server)
    close(resource);
  else
    open(resource);
}

void Endpoint::set_status(const std::string& resource, KubeletState state, std::optional<Error> error) {
  auto& entry = entries_.at(resource);
  const model::EndpointStatus next{state, entry.status.socket, std::move(error)};
  if (next == entry.status) return;
  entry.status = next;
  context_.report(resource, next);
}

}  // namespace nic::kubelet
