// The modules that matter to fast NICs, RDMA and GPUDirect: those that are reported whenever they are loaded, also
// when no configuration asks for them, and the sets by which a configuration may ask for them. Names as the kernel
// spells them. Thread: any (constants).
// Source: rdma-core's kernel-boot/modules/*.conf, the drivers below drivers/infiniband, drivers/net/ethernet, drivers/
// vdpa and drivers/vfio of Linux, and the documentation of the vendors' out-of-tree packages (mlx_compat, nv_peer_mem,
// nvidia_peermem, gdrdrv).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nic::model {

enum class ModuleSet : std::uint8_t {
  core,         // RDMA subsystem and its connection managers
  user_access,  // what libibverbs, librdmacm and libibumad need
  mlx5,
  mlx4,
  ipoib,
  storage,      // storage over RDMA
  providers,    // RDMA devices of other vendors
  software,     // soft RDMA devices
  ethernet,     // network drivers whose VFs are handed out
  peer_memory,  // GPUDirect RDMA
  vfio,         // hands functions to user space
  vdpa,
  compat,  // only there with an out-of-tree stack
};

struct KnownModule {
  std::string_view name;
  ModuleSet set;
  std::string_view what;  // it is for, in a few words
};

inline constexpr std::array kCatalogue{
    KnownModule{"bnxt_en", ModuleSet::ethernet, "Broadcom NetXtreme-C/E"},
    KnownModule{"bnxt_re", ModuleSet::providers, "RDMA of Broadcom NetXtreme-C/E"},
    KnownModule{"efa", ModuleSet::providers, "Amazon Elastic Fabric Adapter"},
    KnownModule{"erdma", ModuleSet::providers, "Alibaba Elastic RDMA Adapter"},
    KnownModule{"gdrdrv", ModuleSet::peer_memory, "GDRCopy: GPU memory mapped for the CPU"},
    KnownModule{"hfi1", ModuleSet::providers, "Omni-Path"},
    KnownModule{"hns_roce_hw_v2", ModuleSet::providers, "RDMA of HiSilicon"},
    KnownModule{"i40e", ModuleSet::ethernet, "Intel 700 series"},
    KnownModule{"iavf", ModuleSet::ethernet, "VFs of Intel 700 and 800 series"},
    KnownModule{"ib_cm", ModuleSet::core, "InfiniBand connection manager"},
    KnownModule{"ib_core", ModuleSet::core, "RDMA subsystem"},
    KnownModule{"ib_ipoib", ModuleSet::ipoib, "network interfaces on InfiniBand"},
    KnownModule{"ib_iser", ModuleSet::storage, "iSCSI over RDMA, initiator"},
    KnownModule{"ib_isert", ModuleSet::storage, "iSCSI over RDMA, target"},
    KnownModule{"ib_mthca", ModuleSet::providers, "Mellanox InfiniHost"},
    KnownModule{"ib_qib", ModuleSet::providers, "QLogic InfiniPath"},
    KnownModule{"ib_srp", ModuleSet::storage, "SCSI over RDMA, initiator"},
    KnownModule{"ib_srpt", ModuleSet::storage, "SCSI over RDMA, target"},
    KnownModule{"ib_umad", ModuleSet::user_access, "management datagrams for user space"},
    KnownModule{"ib_uverbs", ModuleSet::user_access, "verbs for user space"},
    KnownModule{"ice", ModuleSet::ethernet, "Intel 800 series"},
    KnownModule{"igb", ModuleSet::ethernet, "Intel 82576 and its like"},
    KnownModule{"igbvf", ModuleSet::ethernet, "VFs of Intel 82576"},
    KnownModule{"ionic_rdma", ModuleSet::providers, "RDMA of AMD Pensando"},
    KnownModule{"irdma", ModuleSet::providers, "RDMA of Intel 700 and 800 series"},
    KnownModule{"iw_cm", ModuleSet::core, "iWARP connection manager"},
    KnownModule{"iw_cxgb4", ModuleSet::providers, "RDMA of Chelsio T4 to T6"},
    KnownModule{"ixgbe", ModuleSet::ethernet, "Intel 82599 and X500 series"},
    KnownModule{"ixgbevf", ModuleSet::ethernet, "VFs of Intel 82599 and X500 series"},
    KnownModule{"mana_ib", ModuleSet::providers, "Microsoft Azure Network Adapter"},
    KnownModule{"mlx4_core", ModuleSet::mlx4, "ConnectX-2 and -3"},
    KnownModule{"mlx4_en", ModuleSet::mlx4, "network interfaces of ConnectX-2 and -3"},
    KnownModule{"mlx4_ib", ModuleSet::mlx4, "RDMA of ConnectX-2 and -3"},
    KnownModule{"mlx5_core", ModuleSet::mlx5, "ConnectX-4 and later, BlueField"},
    KnownModule{"mlx5_ib", ModuleSet::mlx5, "RDMA of ConnectX-4 and later"},
    KnownModule{"mlx5_vdpa", ModuleSet::vdpa, "vDPA devices on mlx5 VFs"},
    KnownModule{"mlx5_vfio_pci", ModuleSet::vfio, "mlx5 VFs for user space, with migration"},
    KnownModule{"mlx_compat", ModuleSet::compat, "layer below the out-of-tree RDMA stack"},
    KnownModule{"mlxfw", ModuleSet::core, "firmware files of Mellanox devices"},
    KnownModule{"nv_peer_mem", ModuleSet::peer_memory, "GPUDirect RDMA, the older module of its own package"},
    KnownModule{"nvidia_peermem", ModuleSet::peer_memory, "GPUDirect RDMA, of the NVIDIA driver"},
    KnownModule{"nvme_rdma", ModuleSet::storage, "NVMe over RDMA, host"},
    KnownModule{"nvmet_rdma", ModuleSet::storage, "NVMe over RDMA, target"},
    KnownModule{"ocrdma", ModuleSet::providers, "RDMA of Emulex OneConnect"},
    KnownModule{"qedr", ModuleSet::providers, "RDMA of Marvell FastLinQ"},
    KnownModule{"rdma_cm", ModuleSet::core, "RDMA connection manager"},
    KnownModule{"rdma_rxe", ModuleSet::software, "soft RoCE"},
    KnownModule{"rdma_ucm", ModuleSet::user_access, "connection manager for user space"},
    KnownModule{"rpcrdma", ModuleSet::storage, "NFS over RDMA"},
    KnownModule{"siw", ModuleSet::software, "soft iWARP"},
    KnownModule{"usnic_verbs", ModuleSet::providers, "Cisco usNIC"},
    KnownModule{"vdpa", ModuleSet::vdpa, "vDPA bus"},
    KnownModule{"vfio", ModuleSet::vfio, "VFIO"},
    KnownModule{"vfio_iommu_type1", ModuleSet::vfio, "VFIO with an IOMMU"},
    KnownModule{"vfio_pci", ModuleSet::vfio, "PCI functions for user space"},
    KnownModule{"vfio_pci_core", ModuleSet::vfio, "what VFIO's PCI drivers share"},
    KnownModule{"vhost_vdpa", ModuleSet::vdpa, "vDPA devices for virtual machines"},
    KnownModule{"virtio_vdpa", ModuleSet::vdpa, "vDPA devices for containers and the host"},
    KnownModule{"vmw_pvrdma", ModuleSet::providers, "VMware paravirtual RDMA"},
};
static_assert(std::ranges::is_sorted(kCatalogue, {}, &KnownModule::name), "found by binary search");

// `name` in the kernel's spelling; null where it is none of these.
[[nodiscard]] constexpr const KnownModule* known_module(std::string_view name) {
  const auto* found = std::ranges::lower_bound(kCatalogue, name, {}, &KnownModule::name);
  return found != kCatalogue.end() && found->name == name ? found : nullptr;
}

// The layer between an out-of-tree RDMA stack (MLNX_OFED, DOCA) and the kernel: every module of the stack depends on
// it.
inline constexpr std::string_view kCompat{"mlx_compat"};

// Modules that belong together and are asked for by one word.
struct AskableSet {
  std::string_view word;
  std::array<std::string_view, 4> members;  // "" where there are fewer
};

// In the order of loading: what comes first pulls in the rest.
inline constexpr std::array kAskableSets{
    AskableSet{"mlx5", {"mlx5_core", "mlx5_ib"}},
    AskableSet{"mlx4", {"mlx4_core", "mlx4_en", "mlx4_ib"}},
    AskableSet{"user-access", {"ib_uverbs", "ib_umad", "rdma_ucm"}},
    AskableSet{"ipoib", {"ib_ipoib"}},
    AskableSet{"vfio", {"vfio_pci"}},
    AskableSet{"vdpa", {"vdpa", "vhost_vdpa"}},
};

[[nodiscard]] constexpr const AskableSet* askable_set(std::string_view word) {
  const auto* found = std::ranges::find(kAskableSets, word, &AskableSet::word);
  return found == kAskableSets.end() ? nullptr : found;
}

}  // namespace nic::model
