#include "core/device_health.hpp"

#include "core/pools.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace nic::core {
namespace {

using model::Pool;
using model::PoolDevice;
using Time = HealthClock::time_point;

std::chrono::milliseconds settling(unsigned failures, const Damping& damping) {
  if (failures == 0) return {};  // it never worked before
  auto time = damping.settle;
  for (unsigned i = 1; i < failures && time < damping.most; ++i) time *= 2;
  return std::min(time, damping.most);
}

class Follower {
 public:
  Follower(const DeviceHealth& before, const model::Inventory& inventory, Time time, const Damping& damping)
      : before_{before}, inventory_{inventory}, time_{time}, damping_{damping} {}

  [[nodiscard]] FollowedHealth all(std::vector<Pool> pools) {
    std::set<std::string> listed;  // a device that went from one resource to another is not lost
    for (const auto& pool : pools)
      for (const auto& device : pool.devices) listed.insert(device.id);
    for (auto& pool : pools) {
      if (pool.resource.kind == model::ResourceKind::shared) {
        shared(pool);
        continue;
      }
      for (auto& device : pool.devices) follow(pool.resource.name, device);
      keep_lost(pool, listed);
      std::ranges::sort(pool.devices, listed_before);
      pool.capacity = static_cast<unsigned>(pool.devices.size());
      pool.healthy = static_cast<unsigned>(std::ranges::count_if(pool.devices, &PoolDevice::healthy));
    }
    return {std::move(pools), std::move(after_), next_};
  }

 private:
  using Key = DeviceHealth::key_type;

  [[nodiscard]] RememberedHealth remembered(const Key& key) const {
    const auto found = before_.find(key);
    return found == before_.end() ? RememberedHealth{} : found->second;
  }

  void wake(Time time) { next_ = next_ ? std::min(*next_, time) : time; }

  void fail(RememberedHealth& known, const std::string& why) {
    // What is told already and was not right since is the same failure; one that comes up broken has not failed yet.
    if (known.worked && (known.fault.empty() || known.right_since)) {
      const bool again = known.failed && time_ - *known.failed < damping_.forget;
      known.failures = again ? known.failures + 1 : 1;
      known.failed = time_;
    }
    known.right_since.reset();
    known.fault = why;
  }

  // What is told of a device that is as `device` says at this moment.
  void follow(const std::string& resource, PoolDevice& device) {
    const Key key{resource, device.id};
    auto known = remembered(key);
    known.last = device;
    known.worked |= device.healthy;
    known.gone_since.reset();
    if (!device.healthy) {
      fail(known, device.unhealthy);
    } else if (!known.fault.empty()) {
      if (!known.right_since) known.right_since = time_;
      const auto right_at = *known.right_since + settling(known.failures, damping_);
      if (time_ >= right_at) {
        known.fault.clear();
        known.right_since.reset();
      } else {
        wake(right_at);
        device.healthy = false;
        device.unhealthy = fmt::format("{}: right again, and not yet for long enough", known.fault);
      }
    }
    after_.insert_or_assign(key, std::move(known));
  }

  void shared(Pool& pool) {
    if (pool.capacity == 0) return;
    PoolDevice whole;
    whole.healthy = pool.healthy > 0;
    whole.unhealthy = pool.unhealthy;
    follow(pool.resource.name, whole);
    pool.healthy = whole.healthy ? pool.capacity : 0;
    pool.unhealthy = whole.unhealthy;
  }

  [[nodiscard]] std::string why_not_listed(const PoolDevice& device) const {
    const auto* function = inventory_.function(device.function);
    if (device.auxiliary.empty()) {
      if (function == nullptr) return "it is not there any more";
      return function->driver ? "it is no longer what the resource selects" : "no driver";
    }
    const auto place = inventory_.auxiliary(device.auxiliary);
    if (!place) return "it is not there any more";
    return place->device->driver ? "it is no longer what the resource selects" : "no driver";
  }

  void keep_lost(Pool& pool, const std::set<std::string>& listed) {
    const auto& resource = pool.resource;
    for (auto known = before_.lower_bound({resource.name, ""}); known != before_.end(); ++known) {
      const auto& [of, id] = known->first;
      if (of != resource.name) break;
      if (id.empty() || listed.contains(id) || !known->second.last.in_use || resource.keep_lost_seconds == 0) continue;
      auto entry = known->second;
      if (!entry.gone_since) entry.gone_since = time_;
      const auto until = *entry.gone_since + std::chrono::seconds{resource.keep_lost_seconds};
      if (time_ >= until) continue;
      wake(until);
      const auto waits = std::ranges::find(pool.not_ready, id, &model::Difference::what);
      const std::string why = waits == pool.not_ready.end() ? why_not_listed(entry.last) : waits->have;
      fail(entry, why);
      auto device = entry.last;
      device.healthy = false;
      device.unhealthy = why;
      pool.devices.push_back(std::move(device));
      after_.insert_or_assign(known->first, std::move(entry));
    }
  }

  const DeviceHealth& before_;
  const model::Inventory& inventory_;
  Time time_;
  const Damping& damping_;
  DeviceHealth after_;
  std::optional<Time> next_;
};

}  // namespace

FollowedHealth follow_health(const DeviceHealth& before, std::vector<Pool> now, const model::Inventory& inventory,
                             Time time, const Damping& damping) {
  return Follower{before, inventory, time, damping}.all(std::move(now));
}

}  // namespace nic::core
