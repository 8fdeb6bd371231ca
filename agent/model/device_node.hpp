// A device node that a container gets. Made by host/ at the moment of asking, handed out by kubelet/.
// Thread: any (values).
#pragma once

#include "model/inventory.hpp"
#include "model/pci_address.hpp"
#include "model/vdpa.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nic::model {

enum class NodeKind : std::uint8_t {
  vfio_container,
  vfio_group,
  uio,
  uverbs,
  umad,
  issm,
  ucm,
  rdma_cm,
  vhost_net,
  tun,
  vhost_vdpa,
};

struct DeviceNode {
  NodeKind kind{NodeKind::uverbs};
  std::string host_path;
  std::string container_path;
  std::string rdma_device;  // name of the RDMA device it belongs to; "" for what belongs to none

  bool operator==(const DeviceNode&) const = default;
};

// Whose nodes are asked for, and which. Names come from the snapshot; the nodes are looked up when they are needed.
struct NodeRequest {
  PciAddress function;
  std::string auxiliary{};  // the device, where it is an auxiliary one of the function: "mlx5_core.sf.4"
  bool vfio{false};         // the function is bound to vfio-pci
  bool uio{false};          // or to a driver of user-space I/O
  bool rdma{false};
  std::vector<std::string> rdma_devices{};  // as they were called; soft-RoCE is not found without its name
  std::set<RdmaNode> required_nodes{RdmaNode::uverbs, RdmaNode::rdma_cm};
  bool vhost_net{false};
  std::optional<VdpaType> vdpa{};

  bool operator==(const NodeRequest&) const = default;
  [[nodiscard]] bool empty() const { return !vfio && !uio && !rdma && !vhost_net && !vdpa; }
};

}  // namespace nic::model
