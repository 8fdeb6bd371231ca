// The kubelet's plugin watcher: sockets that come to plugins_registry are asked who they are within one second, and
// again with a growing pause when that fails; their removal is told; a renamed one is neither. Thread: its own.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <thread>

namespace nic::test {

class PluginWatcher {
 public:
  struct Calls {
    // A plugin that said its name: why it is refused, "" when it is taken.
    std::function<std::string(const std::filesystem::path& socket, const std::string& resource)> found;
    std::function<void(const std::filesystem::path& socket)> lost;
    std::function<void(const std::filesystem::path& socket, const std::string& error)> failed;
    std::function<void()> watching;
  };
  // Without `retries` a plugin that failed once is never asked again, as it seems to one that cannot wait long.
  PluginWatcher(std::filesystem::path folder, bool retries, Calls calls);
  ~PluginWatcher();
  PluginWatcher(const PluginWatcher&) = delete;
  PluginWatcher& operator=(const PluginWatcher&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  struct Retry {
    Clock::time_point when;
    std::chrono::milliseconds pause;
  };
  void watch();
  void found(const std::string& name);
  void ask(const std::string& name);
  void ask_again();
  [[nodiscard]] int timeout() const;

  std::filesystem::path folder_;
  bool retries_;
  Calls calls_;
  std::map<std::string, std::string> seen_;  // socket -> its identity
  std::map<std::string, Retry> retry_;
  int inotify_, stop_;
  std::thread thread_;
};

}  // namespace nic::test
