// Whether udev still has events to handle: until it has been through those of the boot, interfaces may not have their
// names yet. Thread: the loop's; nothing blocks. Source: libudev(3), udevadm-settle(8).
#pragma once

#include "model/error.hpp"

#include <systemd/sd-event.h>

#include <expected>
#include <functional>
#include <memory>

namespace nic::host {

class UdevQueue {
 public:
  // `emptied` is called each time when udev has nothing left to do; it must not destroy the queue.
  [[nodiscard]] static std::expected<std::unique_ptr<UdevQueue>, model::Error> watch(sd_event* event,
                                                                                     std::function<void()> emptied);
  ~UdevQueue();
  UdevQueue(const UdevQueue&) = delete;
  UdevQueue& operator=(const UdevQueue&) = delete;

  // Also where there is no udev.
  [[nodiscard]] bool empty() const;

 private:
  struct State;
  explicit UdevQueue(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace nic::host
