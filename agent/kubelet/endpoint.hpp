// The device-plugin endpoint: one server per resource of the configuration, registered with the kubelet by whichever
// way it has, and again whenever it was restarted. Thread: the loop's. Ways: sockets in <root>/plugins_registry are
// found by the kubelet itself; where that folder is absent, Register is called on <root>/device-plugins/kubelet.sock.
// Folders and sockets are followed by inotify; at rest no timer is armed.
#pragma once

#include "kubelet/context.hpp"
#include "kubelet/register_call.hpp"
#include "kubelet/server.hpp"
#include "loop/loop.hpp"

#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace nic::kubelet {

class Endpoint {
 public:
  Endpoint(sd_event* event, Context context);
  ~Endpoint();  // ends every server and removes its socket: blocks for at most about half a second
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  void configure(const model::KubeletSettings& settings);
  // Resources come, change and go with the snapshot's pools; a stream is disturbed only when its own pool changed.
  void publish(const std::shared_ptr<const model::Snapshot>& snapshot);

 private:
  enum class Way : std::uint8_t { none, plugin_watcher, register_call };
  struct Entry {
    model::Pool pool;
    DeviceList list;
    std::shared_ptr<ResourceServer> server;
    model::EndpointStatus status;
    bool wanted{true};
    bool closing{false};
    unsigned failures{0};
    std::unique_ptr<loop::Timer> supervisor;
    std::unique_ptr<RegisterCall> registering;
  };

  [[nodiscard]] Way detect() const;
  [[nodiscard]] std::string folder() const;
  void refresh_later();
  void refresh();
  void watch();
  void seen(const std::string& directory, const std::string& name);
  void open(const std::string& resource);
  void close(const std::string& resource);
  void closed(const std::string& resource, std::list<std::thread>::iterator closer);
  void reopen(const std::string& resource);
  void register_with_kubelet(const std::string& resource);
  void registered(const std::string& resource, const RegisterResult& result);
  void supervise(Entry& entry);
  void set_status(const std::string& resource, model::KubeletState state, std::optional<model::Error> error);
  [[nodiscard]] ResourceServer::Events events_of(const std::string& resource);

  sd_event* event_;
  Context context_;
  model::KubeletSettings settings_;
  Way way_{Way::none};
  std::map<std::string, Entry> entries_;
  std::vector<std::unique_ptr<loop::DirectoryWatch>> watches_;
  std::list<std::thread> closers_;
  bool refreshing_{false};
  std::shared_ptr<Endpoint*> self_{std::make_shared<Endpoint*>(this)};  // posted work asks whether we are still there
};

// File name of a resource's socket: "nic-agent_example.com_rdma.sock", shortened by a hash where the path would be too
// long for sun_path (107 bytes).
[[nodiscard]] std::string socket_name(const std::string& resource, const std::string& folder);

}  // namespace nic::kubelet
