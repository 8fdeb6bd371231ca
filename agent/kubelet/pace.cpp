#include "kubelet/pace.hpp"

#include <algorithm>

namespace nic::kubelet {
namespace {

constexpr std::chrono::milliseconds kMost{64'000};
constexpr unsigned kMostDoublings = 10;
constexpr unsigned kMostUnheard = 6;  // 6.3 s in all
// A stream that ends before is one of two plugins' that take the resource from each other, or of a kubelet that dies.
constexpr std::chrono::seconds kLasting{10};

}  // namespace

void Pace::streams(Clock::time_point now) { since_ = now; }

Pace::Wait Pace::lost(Clock::time_point now) {
  if (now - since_ >= kLasting) failures_ = 0;
  return doubled(kLost);
}

std::optional<Pace::Wait> Pace::unheard() const {
  if (failures_ >= kMostUnheard) return std::nullopt;
  return doubled(kUnheard);
}

Pace::Wait Pace::doubled(Wait first) const {
  return std::min(first * (1U << std::min(failures_, kMostDoublings)), kMost);
}

}  // namespace nic::kubelet
