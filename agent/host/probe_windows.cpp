#include "host/probe_windows.hpp"

#include "host/attribute_writer.hpp"

#include <utility>

namespace nic::host {
namespace {

constexpr const char* kAutoprobe = "sriov_drivers_autoprobe";

}  // namespace

std::expected<ProbeWindows::Window, model::Error> ProbeWindows::open(const FunctionFiles& pf) {
  std::shared_ptr<State> state;
  {
    const std::lock_guard lock{mutex_};
    std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
    auto& known = open_[pf.address];
    state = known.lock();
    if (!state) known = state = std::make_shared<State>();
  }
  const std::lock_guard lock{state->mutex};
  if (state->users == 0) {
    const auto probing = pf.text(kAutoprobe);
    if (!probing) return std::unexpected(probing.error());
    state->was_off = *probing == "0";
    if (state->was_off)
      if (auto on = pf.put(kAutoprobe, "1\n"); !on) {
        std::ignore = pf.put(kAutoprobe, "0\n");  // a failed write may have taken effect
        return std::unexpected(std::move(on.error()));
      }
  }
  ++state->users;
  return Window{std::move(state), pf};
}

std::expected<void, model::Error> ProbeWindows::Window::close() {
  const auto state = std::exchange(state_, nullptr);
  if (!state) return {};
  const std::lock_guard lock{state->mutex};
  if (--state->users != 0 || !state->was_off) return {};
  return pf_->put(kAutoprobe, "0\n");
}

}  // namespace nic::host
