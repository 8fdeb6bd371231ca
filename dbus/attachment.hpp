// Ties a D-Bus connection to the sd-event loop, for both versions of sdbus-c++ alike.
// Thread: the loop's. Errors: when the bus goes away the sources are switched off and `lost` is called once, from the
// loop; it may not destroy the Attachment. Source: sd_bus_get_fd(3), sd_bus_get_timeout(3),
// sd_event_source_set_prepare(3).
#pragma once

#include "dbus/compat.hpp"
#include "loop/loop.hpp"
#include "model/error.hpp"

#include <functional>

namespace nic::dbus {

class Attachment {
 public:
  Attachment(sd_event* event, sdbus::IConnection& bus, std::function<void(const model::Error&)> lost);
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

 private:
  int prepare() noexcept;
  int drain() noexcept;
  void fail(const char* why) noexcept;

  sdbus::IConnection& bus_;
  std::function<void(const model::Error&)> lost_;
  bool broken_{false};
  loop::SourcePtr io_, time_;
};

}  // namespace nic::dbus
