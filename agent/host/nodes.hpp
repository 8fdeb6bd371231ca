// The device nodes of a function, looked up at the moment they are handed out: names and numbers change when a driver
// is loaded anew. Thread: any; only links and numbers of sysfs are read, no device lock is taken, so it is quick.
// Errors: a node that user space cannot do without is an Error that names it and the module that makes it. Sources:
// kernel Documentation/infiniband/user_verbs.rst, user_mad.rst, Documentation/driver-api/vfio.rst.
#pragma once

#include "model/device_node.hpp"
#include "model/error.hpp"
#include "model/roots.hpp"

#include <expected>
#include <span>
#include <string>
#include <vector>

namespace nic::host {

// What a container needs of the function: vfio_nodes, or rdma_nodes of the RDMA devices that it has now (those of the
// request that are still there, and those below it in sysfs whatever their names are by now). None is an error.
[[nodiscard]] std::expected<std::vector<model::DeviceNode>, model::Error> resolve_nodes(
    const model::Roots& roots, const model::NodeRequest& request);

// For these RDMA devices: uverbs, and each port's umad and issm where ib_umad is loaded; rdma_cm once, last. uverbs
// and rdma_cm must be there, and every node's device number must be the one in sysfs (checked on the real machine only:
// a composed tree has plain files).
[[nodiscard]] std::expected<std::vector<model::DeviceNode>, model::Error> rdma_nodes(
    const model::Roots& roots, std::span<const std::string> rdma_device_names);

// /dev/vfio/vfio and the node of the IOMMU group of a function that is bound to vfio-pci. Without an IOMMU (vfio's
// unsafe mode) the host's node is /dev/vfio/noiommu-<group>; in the container it stands under the plain number.
[[nodiscard]] std::expected<std::vector<model::DeviceNode>, model::Error> vfio_nodes(const model::Roots& roots,
                                                                                     const model::PciAddress& function);

// RDMA devices below the function in sysfs, then those of `software` (soft-RoCE, which has no place there) that still
// exist; each once.
[[nodiscard]] std::expected<std::vector<std::string>, model::Error> rdma_devices_of(
    const model::Roots& roots, const model::PciAddress& function, std::span<const std::string> software = {});

}  // namespace nic::host
