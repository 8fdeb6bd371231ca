// Drivers by what they do with a function. Thread: any (constants). Source: drivers/vfio/pci, drivers/uio,
// drivers/pci/pci-stub.c and drivers/xen/xen-pciback of Linux; DPDK's igb_uio.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace nic::model {

// They take a function away from the kernel's network stack; a file of modules spells some with underscores.
inline constexpr std::array<std::string_view, 10> kUserSpaceDrivers{
    "vfio-pci", "mlx5_vfio_pci", "mlx5-vfio-pci", "virtio_vfio_pci", "virtio-vfio-pci",
    "pci-stub", "pci-pf-stub",   "igb_uio",       "uio_pci_generic", "xen-pciback"};

[[nodiscard]] constexpr bool is_user_space_driver(std::string_view driver) {
  return std::ranges::find(kUserSpaceDrivers, driver) != kUserSpaceDrivers.end();
}

}  // namespace nic::model
