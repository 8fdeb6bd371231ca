// The host's device nodes in the words of the kubelet endpoint. Thread: any; quick.
#pragma once

#include "model/device_node.hpp"
#include "model/error.hpp"
#include "model/roots.hpp"

#include <expected>
#include <vector>

namespace nic::daemon {

[[nodiscard]] std::expected<std::vector<model::DeviceNode>, model::Error> resolve_nodes(
    const model::Roots& roots, const model::NodeRequest& request);

}  // namespace nic::daemon
