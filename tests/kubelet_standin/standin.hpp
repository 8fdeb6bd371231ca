// A stand-in for the kubelet that keeps its rules: it finds sockets in plugins_registry by inotify, asks GetInfo within
// one second, never dials again after a broken stream, and the newest registration of a name wins. With `legacy` there
// is no plugins_registry: it removes the plugins' sockets at its start and serves Register on kubelet.sock, calling
// back inside Register. Thread: its own threads; events come on any of them, one at a time.
#pragma once

#include "deviceplugin.grpc.pb.h"

#include <atomic>
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

class KubeletStandin {
 public:
  using Json = nlohmann::json;
  KubeletStandin(std::filesystem::path root, bool legacy, std::function<void(const Json&)> event);
  ~KubeletStandin();
  KubeletStandin(const KubeletStandin&) = delete;
  KubeletStandin& operator=(const KubeletStandin&) = delete;

  // {"event":"allocated",...} or {"event":"error","code":n,"text":...}; also reported as an event.
  Json allocate(const std::string& resource, const std::vector<std::string>& ids);
  // Breaks the stream of a resource from the kubelet's side; the socket stays, and it is not dialled again.
  void hang_up(const std::string& resource);
  // The pod that an id was given to is over: pod resources no longer name it.
  void release(const std::string& resource, const std::string& id);

 private:
  struct Plugin;  // one registration: a connection and the thread that reads its stream
  class Legacy;   // the Register service
  class Lister;   // the pod resources
  void watch();
  void found(const std::string& name);
  void lost(const std::string& name);
  // Connects, follows the stream; gives an error text, empty when the plugin is registered.
  std::string follow(const std::filesystem::path& socket, const std::string& resource, bool notify);
  void read(const std::shared_ptr<Plugin>& plugin);
  void report(const Json& event);

  std::filesystem::path root_;
  bool legacy_;
  std::function<void(const Json&)> event_;
  std::mutex report_mutex_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Plugin>> plugins_;  // by resource: the newest
  std::map<std::string, std::set<std::string>> given_;      // resource -> device ids
  std::vector<std::thread> threads_;
  std::map<std::string, std::string> seen_;  // socket -> its identity; the watcher's own
  std::atomic<bool> stopping_{false};
  int inotify_{-1}, stop_{-1};
  std::thread watcher_;
  std::unique_ptr<Legacy> register_;
  std::unique_ptr<Lister> lister_;
};

}  // namespace nic::test
