#include "loop/loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace nic::loop {
namespace {

// Adding a source fails only for want of memory or descriptors, or on a bug: nothing can be done but to be restarted.
void must(int result, const char* what) noexcept {
  if (result >= 0) return;
  std::fprintf(stderr, "<2>%s: %s\n", what, std::strerror(-result));
  std::abort();
}

std::uint64_t microseconds(std::chrono::microseconds duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
}

}  // namespace

EventPtr default_event() {
  sd_event* event{};
  must(sd_event_default(&event), "sd_event_default");
  return EventPtr{event};
}

EventPtr new_event() {
  sd_event* event{};
  must(sd_event_new(&event), "sd_event_new");
  return EventPtr{event};
}

Io::Io(sd_event* event, int fd, std::uint32_t events, std::function<void(std::uint32_t)> ready)
    : ready_{std::move(ready)} {
  sd_event_source* source{};
  must(sd_event_add_io(
           event, &source, fd, events,
           [](sd_event_source*, int, std::uint32_t revents, void* self) noexcept {
             static_cast<Io*>(self)->ready_(revents);
             return 0;
           },
           this),
       "sd_event_add_io");
  source_.reset(source);
}

Timer::Timer(sd_event* event, std::function<void()> fire) : fire_{std::move(fire)} {
  sd_event_source* source{};
  must(sd_event_add_time(
           event, &source, CLOCK_BOOTTIME, 0, 1000,
           [](sd_event_source*, std::uint64_t, void* self) noexcept {
             static_cast<Timer*>(self)->fire_();
             return 0;
           },
           this),
       "sd_event_add_time");
  source_.reset(source);
  must(sd_event_source_set_enabled(source, SD_EVENT_OFF), "sd_event_source_set_enabled");
}

void Timer::arm(std::chrono::microseconds delay) {
  must(sd_event_source_set_time_relative(source_.get(), microseconds(delay)), "sd_event_source_set_time_relative");
  must(sd_event_source_set_enabled(source_.get(), SD_EVENT_ONESHOT), "sd_event_source_set_enabled");
}

void Timer::disarm() { must(sd_event_source_set_enabled(source_.get(), SD_EVENT_OFF), "sd_event_source_set_enabled"); }

bool Timer::armed() const { return sd_event_source_get_enabled(source_.get(), nullptr) > 0; }

Debounce::Debounce(sd_event* event, std::chrono::microseconds quiet, std::chrono::microseconds most,
                   std::function<void()> fire)
    : quiet_{quiet}, most_{most}, fire_{std::move(fire)}, timer_{event, [this] {
                                                                   pending_ = false;
                                                                   fire_();
                                                                 }} {}

void Debounce::touch() {
  const auto now = std::chrono::steady_clock::now();
  if (!pending_) first_ = now;
  pending_ = true;
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(first_ + most_ - now);
  timer_.arm(std::min(quiet_, left));
}

struct Mailbox::Post::State {
  State() : fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} { must(fd < 0 ? -errno : 0, "eventfd"); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { ::close(fd); }

  int fd;
  std::mutex mutex;
  std::vector<std::function<void()>> waiting;
  bool open{true};
};

void Mailbox::Post::operator()(std::function<void()> work) const {
  const std::lock_guard lock{state_->mutex};
  if (!state_->open) return;
  state_->waiting.push_back(std::move(work));
  // An eventfd write can only fail when the counter is full, and then the loop is awake already.
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(state_->fd, &one, sizeof one);
}

Mailbox::Mailbox(sd_event* event) {
  post_.state_ = std::make_shared<Post::State>();
  io_ = std::make_unique<Io>(event, post_.state_->fd, EPOLLIN, [this](std::uint32_t) { drain(); });
}

Mailbox::~Mailbox() {
  const std::lock_guard lock{post_.state_->mutex};
  post_.state_->open = false;
}

void Mailbox::post(std::function<void()> work) { post_(std::move(work)); }

void Mailbox::drain() {
  std::uint64_t count{};
  [[maybe_unused]] const auto got = ::read(post_.state_->fd, &count, sizeof count);
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock{post_.state_->mutex};
    work.swap(post_.state_->waiting);
  }
  for (const auto& item : work) item();
}

Signal::Signal(sd_event* event, int signal, std::function<void()> received) : received_{std::move(received)} {
  sd_event_source* source{};
  must(sd_event_add_signal(
           event, &source, signal,
           [](sd_event_source*, const struct signalfd_siginfo*, void* self) noexcept {
             static_cast<Signal*>(self)->received_();
             return 0;
           },
           this),
       "sd_event_add_signal");
  source_.reset(source);
}

DirectoryWatch::DirectoryWatch(sd_event* event, const char* directory, std::uint32_t mask,
                               std::function<void(const char*, std::uint32_t)> changed)
    : changed_{std::move(changed)} {
  sd_event_source* source{};
  const int result = sd_event_add_inotify(
      event, &source, directory, mask | IN_ONLYDIR,
      [](sd_event_source*, const struct inotify_event* seen, void* self) noexcept {
        static_cast<DirectoryWatch*>(self)->changed_(seen->len > 0 ? seen->name : "", seen->mask);
        return 0;
      },
      this);
  if (result < 0)
    error_ = -result;
  else
    source_.reset(source);
}

}  // namespace nic::loop
