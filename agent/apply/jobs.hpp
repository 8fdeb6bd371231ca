// The table of jobs: what was asked for or begun, how far it is, what came of it. Thread: the loop's.
// A job ends when every lane of it (a PF, the modules, a scan) has ended; the first failure is the job's error.
#pragma once

#include "model/snapshot.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nic::apply {

// CLOCK_REALTIME, in which jobs say when they began.
[[nodiscard]] std::uint64_t realtime_usec();

class Jobs {
 public:
  using Finished = std::function<void(const model::Job&)>;
  explicit Jobs(Finished finished) : finished_{std::move(finished)} {}

  // `now_usec` is CLOCK_REALTIME. A job without lanes is done as soon as `settle` is called.
  std::uint32_t begin(std::string kind, std::uint32_t caller_uid, std::uint64_t now_usec);
  void add_lane(std::uint32_t id, const std::string& lane, unsigned steps, std::optional<model::PciAddress> device);
  void step_started(std::uint32_t id, const std::string& text);
  void lane_ended(std::uint32_t id, const std::string& lane, std::optional<model::Error> error);
  void cancel(std::uint32_t id);
  // Ends the job if no lane is left.
  void settle(std::uint32_t id);

  [[nodiscard]] bool known(std::uint32_t id) const { return open_.contains(id); }
  [[nodiscard]] std::set<std::string> lanes(std::uint32_t id) const;
  [[nodiscard]] std::vector<model::Job> list() const;

 private:
  struct Open {
    model::Job job;
    std::set<std::string> lanes;
    bool canceled{false};
  };
  std::uint32_t last_{0};
  std::map<std::uint32_t, Open> open_;
  Finished finished_;
};

}  // namespace nic::apply
