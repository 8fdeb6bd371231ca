// What the kubelet is told of devices over time: a link that flaps is not told at every turn, and a device that
// somebody has does not just vanish. Pure: state in, state out, the time is handed in. Rules: a fault is told at once.
// A device that worked before is healthy again when it has been right for as long as Damping::settle, twice as long for
// each time that it failed again before it was forgotten. A device that somebody has and that is gone, or is not ready
// any more, stays in the list as unhealthy for its resource's keep_lost_seconds; one that nobody has leaves at once.
#pragma once

#include "model/snapshot.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nic::core {

using HealthClock = std::chrono::steady_clock;

struct Damping {
  std::chrono::milliseconds settle{2'000};    // right for this long is right again
  std::chrono::milliseconds most{60'000};     // however often it failed
  std::chrono::milliseconds forget{600'000};  // failures further apart than this have nothing to do with each other
};

// What is remembered of one device between two looks; of a shared resource as a whole, under the id "".
struct RememberedHealth {
  model::PoolDevice last;  // as it was listed, without damping
  std::string fault;       // why it is told as unhealthy; "" while it is not
  bool worked{false};      // it was right at least once
  unsigned failures{0};
  std::optional<HealthClock::time_point> failed, right_since, gone_since;

  bool operator==(const RememberedHealth&) const = default;
};

using DeviceHealth = std::map<std::pair<std::string, std::string>, RememberedHealth>;  // by resource and id

struct FollowedHealth {
  std::vector<model::Pool> pools;  // as they are told
  DeviceHealth health;
  std::optional<HealthClock::time_point> next;  // when time alone changes something
};

[[nodiscard]] FollowedHealth follow_health(const DeviceHealth& before, std::vector<model::Pool> now,
                                           const model::Inventory& inventory, HealthClock::time_point time,
                                           const Damping& damping = {});

}  // namespace nic::core
