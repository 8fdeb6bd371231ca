// When a resource that the kubelet does not follow is registered again. Pure: the caller tells the time and has the
// timer. A kubelet never dials a second time after a broken stream, and one that was answered too late asks again only
// after half a minute or more: whoever waits for it waits long. But one that refuses is not asked again and again.
#pragma once

#include <chrono>
#include <optional>

namespace nic::kubelet {

class Pace {
 public:
  using Clock = std::chrono::steady_clock;
  using Wait = std::chrono::milliseconds;

  // The kubelet follows the resource. What failed before is forgotten when that has lasted.
  void streams(Clock::time_point now);
  // It does not any more: how long until it is registered again.
  [[nodiscard]] Wait lost(Clock::time_point now);
  // It was asked to follow, or has refused to: how long to wait for it, 2 s at first, 64 s at most.
  [[nodiscard]] Wait asked() const { return doubled(kAsked); }
  // Nobody listens on the kubelet's socket, which may have just been made: how long until it is tried again; nullopt
  // when there is no kubelet, whose start is an event.
  [[nodiscard]] std::optional<Wait> unheard() const;
  // One of these times has passed in vain.
  void failed() { ++failures_; }
  // A kubelet has started, or the resource is offered anew: what failed before says nothing about it.
  void anew() { failures_ = 0; }

 private:
  static constexpr Wait kAsked{2000}, kLost{500}, kUnheard{100};
  [[nodiscard]] Wait doubled(Wait first) const;

  Clock::time_point since_;
  unsigned failures_{0};
};

}  // namespace nic::kubelet
