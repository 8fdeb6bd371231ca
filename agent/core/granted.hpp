// What a container is to get with a device of a pool: which of its nodes are looked up. Pure.
// As sriov-network-device-plugin does it: the driver says whether there are nodes of VFIO or user-space I/O; RDMA,
// vhost-net and vDPA come where the selectors that took the device ask for them.
#pragma once

#include "model/config.hpp"
#include "model/device_node.hpp"
#include "model/snapshot.hpp"

#include <string>
#include <vector>

namespace nic::core {

// Those that took the device.
[[nodiscard]] const model::Selectors& selectors_of(const model::Resource& resource, const model::PoolDevice& device);

// Of an exclusive resource's device.
[[nodiscard]] model::NodeRequest wanted_nodes(const model::Snapshot& snapshot, const model::Resource& resource,
                                              const model::PoolDevice& device);
// Of a function that is shared: all of its RDMA devices.
[[nodiscard]] model::NodeRequest shared_nodes(const model::Snapshot& snapshot, const model::Resource& resource,
                                              const model::PciAddress& function);

}  // namespace nic::core
