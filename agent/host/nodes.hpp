// The device nodes of a device, looked up at the moment they are handed out: names and numbers change when a driver
// is loaded anew. Thread: any; only links and numbers of sysfs are read, no device lock is taken, so it is quick.
// Errors: a node that user space cannot do without is an Error that names it and the module that makes it. Every node's
// device number must be the one in sysfs (checked on the real machine only: a composed tree has plain files). Sources:
// kernel Documentation/infiniband/user_verbs.rst, user_mad.rst, Documentation/driver-api/vfio.rst, uio-howto.rst,
// Documentation/admin-guide/devices.txt.
#pragma once

#include "model/device_node.hpp"
#include "model/error.hpp"
#include "model/roots.hpp"

#include <sys/stat.h>

#include <expected>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nic::host {

using Nodes = std::expected<std::vector<model::DeviceNode>, model::Error>;
using RequiredNodes = std::set<model::RdmaNode>;

inline const RequiredNodes kUsualNodes{model::RdmaNode::uverbs, model::RdmaNode::rdma_cm};

// Everything that the request asks for, in the order of the functions below. Of RDMA devices, those that the function
// or its auxiliary device has now: those of the request that are still there, and those below it in sysfs whatever
// their names are by now. None is an error.
[[nodiscard]] Nodes resolve_nodes(const model::Roots& roots, const model::NodeRequest& request);

// /dev/vfio/vfio and the node of the IOMMU group of a function that is bound to vfio-pci. Without an IOMMU (vfio's
// unsafe mode) the host's node is /dev/vfio/noiommu-<group>; in the container it stands under the plain number.
[[nodiscard]] Nodes vfio_nodes(const model::Roots& roots, const model::PciAddress& function);

// /dev/uioN of a function that is bound to igb_uio or uio_pci_generic: the first, where there are several.
[[nodiscard]] Nodes uio_nodes(const model::Roots& roots, const model::PciAddress& function);

// For these RDMA devices: uverbs, and umad and issm of each port, by port, where ib_umad is loaded; rdma_cm once, last.
// One that is required and not there is an error; uverbs always is.
[[nodiscard]] Nodes rdma_nodes(const model::Roots& roots, std::span<const std::string> rdma_device_names,
                               const RequiredNodes& required = kUsualNodes);

// /dev/vhost-net and /dev/net/tun. They are there before their modules are loaded: opening them loads these.
[[nodiscard]] Nodes vhost_net_nodes(const model::Roots& roots);

// /dev/vhost-vdpa-N of the vDPA device of this type on the function; one of type virtio has none, and must be there all
// the same.
[[nodiscard]] Nodes vdpa_nodes(const model::Roots& roots, const model::PciAddress& function, model::VdpaType type);

// RDMA devices below the function (or below its auxiliary device) in sysfs, then those of `others` (soft-RoCE, which
// has no place there) that still exist and are no scalable function's; each once.
[[nodiscard]] std::expected<std::vector<std::string>, model::Error> rdma_devices_of(
    const model::Roots& roots, const model::PciAddress& function, std::span<const std::string> others = {},
    std::string_view auxiliary = {});

// Is what stands there the character device of this number? `number` is as sysfs `dev` files have it: "231:192".
[[nodiscard]] bool is_device(const struct stat& found, std::string_view number);

}  // namespace nic::host
