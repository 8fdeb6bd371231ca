// vDPA devices: a VF that speaks virtio in hardware. Thread: any (values). Source: vdpa(8), linux/vdpa.h, kernel
// Documentation/ABI/testing/sysfs-bus-vdpa.
#pragma once

#include "model/pci_address.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace nic::model {

// Who has the device: the kernel's own virtio drivers (an interface on the host), or user space (/dev/vhost-vdpa-*).
enum class VdpaType : std::uint8_t { virtio, vhost };

inline constexpr std::array kVdpaTypes{VdpaType::virtio, VdpaType::vhost};

[[nodiscard]] std::string_view word(VdpaType type);         // "virtio", "vhost"
[[nodiscard]] std::string_view vdpa_driver(VdpaType type);  // on the bus vdpa: "virtio_vdpa", "vhost_vdpa"

struct VdpaDevice {
  std::string name;    // "vdpa:0000:3b:00.2"
  std::string driver;  // bound on the bus vdpa; "" for none

  bool operator==(const VdpaDevice&) const = default;
};

// How the agent calls the device that it makes on a function, as the sriov-network-operator does.
[[nodiscard]] std::string vdpa_name(const PciAddress& function);

}  // namespace nic::model
