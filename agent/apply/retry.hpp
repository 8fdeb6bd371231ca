// When a plan that failed is tried again: at once if it became another plan, else after a delay that doubles, or never
// where trying again cannot help.
// Pure (time is an argument). Thread: any.
#pragma once

#include "model/plan.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace nic::apply {

struct Retry {
  std::chrono::milliseconds first{2000};
  std::chrono::milliseconds most{300'000};
};

template <class Key>
class Backoff {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Backoff(Retry retry) : retry_{retry} {}

  // `for_good`: these steps are not tried again until forget().
  void failed(const Key& key, std::vector<model::Step> steps, Clock::time_point now, bool for_good = false) {
    auto& entry = entries_[key];
    entry.for_good = for_good;
    entry.delay = entry.delay.count() == 0 ? retry_.first : std::min(entry.delay * 2, retry_.most);
    entry.steps = std::move(steps);
    entry.at = now + entry.delay;
  }
  void forget(const Key& key) { entries_.erase(key); }
  void forget_all() { entries_.clear(); }

  // May these steps be tried now?
  [[nodiscard]] bool may(const Key& key, const std::vector<model::Step>& steps, Clock::time_point now) const {
    const auto found = entries_.find(key);
    return found == entries_.end() || found->second.steps != steps ||
           (!found->second.for_good && now >= found->second.at);
  }
  // How long after it failed it is tried again; nullopt: it did not fail, or is not tried again.
  [[nodiscard]] std::optional<std::chrono::milliseconds> delay(const Key& key) const {
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.for_good) return std::nullopt;
    return found->second.delay;
  }
  // Is there something that has failed but once? Its second try tells more.
  [[nodiscard]] bool failed_once() const {
    return std::ranges::any_of(
        entries_, [&](const auto& entry) { return !entry.second.for_good && entry.second.delay == retry_.first; });
  }
  // The next time at which something may be tried again.
  [[nodiscard]] std::optional<Clock::time_point> next(Clock::time_point now) const {
    std::optional<Clock::time_point> earliest;
    for (const auto& [key, entry] : entries_)
      if (!entry.for_good && entry.at > now && (!earliest || entry.at < *earliest)) earliest = entry.at;
    return earliest;
  }

 private:
  struct Entry {
    std::chrono::milliseconds delay{0};
    std::vector<model::Step> steps;
    Clock::time_point at{};
    bool for_good{false};
  };
  Retry retry_;
  std::map<Key, Entry> entries_;
};

}  // namespace nic::apply
