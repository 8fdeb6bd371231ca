// Device information files, by which Multus and CNIs learn what a device plugin has given. Pure. Names and text are
// those of sriov-network-device-plugin, byte for byte; a scalable function gets one too. Source: the Network Plumbing
// Working Group's device-info-spec, version 1.1.0.
#pragma once

#include "model/device_node.hpp"
#include "model/snapshot.hpp"

#include <span>
#include <string>
#include <string_view>

namespace nic::kubelet {

// Below /run: where they are.
inline constexpr std::string_view kDeviceInfoFolder = "k8s.cni.cncf.io/devinfo/dp";

// "example.com-vfs-0000:3b:00.2-device.json"
[[nodiscard]] std::string device_info_name(std::string_view resource, std::string_view device);

// The text for a device that is given with these nodes; "" for accelerators, which have no such file.
[[nodiscard]] std::string device_info(const model::Snapshot& snapshot, const model::Resource& resource,
                                      const model::PoolDevice& device, const model::NodeRequest& wanted,
                                      std::span<const model::DeviceNode> nodes);

}  // namespace nic::kubelet
