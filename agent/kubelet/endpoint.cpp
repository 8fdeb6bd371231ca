#include "kubelet/endpoint.hpp"

#include "kubelet/allocate.hpp"

#include <sys/inotify.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace nic::kubelet {
namespace {

using model::Error;

constexpr auto kRegistry = "/plugins_registry";
constexpr auto kPlugins = "/device-plugins";
constexpr auto kKubelet = "/device-plugins/kubelet.sock";
// The kubelet takes messages of at most 4 MiB and answers a larger one by dropping the resource.
constexpr std::size_t kMostMessage = 4U << 20U;

bool is_folder(const std::filesystem::path& path) {
  std::error_code failure;
  return std::filesystem::is_directory(path, failure);
}

}  // namespace

Endpoint::Endpoint(sd_event* event, Context context)
    : event_{event},
      context_{std::move(context)},
      lock_again_{event, [this] { refresh(); }},
      errands_{context_.post},
      rivals_{event, context_.post, errands_, [this] { return search(); }, [this] { rivals_changed(); }},
      holders_{event, errands_, [this] { return question(); }, [this](const auto& answers) { told(answers); }},
      shared_{event,
              context_,
              doorman_,
              errands_,
              [this] { report_later(); },
              [this] { holders_.look(); },
              [this](const std::string& resource) { given(resource); }} {}

Endpoint::~Endpoint() {
  *self_ = nullptr;
  // All at the same time, and under the lock: none of the sockets can be another agent's meanwhile.
  offers_.clear();
}

Meeting Endpoint::meeting() const {
  Meeting meeting{Way::none, "", folder(kKubelet)};
  if (!settings_.enabled) return meeting;
  if (is_folder(folder(kRegistry)))
    meeting.way = Way::plugin_watcher;
  else if (is_folder(folder(kPlugins)))
    meeting.way = Way::register_call;
  if (meeting.way != Way::none) meeting.folder = folder(meeting.way == Way::plugin_watcher ? kRegistry : kPlugins);
  return meeting;
}

void Endpoint::configure(const model::KubeletSettings& settings) {
  if (std::exchange(configured_, true) && settings == settings_) return;
  if (settings.root != settings_.root) rivals_.elsewhere();
  settings_ = settings;
  if (!settings_.enabled) offers_.clear();
  refresh();
  rivals_changed();
  holders_.look();
  report_later();
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
  const bool present = settings_.enabled && is_folder(settings_.root);
  if (std::exchange(present_, present) != present) context_.present(present);
  look_for_kubelet();  // before: who is met now knows it already
  meet();
  for (auto& [resource, offer] : offers_) offer->look_for_socket();
  rivals_.look();
}

// The folders of both ways, the root, and while there is no root the nearest folder above it that is there.
void Endpoint::watch() {
  watches_.clear();
  if (!settings_.enabled) return;
  std::vector<std::filesystem::path> folders{settings_.root, folder(kRegistry), folder(kPlugins)};
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
  const bool sockets = directory == folder(kRegistry) || directory == folder(kPlugins);
  if (!sockets || name.empty()) return refresh_later();
  seen_socket(directory + '/' + name, name);
}

void Endpoint::seen_socket(const std::string& path, const std::string& name) {
  if (path == folder(kKubelet)) return look_for_kubelet();
  if (path.starts_with(meeting_.folder + "/nic-agent_")) {
    for (auto& [resource, offer] : offers_)
      if (offer->status().socket == path) return offer->look_for_socket();
    if (unlocked_) refresh_later();  // the other agent may be going
    return;
  }
  // The kubelet writes its checkpoint beside the sockets, at every change.
  const auto there = identity_of(path);
  if (!name.starts_with('.') && (rivals_.knows(path) || (there && (there->socket || there->folder)))) rivals_.look();
}

// The number of its inode comes again with the next one; the time of its making does not.
void Endpoint::look_for_kubelet() {
  const auto now = identity_of(folder(kKubelet));
  if (std::exchange(kubelet_, now) == now || !now || meeting_.way == Way::none) return;
  for (auto& [resource, offer] : offers_) offer->kubelet_started();
}

std::optional<Error> Endpoint::lock(const std::string& wanted) {
  if (lock_ && lock_->is_of(wanted)) return std::nullopt;
  for (auto& [resource, offer] : offers_) offer->meet({});  // no socket without its folder's lock
  lock_.reset();
  if (wanted.empty()) return std::nullopt;
  auto taken = FolderLock::take(wanted);
  if (!taken) return taken.error();
  lock_.emplace(std::move(*taken));
  sweep(wanted);
  return std::nullopt;
}

void Endpoint::meet() {
  const auto now = meeting();
  lock_again_.disarm();
  auto hindered = lock(now.folder);
  if (hindered) {
    lock_again_.arm(pace_.asked());
    pace_.failed();
  } else {
    pace_.anew();
  }
  const bool told = std::exchange(unlocked_, std::move(hindered)) == unlocked_;
  meeting_ = now;
  if (!told) report_later();
  for (auto& [resource, offer] : offers_) offer->meet(meeting_for(resource));
}

// Whoever may have to stand by has to know first for whom.
Meeting Endpoint::meeting_for(const std::string& resource) const {
  const bool known = settings_.on_rival == model::OnRival::take_over || rivals_.looked_for(resource);
  return unlocked_ || !known ? Meeting{} : meeting_;
}

void Endpoint::publish(const std::shared_ptr<const model::Snapshot>& snapshot) {
  if (!settings_.enabled) return;
  bool other_set =
      std::erase_if(offers_, [&](const auto& entry) { return snapshot->pool(entry.first) == nullptr; }) > 0;
  for (const auto& pool : snapshot->pools) {
    other_set = other_set || !offers_.contains(pool.resource.name);
    offer(pool);
  }
  if (!other_set) return;
  report_later();
  if (configured_) rivals_.look();
}

void Endpoint::offer(const model::Pool& pool) {
  const auto& name = pool.resource.name;
  auto& offer = offers_[name];
  const bool fresh = !offer;
  if (fresh) offer = std::make_unique<Offer>(shared_, name);
  if (!fresh && offer->pool() == pool) return;
  auto bytes = device_list(pool).SerializeAsString();
  if (bytes.size() > kMostMessage) {
    offer->refuse(model::invalid("offer", name, "the list of devices is larger than the 4 MiB that the kubelet takes"));
    return;
  }
  offer->offer(pool, shared_list(std::move(bytes)));
  if (!fresh) return;
  offer->rival(rivals_.of(name), settings_.on_rival == model::OnRival::stand_by);
  offer->meet(meeting_for(name));
}

// Shared resources of one size have the same list.
DeviceList Endpoint::shared_list(std::string bytes) {
  for (const auto& [resource, offer] : offers_)
    if (offer->list() && *offer->list() == bytes) return offer->list();
  return std::make_shared<const std::string>(std::move(bytes));
}

Rivals::Search Endpoint::search() const {
  Rivals::Search search;
  if (!settings_.enabled) return search;
  search.folders = {folder(kRegistry), folder(kPlugins)};
  for (const auto& [resource, offer] : offers_) {
    search.resources.insert(resource);
    search.own.insert(meeting_.folder + '/' + socket_name(resource, meeting_.folder));
  }
  return search;
}

void Endpoint::rivals_changed() {
  const bool stand_by = settings_.on_rival == model::OnRival::stand_by;
  for (auto& [resource, offer] : offers_) offer->rival(rivals_.of(resource), stand_by);
  for (auto& [resource, offer] : offers_) offer->meet(meeting_for(resource));
}

Holders::Question Endpoint::question() const {
  Holders::Question question;
  if (!settings_.enabled) return question;
  question.root = settings_.root;
  for (const auto& [resource, offer] : offers_)
    if (offer->streams()) question.lists[resource] = offer->list();
  return question;
}

void Endpoint::told(const Holders::Answers& answers) {
  for (auto& [resource, offer] : offers_) {
    const auto answer = answers.find(resource);
    if (answer == answers.end()) {
      offer->told({}, std::nullopt);
      continue;
    }
    offer->told(answer->second.holders, answer->second.disagreement);
    if (answer->second.send_again) offer->send_again();
  }
}

void Endpoint::given(const std::string& resource) {
  if (const auto offer = offers_.find(resource); offer != offers_.end())
    context_.handed_out(offer->second->pool().functions);
  holders_.given();
}

// What changes together is reported together, and never from inside of what changes it.
void Endpoint::report_later() {
  if (std::exchange(reporting_, true)) return;
  context_.post([self = self_] {
    if (*self != nullptr) (*self)->report();
  });
}

void Endpoint::report() {
  reporting_ = false;
  std::map<std::string, model::EndpointStatus> now;
  for (const auto& [resource, offer] : offers_) {
    auto& status = now[resource] = offer->status();
    if (unlocked_) status.last_error = unlocked_;
  }
  for (const auto& [resource, status] : reported_) now.try_emplace(resource);  // gone: it is down
  for (const auto& [resource, status] : now)
    if (const auto before = reported_.find(resource); before == reported_.end() || before->second != status)
      context_.report(resource, status);
  std::erase_if(now, [&](const auto& entry) { return !offers_.contains(entry.first); });
  reported_ = std::move(now);
}

}  // namespace nic::kubelet
