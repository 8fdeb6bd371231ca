#include "kubelet/offer.hpp"

#include "kubelet/allocate.hpp"

#include <utility>

namespace nic::kubelet {

using model::Error;
using model::KubeletState;

Offer::Offer(const Shared& shared, std::string resource)
    : shared_{shared},
      resource_{std::move(resource)},
      supervisor_{shared.event, [this] { again(); }},
      sending_{shared.event, [this] { send(); }} {}

Offer::~Offer() {
  if (auto leaving = leave()) shared_.errands.run([leaving = std::move(leaving)](Calls&) { leaving(); }, [] {});
}

std::function<void()> Offer::leave() {
  *self_ = nullptr;
  supervisor_.disarm();
  sending_.disarm();
  close();
  if (!server_ && !call_) return {};
  return [server = std::exchange(server_, nullptr), call = std::shared_ptr<RegisterCall>{std::move(call_)}]() mutable {
    call.reset();
    if (server) server->shut_down();
    server.reset();
  };
}

ResourceServer::Events Offer::events() {
  const auto mine = [self = self_](auto call) {
    return [self, call](auto&&... arguments) {
      if (*self != nullptr) call(**self, std::forward<decltype(arguments)>(arguments)...);
    };
  };
  return {
      mine([](Offer& offer, unsigned count) { offer.streams_are(count); }), mine([](Offer& offer) {
        // The plugin watcher is at it. It may give up without a word.
        if (offer.streams_ == 0) offer.wait(offer.pace_.asked());
      }),
      mine([](Offer& offer, bool registered, const std::string& error) { offer.told_by_watcher(registered, error); }),
      mine([](Offer& offer) { offer.shared_.given(offer.resource_); }),
      // It has another list than we: it is told ours again.
      mine([](Offer& offer) { offer.send_again(); })};
}

void Offer::offer(const model::Pool& pool, DeviceList list) {
  // The kubelet asks for the options once, when a resource is registered.
  const bool other_calls =
      options_of(pool_.resource).SerializeAsString() != options_of(pool.resource).SerializeAsString();
  pool_ = pool;
  unsent_.reset();
  newest_ = std::move(list);
  if (!server_) {
    open();
  } else if (other_calls) {
    close();
    open();
  } else if (*newest_ != *sent_) {
    sending_.arm(damping_.changed(Damping::Clock::now()));
  } else {
    newest_ = sent_;
    sending_.disarm();  // it is as it was
  }
  update();
}

void Offer::send() {
  if (!server_ || newest_ == sent_) return;
  sent_ = newest_;
  damping_.sent(Damping::Clock::now());
  server_->publish(sent_);
}

void Offer::send_again() {
  sent_ = std::make_shared<const std::string>(*newest_);  // another object: streams compare those
  newest_ = sent_;
  if (server_) server_->publish(sent_);
}

void Offer::refuse(Error why) {
  unsent_ = std::move(why);
  update();
}

void Offer::meet(const Meeting& meeting) {
  if (meeting_ == meeting) return open();
  close();
  drop_call();
  meeting_ = meeting;
  pace_.anew();
  failure_.reset();
  open();
  update();
}

bool Offer::serve() {
  if (server_) return true;
  sent_ = newest_;
  auto server = ResourceServer::serve(shared_.context, resource_, sent_, events());
  if (!server) {
    failure_ = server.error();
    wait(pace_.asked());
    return false;
  }
  server_ = std::move(*server);
  damping_.sent(Damping::Clock::now());
  return true;
}

void Offer::open() {
  if (door_ || !newest_ || meeting_.way == Way::none || status_.standing_by) return;
  supervisor_.disarm();
  if (!serve()) return update();
  auto door = Door::open(meeting_.folder + '/' + socket_name(resource_, meeting_.folder));
  if (!door) {
    failure_ = door.error();
    wait(pace_.asked());
    return update();
  }
  door_ = std::move(*door);
  shared_.doorman.attend(*door_, server_->grpc());
  registered_ = false;
  if (meeting_.way == Way::register_call)
    call();
  else if (kubelet_listens())
    wait(pace_.asked());
  update();
}

void Offer::close() {
  if (!door_) return;
  shared_.doorman.leave(*door_);
  door_.reset();
}

void Offer::look_for_socket() {
  if (!door_ || door_->is_there()) return;
  close();
  open();
}

// It removed the sockets in device-plugins when it started, and knows of none; those in plugins_registry it looks for.
void Offer::kubelet_started() {
  pace_.anew();
  if (meeting_.way == Way::none || status_.standing_by) return;
  if (door_ && !door_->is_there()) close();
  if (!door_) return open();
  if (meeting_.way == Way::register_call)
    call();
  else if (streams_ == 0)
    wait(pace_.asked());
}

void Offer::call() {
  drop_call();
  if (!identity_of(meeting_.kubelet_socket)) return;  // its appearance is an event
  const auto& path = door_->path();
  call_ = std::make_unique<RegisterCall>(meeting_.kubelet_socket, resource_, path.substr(path.rfind('/') + 1),
                                         options_of(pool_.resource), shared_.context.post,
                                         [self = self_, number = ++calls_](const auto& result) {
                                           // A call that was dropped may still answer.
                                           if (*self != nullptr && (*self)->calls_ == number) (*self)->called(result);
                                         });
}

// Letting go of a call under way may take gRPC a tenth of a second.
void Offer::drop_call() {
  ++calls_;
  if (!call_) return;
  shared_.errands.run([call = std::shared_ptr<RegisterCall>{std::move(call_)}](Calls&) mutable { call.reset(); },
                      [] {});
}

void Offer::called(const RegisterResult& result) {
  call_.reset();
  if (result) {
    registered_ = true;
    failure_.reset();
    if (streams_ == 0) wait(pace_.asked());
  } else if (result.error().code == model::Code::not_found) {
    if (const auto delay = pace_.unheard()) wait(*delay);
  } else {
    failure_ = result.error();
    wait(pace_.asked());
  }
  update();
}

void Offer::told_by_watcher(bool registered, const std::string& error) {
  registered_ = registered;
  if (registered)
    failure_.reset();
  else
    failure_ = Error{model::Code::denied, 0, "register with the kubelet", resource_, error.substr(0, 512)};
  if (streams_ == 0) wait(pace_.asked());
  update();
}

void Offer::streams_are(unsigned count) {
  const bool had = std::exchange(streams_, count) > 0;
  const auto now = Pace::Clock::now();
  if (count > 0 && !had) {
    pace_.streams(now);
    supervisor_.disarm();
    failure_.reset();
  }
  if (count == 0 && had) {
    registered_ = false;
    wait(pace_.lost(now));
  }
  update();
  shared_.streams_changed();
}

// The kubelet does not follow the resource: the socket is made anew, or it is called again.
void Offer::again() {
  if (streams_ > 0 || meeting_.way == Way::none || status_.standing_by) return;
  pace_.failed();
  if (!door_) return open();
  if (!kubelet_listens()) {
    // A socket is there a moment before anybody listens on it.
    const auto delay = pace_.unheard();
    if (delay && identity_of(meeting_.kubelet_socket)) wait(*delay);
    return;
  }
  if (meeting_.way == Way::plugin_watcher || !door_->is_there()) {
    close();
    return open();
  }
  call();
}

void Offer::rival(const std::string& socket, bool stand_by) {
  status_.rival = socket;
  const bool stands_by = stand_by && !socket.empty();
  const bool stood_by = std::exchange(status_.standing_by, stands_by);
  if (stands_by && !stood_by) {
    supervisor_.disarm();
    drop_call();
    // Removed, an older kubelet would forget the resource, and the rival with it.
    if (door_) door_->hide();
  }
  if (stood_by && !stands_by) {
    close();
    pace_.anew();
    open();
  }
  update();
}

void Offer::told(std::vector<model::Holder> holders, std::optional<Error> disagreement) {
  status_.holders = std::move(holders);
  status_.disagreement = std::move(disagreement);
  shared_.changed();
}

void Offer::update() {
  status_.socket = door_ && !status_.standing_by ? door_->path() : "";
  status_.last_error = unsent_ ? unsent_ : failure_;
  status_.state = streams_ > 0                    ? KubeletState::streaming
                  : !door_ || status_.standing_by ? KubeletState::down
                  : registered_                   ? KubeletState::registered
                                                  : KubeletState::serving;
  shared_.changed();
}

}  // namespace nic::kubelet
