// What the bus may ask for, handed to the parts that do it. Thread: the loop's.
#pragma once

#include "apply/reconciler.hpp"
#include "dbus/requests.hpp"
#include "model/snapshot.hpp"
#include "nic-agent/configuration.hpp"

namespace nic::daemon {

// All three outlive the requests.
[[nodiscard]] dbus::Requests make_requests(apply::Reconciler& reconciler, Configuration& configuration,
                                           const model::SnapshotCell& cell);

}  // namespace nic::daemon
