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

// Drivers of RDMA devices, which are never a PCI function's: who writes one of them among drivers means the other.
// Source: drivers/infiniband/hw of Linux.
struct RdmaDriver {
  std::string_view name, pci_driver;
};
inline constexpr std::array kRdmaDrivers{
    RdmaDriver{"mlx5_ib", "mlx5_core"}, RdmaDriver{"mlx4_ib", "mlx4_core"}, RdmaDriver{"irdma", "ice"},
    RdmaDriver{"bnxt_re", "bnxt_en"},   RdmaDriver{"iw_cxgb4", "cxgb4"},    RdmaDriver{"qedr", "qede"},
    RdmaDriver{"hns_roce", "hns3"},     RdmaDriver{"mana_ib", "mana"},      RdmaDriver{"ocrdma", "be2net"}};

// "" where the name is none of these. Dashes and underscores are the same.
[[nodiscard]] constexpr std::string_view pci_driver_of(std::string_view rdma_driver) {
  for (const auto& known : kRdmaDrivers)
    if (std::ranges::equal(known.name, rdma_driver, [](char a, char b) { return a == (b == '-' ? '_' : b); }))
      return known.pci_driver;
  return {};
}

}  // namespace nic::model
