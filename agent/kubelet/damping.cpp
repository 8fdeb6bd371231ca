#include "kubelet/damping.hpp"

#include <algorithm>
#include <array>

namespace nic::kubelet {
namespace {

using std::chrono::milliseconds;

struct Step {
  milliseconds quiet;  // nothing has changed for so long
  milliseconds most;   // or the last message is so long ago
};
// By how many messages the burst has had.
constexpr std::array kSteps{
    Step{milliseconds{0}, milliseconds{0}},        Step{milliseconds{300}, milliseconds{1500}},
    Step{milliseconds{600}, milliseconds{6000}},   Step{milliseconds{700}, milliseconds{15'000}},
    Step{milliseconds{700}, milliseconds{60'000}},
};
constexpr milliseconds kCalm{5000};

}  // namespace

milliseconds Damping::changed(Clock::time_point now) {
  if (now - std::max(last_sent_, last_change_) >= kCalm) burst_ = 0;
  last_change_ = now;
  const auto& step = kSteps.at(std::min<std::size_t>(burst_, kSteps.size() - 1));
  const auto left = std::chrono::ceil<milliseconds>(last_sent_ + step.most - now);
  return std::clamp(left, milliseconds{0}, step.quiet);
}

void Damping::sent(Clock::time_point now) {
  last_sent_ = now;
  ++burst_;
}

}  // namespace nic::kubelet
