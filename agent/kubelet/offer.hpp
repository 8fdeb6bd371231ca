// The life of one resource with the kubelet: down, serving, registered, streaming. Not streaming means registering
// again, by a pace; no timer is armed while the kubelet follows it, nor while there is no kubelet.
// Thread: the loop's. Source: the kubelet's rules: it never dials a second time after a broken stream; the newest
// registration of a name wins; before Kubernetes 1.35 an older one's end may take the newer one with it.
#pragma once

#include "kubelet/context.hpp"
#include "kubelet/damping.hpp"
#include "kubelet/door.hpp"
#include "kubelet/doorman.hpp"
#include "kubelet/errands.hpp"
#include "kubelet/pace.hpp"
#include "kubelet/register_call.hpp"
#include "kubelet/server.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nic::kubelet {

// How the kubelet hears of a socket: it looks into plugins_registry itself; in device-plugins it has to be called.
enum class Way : std::uint8_t { none, plugin_watcher, register_call };

// Where resources are offered now.
struct Meeting {
  Way way{Way::none};
  std::string folder;          // of the sockets; bound only under its lock
  std::string kubelet_socket;  // where the kubelet takes Register; in both ways it listens there when it is up
  bool operator==(const Meeting&) const = default;
};

class Offer {
 public:
  // What all offers share; it outlives them.
  struct Shared {
    sd_event* event;
    const Context& context;
    Doorman& doorman;
    Errands& errands;
    std::function<void()> changed;                           // a status did
    std::function<void()> streams_changed;                   // a kubelet has come or gone
    std::function<void(const std::string& resource)> given;  // an Allocate succeeded
  };
  Offer(const Shared& shared, std::string resource);
  ~Offer();  // closes its door; its server is shut down by an errand
  Offer(const Offer&) = delete;
  Offer& operator=(const Offer&) = delete;

  void offer(const model::Pool& pool, DeviceList list);
  void refuse(model::Error why);  // the list cannot be sent; the last good one stays
  void meet(const Meeting& meeting);
  void kubelet_started();
  void look_for_socket();  // somebody may have removed it
  // Another plugin's socket for the same resource; "" for none. Standing by, nothing is offered until it goes.
  void rival(const std::string& socket, bool stand_by);
  // As the kubelet's pod resources tell.
  void told(std::vector<model::Holder> holders, std::optional<model::Error> disagreement);
  void send_again();  // to all streams, changed or not

  [[nodiscard]] const model::EndpointStatus& status() const { return status_; }
  [[nodiscard]] const model::Pool& pool() const { return pool_; }
  [[nodiscard]] const DeviceList& list() const { return sent_; }
  [[nodiscard]] bool streams() const { return streams_ > 0; }

  // The server, to be shut down on another thread than the loop's; nothing is offered after that.
  [[nodiscard]] std::function<void()> leave();

 private:
  [[nodiscard]] ResourceServer::Events events();
  void streams_are(unsigned count);
  void told_by_watcher(bool registered, const std::string& error);
  void called(const RegisterResult& result);
  void send();
  [[nodiscard]] bool serve();
  void open();
  void close();
  void call();
  void drop_call();
  void again();
  void wait(Pace::Wait delay) { supervisor_.arm(delay); }
  [[nodiscard]] bool kubelet_listens() const { return connect_to(meeting_.kubelet_socket).has_value(); }
  void update();

  const Shared& shared_;
  std::string resource_;
  model::Pool pool_;
  DeviceList newest_, sent_;
  Meeting meeting_;
  std::shared_ptr<ResourceServer> server_;
  std::unique_ptr<Door> door_;
  std::unique_ptr<RegisterCall> call_;
  model::EndpointStatus status_;
  std::optional<model::Error> unsent_, failure_;
  unsigned streams_{0}, calls_{0};
  bool registered_{false};
  Pace pace_;
  Damping damping_;
  loop::Timer supervisor_, sending_;
  std::shared_ptr<Offer*> self_{std::make_shared<Offer*>(this)};  // posted work asks whether we are still there
};

}  // namespace nic::kubelet
