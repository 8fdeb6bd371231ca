// Other device plugins that offer resources of ours: k8s-rdma-shared-dev-plugin, sriov-network-device-plugin, or
// another agent. Found by their sockets, which are asked once each for the resource's name (GetInfo, within a second;
// one that does not know GetInfo is told by its file's name, as those two choose it). Their going is an event: the
// socket's removal, or the end of a connection that is kept to each. Thread: the loop's; sockets are asked by an
// errand.
#pragma once

#include "kubelet/door.hpp"
#include "kubelet/errands.hpp"
#include "loop/loop.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nic::kubelet {

class Rivals {
 public:
  struct Search {
    std::vector<std::string> folders;
    std::set<std::string> own;  // paths of our own sockets
    std::set<std::string> resources;
  };
  // `search` says what to look for, each time; `changed` is called when a look found more or fewer, or was the first
  // for a resource.
  Rivals(sd_event* event, loop::Mailbox::Post post, Errands& errands, std::function<Search()> search,
         std::function<void()> changed);
  ~Rivals();
  Rivals(const Rivals&) = delete;
  Rivals& operator=(const Rivals&) = delete;

  void look();
  // A look for this resource has come back, in the folders of now.
  [[nodiscard]] bool looked_for(const std::string& resource) const { return looked_for_.contains(resource); }
  void elsewhere() { looked_for_.clear(); }  // the folders are others
  [[nodiscard]] bool knows(const std::string& path) const { return known_.contains(path); }
  [[nodiscard]] std::string of(const std::string& resource) const;  // a socket; "" where there is none

 private:
  struct Plugin {
    FileIdentity identity;
    std::optional<std::string> resource;  // "" for what is no device plugin; nullopt where it did not tell
  };
  using Plugins = std::map<std::string, Plugin>;  // by socket
  struct Guard {
    Descriptor connection;
    std::unique_ptr<loop::Io> io;
  };
  [[nodiscard]] static Plugins ask(Calls& calls, const Search& search, const Plugins& known);
  void found(Plugins plugins, const Search& search);
  void guard(const std::string& socket);
  void hung_up(const std::string& socket);

  sd_event* event_;
  loop::Mailbox::Post post_;
  Errands& errands_;
  std::function<Search()> search_;
  std::function<void()> changed_;
  Plugins known_;
  std::map<std::string, std::string> rivals_;  // resource: socket
  std::map<std::string, Guard> guards_;        // by socket
  std::set<std::string> looked_for_;
  bool looking_{false}, look_again_{false};
  std::shared_ptr<Rivals*> self_{std::make_shared<Rivals*>(this)};  // posted work asks whether we are still there
};

}  // namespace nic::kubelet
