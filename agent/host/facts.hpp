// The parts of observe(), one for each family of facts. Thread and errors as in observe.hpp.
#pragma once

#include "host/netlink_facts.hpp"
#include "host/sysfs.hpp"
#include "model/dirty.hpp"
#include "model/inventory.hpp"
#include "model/roots.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nic::host {

using Functions = std::map<model::PciAddress, model::PciFunction>;
using Gpus = std::set<model::PciAddress>;
using Problems = std::vector<model::Error>;

// pci.cpp: /sys/bus/pci/devices. Source: kernel Documentation/ABI/testing/sysfs-bus-pci. `gpus` is what was seen beside
// the functions, which are those of NICs and of accelerators.
[[nodiscard]] Functions read_all_functions(const Sysfs& sys, Gpus& gpus, Problems& problems);
void refresh_functions(const Sysfs& sys, const std::set<model::PciAddress>& dirty, Functions& functions, Gpus& gpus,
                       Problems& problems);

// pcie.cpp: configuration space of GPUs, NICs and the bridges above them, and where they are. What is dirty, new or
// asked for by `everything` is read; functions that are `busy` with a step keep what was known, and what was looked at
// once is looked at as long as it is there, so that it can be given back when the GPU is gone.
[[nodiscard]] model::PcieTopology read_pcie(const model::Roots& roots, const Sysfs& sys, const model::Dirty& dirty,
                                            const std::set<model::PciAddress>& busy, const Functions& functions,
                                            Gpus gpus, const model::PcieTopology& previous);

// Of PCI class 12, processing accelerators.
[[nodiscard]] bool is_accelerator(const model::PciFunction& function);

struct PciIds {
  std::uint16_t vendor{0}, device{0}, subsystem_vendor{0}, subsystem_device{0};
  std::uint32_t class_code{0};
  bool operator==(const PciIds&) const = default;
};
// "pci:v00008086d000010C9sv00008086sd0000A03Cbc02sc00i00": one file instead of five. Source: drivers/pci/pci-sysfs.c
// modalias_show.
[[nodiscard]] std::optional<PciIds> parse_pci_modalias(std::string_view modalias);
// The nearest PCI function above a device, by its path below /sys/devices; nullopt for virtual devices.
[[nodiscard]] std::optional<model::PciAddress> function_above(std::string_view device_path);

// auxiliary.cpp: the scalable functions on the auxiliary bus, each with its PCI function. Source: kernel
// Documentation/driver-api/auxiliary_bus.rst, drivers/net/ethernet/mellanox/mlx5/core/sf/dev/dev.c.
void look_at_auxiliary(const Sysfs& sys, Functions& functions);
// "mlx5_core.sf.4" of a device that stands on a scalable function, by its path below /sys/devices; "" for others.
[[nodiscard]] std::string scalable_function_above(std::string_view device_path);
// Whose interface, or RDMA device, is in another network namespace: its driver is bound, and the folder of that class
// shows nothing here. `device` is a folder below /sys/devices, or a link to it.
[[nodiscard]] bool has_empty(const Sysfs& sys, const std::string& device, const char* class_folder);

// netdev.cpp: rtnetlink's links joined with /sys/class/net.
[[nodiscard]] std::vector<model::NetDevice> join_net_devices(const Sysfs& sys, std::span<const Link> links);
[[nodiscard]] model::NetDevice net_device_of(const Link& link);
[[nodiscard]] std::vector<model::DefaultRoute> ordered(std::vector<model::DefaultRoute> routes);

// rdma.cpp: RDMA netlink's devices joined with /sys/class/infiniband*.
[[nodiscard]] std::vector<model::RdmaDevice> join_rdma_devices(const Sysfs& sys, std::span<const RdmaLink> links,
                                                               Problems& problems);
[[nodiscard]] std::optional<model::CharDevice> read_rdma_cm(const Sysfs& sys, Problems& problems);
// Gives software RDMA devices the function of the interface that they stand on (also below a VLAN or macvlan).
void tie_software_rdma(model::Inventory& inventory);
// "10:231" as sysfs `dev` files have it.
[[nodiscard]] std::optional<std::pair<unsigned, unsigned>> parse_device_number(std::string_view text);

// modules.cpp: /proc/modules and /sys/module.
[[nodiscard]] std::vector<model::LoadedModule> parse_proc_modules(std::string_view text);
// The files of every module are read each time: one that was loaded anew under its old name has another build id.
[[nodiscard]] std::vector<model::LoadedModule> read_modules(const Sysfs& proc, const Sysfs& sys, Problems& problems);

}  // namespace nic::host
