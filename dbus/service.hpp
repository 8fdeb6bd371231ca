// org.nicagent1 on the bus: the door between the daemon and everybody who talks to it.
// Thread: the loop's. connect() and request_name() wait for the message bus, and are for the start; nothing else waits.
#pragma once

#include "dbus/requests.hpp"
#include "model/snapshot.hpp"

#include <systemd/sd-event.h>

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>

namespace nic::dbus {

struct BusOptions {
  std::string address;                                          // empty: the system bus
  std::chrono::microseconds patience{std::chrono::minutes{2}};  // with polkit, and with who types a password there
  // The connection broke, once; called from the loop. The Service is mute from then on and may not be destroyed within
  // the call. Ending the process is a good answer: systemd starts it again.
  std::function<void(const model::Error&)> lost;
};

class Service {
 public:
  // Shows what is in `cell` at once, and again after every request. `cell` outlives the Service.
  [[nodiscard]] static std::expected<std::unique_ptr<Service>, model::Error> connect(sd_event* event,
                                                                                     const model::SnapshotCell& cell,
                                                                                     Requests requests,
                                                                                     BusOptions options);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Owns org.nicagent1 from now on: call it when the first snapshot is there.
  [[nodiscard]] std::expected<void, model::Error> request_name();
  // Emits what changed, compared with what is on the bus already.
  void publish(std::shared_ptr<const model::Snapshot> snapshot);
  // The result of a job that ended, with its state done, failed, canceled or timed_out. Exactly once for each job;
  // before or after the snapshot that no longer has it.
  void job_finished(const model::Job& job);

 private:
  struct Parts;
  explicit Service(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace nic::dbus
