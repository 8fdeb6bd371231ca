// When a PF that was as configured and is not any more is put right: after a while, because a pod that ends leaves a VF
// half cleared up for a moment, or not at all where its policy only observes. Pure (time is an argument). Thread: any.
#pragma once

#include "model/desired.hpp"

#include <chrono>
#include <map>
#include <optional>

namespace nic::apply {

class Drift {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Drift(std::chrono::microseconds patience) : patience_{patience} {}

  enum class Answer : std::uint8_t { begin, wait, leave };

  // PFs that are not asked for any more are forgotten.
  void keep(const std::map<model::PciAddress, model::DesiredPf>& desired) {
    std::erase_if(pfs_, [&](const auto& entry) { return !desired.contains(entry.first); });
  }
  // The PF is as desired.
  void right(const model::DesiredPf& desired) { pfs_[desired.pf] = {desired, std::nullopt}; }
  // There are steps to do. A PF that never was as desired, or of which something else is desired since, is no drift.
  [[nodiscard]] Answer ask(const model::DesiredPf& desired, Clock::time_point now) {
    const auto found = pfs_.find(desired.pf);
    if (found == pfs_.end() || found->second.was != desired) return Answer::begin;
    if (desired.on_drift == model::OnDrift::observe) return Answer::leave;
    auto& since = found->second.since;
    if (!since) since = now;
    return now - *since >= patience_ ? Answer::begin : Answer::wait;
  }
  [[nodiscard]] bool only_observed(const model::DesiredPf& desired) const {
    const auto found = pfs_.find(desired.pf);
    return desired.on_drift == model::OnDrift::observe && found != pfs_.end() && found->second.was == desired;
  }
  // It is being put right: what is left of it after these steps follows at once.
  void begun(const model::PciAddress& pf) { pfs_.erase(pf); }
  // The next time at which something has been wrong for long enough.
  [[nodiscard]] std::optional<Clock::time_point> next() const {
    std::optional<Clock::time_point> earliest;
    for (const auto& [pf, entry] : pfs_)
      if (entry.since && (!earliest || *entry.since + patience_ < *earliest)) earliest = *entry.since + patience_;
    return earliest;
  }

 private:
  struct Entry {
    model::DesiredPf was;  // as desired, when it was so
    std::optional<Clock::time_point> since;
  };
  std::chrono::microseconds patience_;
  std::map<model::PciAddress, Entry> pfs_;
};

}  // namespace nic::apply
