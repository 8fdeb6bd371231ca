// The environment of a container with exclusive devices. Pure. Names and values are those of
// sriov-network-device-plugin, byte for byte, but where it has none on a first Allocate (uio, vDPA) or those of several
// RDMA devices mixed: here they are the first one's.
#pragma once

#include "model/config.hpp"
#include "model/device_node.hpp"
#include "model/snapshot.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nic::kubelet {

// "PCIDEVICE_EXAMPLE_COM_VFS" of "example.com/vfs": upper case, '_' between prefix and name and for every '.'; a '-'
// stays. (The README of upstream has it that '/' becomes '_' too: no resource name has a second one.)
[[nodiscard]] std::string environment_name(std::string_view resource);

// One device as the environment tells of it.
struct ToldDevice {
  std::string id;
  model::NodeRequest wanted;
  std::vector<model::DeviceNode> nodes;
  model::PciAddress function;  // whose additional information it has
};

// PCIDEVICE_<name> and PCIDEVICE_<name>_INFO, the ids in the order of asking.
[[nodiscard]] std::map<std::string, std::string> environment(const model::Resource& resource,
                                                             std::span<const ToldDevice> devices);

}  // namespace nic::kubelet
