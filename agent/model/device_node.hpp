// A device node that a container gets. Made by host/ at the moment of asking, handed out by kubelet/.
// Thread: any (values).
#pragma once

#include "model/pci_address.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace nic::model {

enum class NodeKind : std::uint8_t { vfio_container, vfio_group, uverbs, umad, issm, ucm, rdma_cm };

struct DeviceNode {
  NodeKind kind{NodeKind::uverbs};
  std::string host_path;
  std::string container_path;
  std::string rdma_device;  // name of the RDMA device it belongs to; "" for vfio and rdma_cm

  bool operator==(const DeviceNode&) const = default;
};

// Whose nodes are asked for. RDMA names come from the snapshot; the nodes are looked up when they are needed.
struct NodeRequest {
  PciAddress function;
  bool vfio{false};                       // the function is bound to vfio-pci
  std::vector<std::string> rdma_devices;  // may be empty

  bool operator==(const NodeRequest&) const = default;
};

}  // namespace nic::model
