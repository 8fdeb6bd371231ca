// The agent's log: one line per event, to the journal with fields, or to stderr with <N> prefixes where stderr is not
// the journal. Thread: any. Source: sd_journal_sendv(3), sd-daemon(3).
#pragma once

#include "model/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nic::loop {

// What happened. Every event has a message id, a priority and a catalogue text (units/nic-agent.catalog is made from
// the table in log.cpp by `nic-agent --print-catalog`).
enum class Event {
  started,
  stopping,
  configuration_loaded,
  configuration_rejected,
  function_added,
  function_removed,
  step_done,
  step_failed,
  step_abandoned,
  plan_refused,
  module_loaded,
  module_failed,
  resource_changed,
  kubelet_registered,
  kubelet_lost,
  rival_found,
  rival_gone,
  state_set_aside,
  note,
  problem,
};

using Fields = std::vector<std::pair<std::string_view, std::string>>;

// Log `text` with NIC_* fields.
void log(Event event, const Fields& fields, std::string_view text);
// Log a failure: ERRNO= and the error's one line are added.
void log(Event event, Fields fields, const model::Error& error);

// The journal catalogue (journald's format) of all events.
[[nodiscard]] std::string catalog();

}  // namespace nic::loop
