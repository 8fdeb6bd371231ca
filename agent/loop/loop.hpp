// The one sd-event loop of the daemon and what hangs on it: signals, timers, file descriptors, and the mailbox that
// other threads post through. Thread: everything here belongs to the thread that runs the loop, but for Mailbox::post.
// Source: sd-event(3), sd_event_add_io(3), sd_event_add_time(3).
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace nic::loop {

struct EventDeleter {
  void operator()(sd_event* event) const noexcept { sd_event_unref(event); }
};
struct SourceDeleter {
  void operator()(sd_event_source* source) const noexcept { sd_event_source_disable_unref(source); }
};
using EventPtr = std::unique_ptr<sd_event, EventDeleter>;
using SourcePtr = std::unique_ptr<sd_event_source, SourceDeleter>;

// The calling thread's default event loop. Ends the process when the kernel has no epoll descriptor left.
[[nodiscard]] EventPtr default_event();
// Another loop, beside the one that the thread has.
[[nodiscard]] EventPtr new_event();

// Calls `ready(revents)` while `fd` has the asked-for events (EPOLLIN ...). Does not own the descriptor.
class Io {
 public:
  Io(sd_event* event, int fd, std::uint32_t events, std::function<void(std::uint32_t)> ready);
  Io(const Io&) = delete;
  Io& operator=(const Io&) = delete;

 private:
  std::function<void(std::uint32_t)> ready_;
  SourcePtr source_;
};

// A one-shot timer on CLOCK_BOOTTIME that can be set again; destroyed, it never fires.
class Timer {
 public:
  Timer(sd_event* event, std::function<void()> fire);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  void arm(std::chrono::microseconds delay);
  void disarm();
  [[nodiscard]] bool armed() const;

 private:
  std::function<void()> fire_;
  SourcePtr source_;
};

// Coalesces a burst: fires `quiet` after the last touch, but at most `most` after the first one.
class Debounce {
 public:
  Debounce(sd_event* event, std::chrono::microseconds quiet, std::chrono::microseconds most,
           std::function<void()> fire);
  void touch();

 private:
  std::chrono::microseconds quiet_, most_;
  std::chrono::steady_clock::time_point first_{};
  bool pending_{false};
  std::function<void()> fire_;
  Timer timer_;
};

// The door into the loop for other threads: posted work runs on the loop's thread, in order.
class Mailbox {
 public:
  explicit Mailbox(sd_event* event);
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  // Any thread. After the destruction of the Mailbox nobody may call it: stop the threads first, or hold a Post.
  void post(std::function<void()> work);

  // A copyable handle that outlives the Mailbox: posting after its end is dropped. For threads that may be left behind.
  class Post {
   public:
    void operator()(std::function<void()> work) const;

   private:
    friend class Mailbox;
    struct State;
    std::shared_ptr<State> state_;
  };
  [[nodiscard]] Post handle() const { return post_; }

 private:
  void drain();
  Post post_;
  std::unique_ptr<Io> io_;
};

// A UNIX signal as an event; the signal must be blocked in every thread before (block_signals).
class Signal {
 public:
  Signal(sd_event* event, int signal, std::function<void()> received);
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

 private:
  std::function<void()> received_;
  SourcePtr source_;
};

// inotify on one directory, through sd_event_add_inotify(3). `changed(name, mask)` is called for every event; an
// overflowed queue comes as ("", IN_Q_OVERFLOW). `opened()` is false when the directory could not be watched (errno in
// `error_number()`).
class DirectoryWatch {
 public:
  DirectoryWatch(sd_event* event, const char* directory, std::uint32_t mask,
                 std::function<void(const char* name, std::uint32_t mask)> changed);
  DirectoryWatch(const DirectoryWatch&) = delete;
  DirectoryWatch& operator=(const DirectoryWatch&) = delete;
  [[nodiscard]] bool opened() const { return error_ == 0; }
  [[nodiscard]] int error_number() const { return error_; }

 private:
  std::function<void(const char*, std::uint32_t)> changed_;
  SourcePtr source_;
  int error_{0};
};

}  // namespace nic::loop
