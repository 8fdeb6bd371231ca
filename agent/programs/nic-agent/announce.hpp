// Says in the journal what changed between two snapshots: one line per event. Also the one line of STATUS=.
// Thread: the loop's. Pure but for the log itself.
#pragma once

#include "model/snapshot.hpp"

#include <string>

namespace nic::daemon {

void announce(const model::Snapshot& before, const model::Snapshot& after);

// "ready: 2 PFs as configured, 3 resources" or "error: configuration: ..."
[[nodiscard]] std::string status_line(const model::Snapshot& snapshot);

}  // namespace nic::daemon
