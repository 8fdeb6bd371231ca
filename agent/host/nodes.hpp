// The device nodes of a function, looked up at the moment of asking: their numbers change when a driver is loaded anew.
// Thread: any; quick (a few sysfs files). A required node that is missing is an error that names it and the module that
// makes it. Source: /sys/class/infiniband_{verbs,mad}, Documentation/driver-api/vfio.rst.
#pragma once

#include "model/device_node.hpp"
#include "model/error.hpp"
#include "model/roots.hpp"

#include <expected>
#include <vector>

namespace nic::host {

// Bound to vfio-pci: /dev/vfio/vfio and the group's node. Else the character devices of the RDMA devices named, of all
// their ports, and rdma_cm once; uverbs and rdma_cm are required.
[[nodiscard]] std::expected<std::vector<model::DeviceNode>, model::Error> resolve_nodes(
    const model::Roots& roots, const model::NodeRequest& request);

}  // namespace nic::host
