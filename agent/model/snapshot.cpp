#include "model/snapshot.hpp"

#include <algorithm>
#include <utility>

namespace nic::model {

const Pool* Snapshot::pool(std::string_view resource) const {
  const auto found = std::ranges::find_if(pools, [&](const Pool& pool) { return pool.resource.name == resource; });
  return found == pools.end() ? nullptr : &*found;
}

std::string_view word(FunctionState state) {
  switch (state) {
    case FunctionState::unmanaged: return "unmanaged";
    case FunctionState::ok: return "ok";
    case FunctionState::pending: return "pending";
    case FunctionState::applying: return "applying";
    case FunctionState::failed: return "failed";
    case FunctionState::stuck: return "stuck";
    case FunctionState::drifted: return "drifted";
    case FunctionState::protected_: return "protected";
  }
  std::unreachable();
}

std::string_view word(KubeletState state) {
  switch (state) {
    case KubeletState::down: return "down";
    case KubeletState::serving: return "serving";
    case KubeletState::registered: return "registered";
    case KubeletState::streaming: return "streaming";
  }
  std::unreachable();
}

std::string_view word(ComponentState state) {
  switch (state) {
    case ComponentState::ready: return "ready";
    case ComponentState::not_ready: return "notReady";
    case ComponentState::ignore: return "ignore";
    case ComponentState::error: return "error";
  }
  std::unreachable();
}

std::string_view word(JobState state) {
  switch (state) {
    case JobState::queued: return "queued";
    case JobState::running: return "running";
    case JobState::done: return "done";
    case JobState::failed: return "failed";
    case JobState::canceled: return "canceled";
    case JobState::timed_out: return "timeout";
  }
  std::unreachable();
}

}  // namespace nic::model
