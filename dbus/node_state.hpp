// The machine as the status of a SriovNetworkNodeState: Manager.GetNodeState. Pure. Thread: any.
// Source: the CRD SriovNetworkNodeState of sriovnetwork.openshift.io/v1, its field names and units. Empty fields are
// left out, as Kubernetes does.
#pragma once

#include "model/snapshot.hpp"

#include <string>

namespace nic::dbus {

// UTF-8 JSON: interfaces, system, syncStatus, lastSyncError.
[[nodiscard]] std::string node_state(const model::Snapshot& snapshot);

}  // namespace nic::dbus
