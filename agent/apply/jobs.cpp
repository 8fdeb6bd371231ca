#include "apply/jobs.hpp"

#include <chrono>
#include <utility>

namespace nic::apply {

std::uint64_t realtime_usec() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

std::uint32_t Jobs::begin(std::string kind, std::uint32_t caller_uid, std::uint64_t now_usec) {
  Open open;
  open.job.id = ++last_;
  open.job.kind = std::move(kind);
  open.job.state = model::JobState::running;
  open.job.caller_uid = caller_uid;
  open.job.started_usec = now_usec;
  open_.emplace(last_, std::move(open));
  return last_;
}

void Jobs::add_lane(std::uint32_t id, const std::string& lane, unsigned steps,
                    std::optional<model::PciAddress> device) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  found->second.lanes.insert(lane);
  found->second.job.steps += steps;
  if (device) found->second.job.devices.push_back(*device);
}

void Jobs::step_started(std::uint32_t id, const std::string& text) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  ++found->second.job.step;
  found->second.job.text = text;
}

void Jobs::lane_ended(std::uint32_t id, const std::string& lane, std::optional<model::Error> error) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  found->second.lanes.erase(lane);
  if (error && !found->second.job.error) found->second.job.error = std::move(error);
  settle(id);
}

void Jobs::cancel(std::uint32_t id) {
  const auto found = open_.find(id);
  if (found != open_.end()) found->second.canceled = true;
}

void Jobs::settle(std::uint32_t id) {
  const auto found = open_.find(id);
  if (found == open_.end() || !found->second.lanes.empty()) return;
  model::Job job = std::move(found->second.job);
  const bool canceled = found->second.canceled;
  open_.erase(found);
  job.state = model::JobState::done;
  if (canceled) job.state = model::JobState::canceled;
  if (job.error)
    job.state = job.error->code == model::Code::timed_out ? model::JobState::timed_out : model::JobState::failed;
  finished_(job);
}

std::set<std::string> Jobs::lanes(std::uint32_t id) const {
  const auto found = open_.find(id);
  return found == open_.end() ? std::set<std::string>{} : found->second.lanes;
}

std::vector<model::Job> Jobs::list() const {
  std::vector<model::Job> all;
  all.reserve(open_.size());
  for (const auto& [id, open] : open_) all.push_back(open.job);
  return all;
}

}  // namespace nic::apply
