// A stand-in for the kubelet that keeps its rules: sockets in plugins_registry are found and asked (watcher.hpp); at
// its start it removes what lies in device-plugins and serves Register there, calling back inside Register; at its end
// that socket stays, and nobody listens on it. It never dials again after a broken stream; the newest registration of a
// name wins, and what is removed is forgotten. With `legacy` there is no plugins_registry. It tells by pod resources
// who has what. Thread: its own threads; events come on any of them, one at a time.
#pragma once

#include "deviceplugin.grpc.pb.h"
#include "kubelet_standin/watcher.hpp"

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace nic::test {

struct KubeletRules {
  // As kubelets before Kubernetes 1.35: registrations are known by the resource's name alone. An older one's stream is
  // left to end by itself, and its late end, or its socket's removal, takes the newest with it.
  bool forgets_by_name{false};
  bool retries{true};      // asks again a plugin that failed
  bool allocatable{true};  // GetAllocatableResources is there
};

class KubeletStandin {
 public:
  using Json = nlohmann::json;
  KubeletStandin(std::filesystem::path root, bool legacy, std::function<void(const Json&)> event,
                 KubeletRules rules = {});
  ~KubeletStandin();
  KubeletStandin(const KubeletStandin&) = delete;
  KubeletStandin& operator=(const KubeletStandin&) = delete;

  // {"event":"allocated",...} or {"event":"error","code":n,"text":...}; also reported as an event.
  Json allocate(const std::string& resource, const std::vector<std::string>& ids);
  // Breaks the stream of a resource from the kubelet's side; the socket stays, and it is not dialled again.
  void hang_up(const std::string& resource);
  // The pod that an id was given to is over: pod resources no longer name it.
  void release(const std::string& resource, const std::string& id);
  // The next registrations are refused with this text, or (`hang`) Register does not answer at all.
  void refuse(unsigned times, const std::string& text);
  void hang(unsigned times);
  [[nodiscard]] bool knows(const std::string& resource);  // a plugin has registered it
  // What can be allocated now: the healthy devices of the newest list of a plugin that is connected.
  [[nodiscard]] std::set<std::string> allocatable(const std::string& resource);
  // Pod resources lack this device, as those of a kubelet that missed something.
  void lose_count_of(const std::string& resource, const std::string& id);

 private:
  struct Plugin;    // one registration: a connection and the thread that reads its stream
  class Registrar;  // the Register service
  class Lister;     // the pod resources
  void lost(const std::filesystem::path& socket);
  // Connects, follows the stream; gives an error text, empty when the plugin is registered.
  std::string follow(const std::filesystem::path& socket, const std::string& resource);
  [[nodiscard]] std::string refusal();
  [[nodiscard]] bool hangs();
  void read(const std::shared_ptr<Plugin>& plugin);
  void ended(const std::shared_ptr<Plugin>& plugin, int code);
  void report(const Json& event);

  std::filesystem::path root_;
  KubeletRules rules_;
  std::function<void(const Json&)> event_;
  std::mutex report_mutex_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Plugin>> plugins_;    // by resource: the newest
  std::map<std::filesystem::path, std::string> registered_;   // socket -> resource
  std::map<std::string, std::set<std::string>> given_;        // resource -> device ids
  std::map<std::string, std::set<std::string>> allocatable_;  // the same
  std::map<std::string, std::set<std::string>> not_counted_;  // the same
  std::vector<std::weak_ptr<Plugin>> older_;                  // whose streams may go on
  std::vector<std::thread> threads_;
  unsigned refusals_{0}, hangs_{0};
  std::string refusal_;
  bool stopping_{false};
  std::condition_variable stop_;
  std::unique_ptr<PluginWatcher> watcher_;
  std::unique_ptr<Registrar> register_;
  std::unique_ptr<Lister> lister_;
};

}  // namespace nic::test
