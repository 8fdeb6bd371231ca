// The device-plugin endpoint: where the kubelet is, and the offers, one per resource of the configuration. Thread: the
// loop's. Ways: sockets in <root>/plugins_registry are found by the kubelet itself; where that folder is absent,
// Register is called on <root>/device-plugins/kubelet.sock. Folders and sockets are followed by inotify; at rest no
// timer is armed but the ten minutes of holders.hpp.
#pragma once

#include "kubelet/context.hpp"
#include "kubelet/holders.hpp"
#include "kubelet/offer.hpp"
#include "kubelet/rivals.hpp"
#include "loop/loop.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nic::kubelet {

class Endpoint {
 public:
  Endpoint(sd_event* event, Context context);
  ~Endpoint();  // removes every socket and ends every server: blocks for at most about half a second
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  void configure(const model::KubeletSettings& settings);
  // Resources come, change and go with the snapshot's pools; a stream is disturbed only when its own pool changed.
  void publish(const std::shared_ptr<const model::Snapshot>& snapshot);
  // Somebody wants to know who holds what now.
  void look() { holders_.look(); }

 private:
  [[nodiscard]] std::string folder(const char* name) const { return settings_.root + name; }
  [[nodiscard]] Meeting meeting() const;
  void refresh_later();
  void refresh();
  void watch();
  void seen(const std::string& directory, const std::string& name);
  void seen_socket(const std::string& path, const std::string& name);
  void look_for_kubelet();
  void meet();
  [[nodiscard]] Meeting meeting_for(const std::string& resource) const;
  [[nodiscard]] std::optional<model::Error> lock(const std::string& wanted);
  void offer(const model::Pool& pool);
  [[nodiscard]] DeviceList shared_list(std::string bytes);
  [[nodiscard]] Rivals::Search search() const;
  void rivals_changed();
  [[nodiscard]] Holders::Question question() const;
  void told(const Holders::Answers& answers);
  void given(const std::string& resource);
  void report_later();
  void report();

  sd_event* event_;
  Context context_;
  model::KubeletSettings settings_;
  bool configured_{false}, refreshing_{false}, reporting_{false};
  std::optional<bool> present_;
  std::vector<std::unique_ptr<loop::DirectoryWatch>> watches_;
  Meeting meeting_;
  std::optional<FolderLock> lock_;
  std::optional<model::Error> unlocked_;  // why the folder is not ours
  std::optional<FileIdentity> kubelet_;   // its socket: another one is another kubelet
  Pace pace_;
  loop::Timer lock_again_;
  Doorman doorman_;
  Errands errands_;
  Rivals rivals_;
  Holders holders_;
  Offer::Shared shared_;
  std::map<std::string, std::unique_ptr<Offer>> offers_;
  std::map<std::string, model::EndpointStatus> reported_;
  std::shared_ptr<Endpoint*> self_{std::make_shared<Endpoint*>(this)};  // posted work asks whether we are still there
};

}  // namespace nic::kubelet
