#include "kubelet_standin/watcher.hpp"

#include "kubelet_standin/dial.hpp"
#include "pluginregistration.grpc.pb.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace nic::test {

using namespace std::chrono_literals;

PluginWatcher::PluginWatcher(std::filesystem::path folder, bool retries, Calls calls)
    : folder_{std::move(folder)},
      retries_{retries},
      calls_{std::move(calls)},
      inotify_{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)},
      stop_{::eventfd(0, EFD_CLOEXEC)} {
  ::inotify_add_watch(inotify_, folder_.c_str(), IN_CREATE | IN_MOVED_TO | IN_DELETE);
  thread_ = std::thread{[this] { watch(); }};
}

PluginWatcher::~PluginWatcher() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
  thread_.join();
  ::close(inotify_);
  ::close(stop_);
}

int PluginWatcher::timeout() const {
  int least = -1;
  for (const auto& [name, retry] : retry_) {
    const auto left = std::max(0ms, std::chrono::ceil<std::chrono::milliseconds>(retry.when - Clock::now()));
    if (least < 0 || left.count() < least) least = static_cast<int>(left.count());
  }
  return least;
}

void PluginWatcher::watch() {
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator{folder_, failure}) found(entry.path().filename());
  calls_.watching();
  alignas(inotify_event) std::array<char, 8192> buffer{};
  for (;;) {
    std::array<pollfd, 2> ready{pollfd{inotify_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), timeout()) < 0) continue;
    if (ready[1].revents != 0) return;
    ask_again();
    const auto size = ::read(inotify_, buffer.data(), buffer.size());
    for (ssize_t at = 0; at < size;) {
      const auto* seen = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      const std::string name = seen->name;
      if ((seen->mask & (IN_CREATE | IN_MOVED_TO)) != 0) found(name);
      if ((seen->mask & IN_DELETE) != 0) {
        retry_.erase(name);
        calls_.lost(folder_ / name);
      }
      at += static_cast<ssize_t>(sizeof(inotify_event) + seen->len);
    }
  }
}

void PluginWatcher::ask_again() {
  std::vector<std::string> due;
  for (const auto& [name, retry] : retry_)
    if (retry.when <= Clock::now()) due.push_back(name);
  for (const auto& name : due) ask(name);
}

void PluginWatcher::found(const std::string& name) {
  struct stat identity_of{};
  if (name.starts_with('.') || ::stat((folder_ / name).c_str(), &identity_of) != 0 || !S_ISSOCK(identity_of.st_mode))
    return;
  // The first look at the folder and its events overlap.
  const auto identity = std::to_string(identity_of.st_ino) + '/' + std::to_string(identity_of.st_ctim.tv_sec) + '.' +
                        std::to_string(identity_of.st_ctim.tv_nsec);
  if (std::exchange(seen_[name], identity) == identity) return;
  retry_.erase(name);
  ask(name);
}

void PluginWatcher::ask(const std::string& name) {
  const auto socket = folder_ / name;
  std::string error = "cannot dial";
  if (const auto channel = dial(socket)) {
    const auto registration = pluginregistration::Registration::NewStub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 1s);
    pluginregistration::PluginInfo info;
    const auto status = registration->GetInfo(&context, {}, &info);
    error = status.ok() ? "" : "GetInfo: " + status.error_message();
    if (status.ok() && info.type() != "DevicePlugin") error = "type " + info.type();
    if (status.ok() && !info.name().contains('/')) error = "the ResourceName \"" + info.name() + "\" is invalid";
    if (error.empty())
      error = calls_.found(info.endpoint().empty() ? socket : std::filesystem::path{info.endpoint()}, info.name());
    grpc::ClientContext told;
    told.set_deadline(std::chrono::system_clock::now() + 5s);
    pluginregistration::RegistrationStatus result;
    result.set_plugin_registered(error.empty());
    result.set_error(error);
    pluginregistration::RegistrationStatusResponse nothing;
    registration->NotifyRegistrationStatus(&told, result, &nothing);
  }
  const auto before = retry_.extract(name);
  if (error.empty()) return;
  calls_.failed(socket, error);
  if (!retries_) return;
  const auto pause = before.empty() ? 500ms : std::min<std::chrono::milliseconds>(before.mapped().pause * 2, 122s);
  retry_[name] = {Clock::now() + pause, pause};
}

}  // namespace nic::test
