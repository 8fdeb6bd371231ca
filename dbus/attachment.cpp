#include "dbus/attachment.hpp"

#include <sys/epoll.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <utility>

namespace nic::dbus {
namespace {

// So many messages in one turn of the loop: a flood of calls must not starve kernel events.
constexpr int kMessagesPerTurn = 32;

void must(int result, const char* what) noexcept {
  if (result >= 0) return;
  std::fprintf(stderr, "<2>%s: %s\n", what, std::strerror(-result));
  std::abort();
}

}  // namespace

Attachment::Attachment(sd_event* event, sdbus::IConnection& bus, std::function<void(const model::Error&)> lost)
    : bus_{bus}, lost_{std::move(lost)} {
  sd_event_source* source{};
  must(sd_event_add_io(
           event, &source, compat::poll(bus_).fd, EPOLLIN,
           [](sd_event_source*, int, std::uint32_t, void* self) noexcept {
             return static_cast<Attachment*>(self)->drain();
           },
           this),
       "sd_event_add_io");
  io_.reset(source);
  must(sd_event_add_time(
           event, &source, CLOCK_MONOTONIC, 0, 1000,
           [](sd_event_source*, std::uint64_t, void* self) noexcept { return static_cast<Attachment*>(self)->drain(); },
           this),
       "sd_event_add_time");
  time_.reset(source);
  must(sd_event_source_set_enabled(time_.get(), SD_EVENT_OFF), "sd_event_source_set_enabled");
  must(sd_event_source_set_prepare(
           io_.get(), [](sd_event_source*, void* self) noexcept { return static_cast<Attachment*>(self)->prepare(); }),
       "sd_event_source_set_prepare");
}

// Before every wait: what the connection waits for may have changed with each message and each call.
int Attachment::prepare() noexcept {
  if (broken_) return 0;
  try {
    const auto poll = compat::poll(bus_);
    must(sd_event_source_set_io_events(io_.get(), static_cast<std::uint32_t>(poll.events)),
         "sd_event_source_set_io_events");
    if (poll.deadline_usec)
      must(sd_event_source_set_time(time_.get(), *poll.deadline_usec), "sd_event_source_set_time");
    must(sd_event_source_set_enabled(time_.get(), poll.deadline_usec ? SD_EVENT_ONESHOT : SD_EVENT_OFF),
         "sd_event_source_set_enabled");
  } catch (const std::exception& error) {
    fail(error.what());
  }
  return 0;
}

int Attachment::drain() noexcept {
  if (broken_) return 0;
  try {
    for (int count = 0; count < kMessagesPerTurn && compat::process(bus_); ++count) {
    }
  } catch (const std::exception& error) {
    fail(error.what());
  }
  return 0;
}

void Attachment::fail(const char* why) noexcept {
  broken_ = true;
  must(sd_event_source_set_enabled(io_.get(), SD_EVENT_OFF), "sd_event_source_set_enabled");
  must(sd_event_source_set_enabled(time_.get(), SD_EVENT_OFF), "sd_event_source_set_enabled");
  if (lost_) lost_(model::Error{model::Code::internal, 0, "talk to the message bus", "", why});
}

}  // namespace nic::dbus
