// The modules that matter to fast NICs, RDMA and GPUDirect: those that are reported whenever they are loaded, also
// when no configuration asks for them. Names as the kernel spells them.
// Source: rdma-core's kernel-boot/modules/*.conf, the drivers below drivers/infiniband/hw and drivers/net/ethernet of
// Linux, and the documentation of the vendors' out-of-tree packages (mlx_compat, nv_peer_mem, nvidia_peermem, gdrdrv).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace nic::kmod {

enum class Role : std::uint8_t {
  nic,       // drives a network function
  rdma_nic,  // makes an RDMA device of one
  rdma,      // RDMA subsystem and its users
  software,  // soft RDMA devices
  vfio,      // hands functions to user space
  gpu,       // GPUDirect RDMA
  compat,    // only there with an out-of-tree stack
};

struct Known {
  std::string_view name;
  Role role;
};

inline constexpr std::array kCatalogue{
    Known{"bnxt_en", Role::nic},
    Known{"bnxt_re", Role::rdma_nic},
    Known{"efa", Role::rdma_nic},
    Known{"erdma", Role::rdma_nic},
    Known{"gdrdrv", Role::gpu},
    Known{"hfi1", Role::rdma_nic},
    Known{"i40e", Role::nic},
    Known{"iavf", Role::nic},
    Known{"ib_cm", Role::rdma},
    Known{"ib_core", Role::rdma},
    Known{"ib_ipoib", Role::rdma},
    Known{"ib_mthca", Role::rdma_nic},
    Known{"ib_umad", Role::rdma},
    Known{"ib_uverbs", Role::rdma},
    Known{"ice", Role::nic},
    Known{"igb", Role::nic},
    Known{"igbvf", Role::nic},
    Known{"ionic_rdma", Role::rdma_nic},
    Known{"irdma", Role::rdma_nic},
    Known{"iw_cm", Role::rdma},
    Known{"iw_cxgb4", Role::rdma_nic},
    Known{"ixgbe", Role::nic},
    Known{"ixgbevf", Role::nic},
    Known{"mana_ib", Role::rdma_nic},
    Known{"mlx4_core", Role::nic},
    Known{"mlx4_en", Role::nic},
    Known{"mlx4_ib", Role::rdma_nic},
    Known{"mlx5_core", Role::nic},
    Known{"mlx5_ib", Role::rdma_nic},
    Known{"mlx5_vdpa", Role::vfio},
    Known{"mlx5_vfio_pci", Role::vfio},
    Known{"mlx_compat", Role::compat},
    Known{"mlxfw", Role::nic},
    Known{"nv_peer_mem", Role::gpu},
    Known{"nvidia_peermem", Role::gpu},
    Known{"ocrdma", Role::rdma_nic},
    Known{"qedr", Role::rdma_nic},
    Known{"rdma_cm", Role::rdma},
    Known{"rdma_rxe", Role::software},
    Known{"rdma_ucm", Role::rdma},
    Known{"siw", Role::software},
    Known{"usnic_verbs", Role::rdma_nic},
    Known{"vfio", Role::vfio},
    Known{"vfio_iommu_type1", Role::vfio},
    Known{"vfio_pci", Role::vfio},
    Known{"vfio_pci_core", Role::vfio},
    Known{"vmw_pvrdma", Role::rdma_nic},
};
static_assert(std::ranges::is_sorted(kCatalogue, {}, &Known::name), "found by binary search");

// `name` in the kernel's spelling.
[[nodiscard]] constexpr bool is_known(std::string_view name) {
  return std::ranges::binary_search(kCatalogue, name, {}, &Known::name);
}

}  // namespace nic::kmod
