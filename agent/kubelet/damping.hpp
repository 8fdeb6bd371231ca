// When a list of devices that has changed is sent to the kubelet, which writes its checkpoint anew for every one: a
// single change at once, a storm in few messages. Pure: the caller tells the time and has the timer.
// The rule: a change after a calm time goes out at once. Those that follow are sent when nothing has changed for a
// moment, or when the last message is long enough ago; the more messages a burst has had, the longer both are. So the
// end of any burst is told within 0.7 s, and a storm of 20 s has five messages at most.
#pragma once

#include <chrono>

namespace nic::kubelet {

class Damping {
 public:
  using Clock = std::chrono::steady_clock;

  // The list has changed: how long until it is to be sent, from now, whatever was answered before.
  [[nodiscard]] std::chrono::milliseconds changed(Clock::time_point now);
  void sent(Clock::time_point now);

 private:
  Clock::time_point last_sent_{}, last_change_{};
  unsigned burst_{0};  // messages since the last calm time
};

}  // namespace nic::kubelet
