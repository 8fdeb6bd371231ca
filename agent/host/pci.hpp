// PCI network functions out of sysfs. Thread: any; blocks only as sysfs does. sriov_numvfs is never read: its show
// function takes the device lock, which a driver that makes VFs holds for seconds; the virtfn links say the same.
// Source: kernel Documentation/ABI/testing/sysfs-bus-pci, Documentation/PCI/pci-iov-howto.rst.
#pragma once

#include "model/inventory.hpp"
#include "model/roots.hpp"

#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace nic::host {

// Every function of class 0x02xxxx. Errors of single facts stand in the function's `problems`.
[[nodiscard]] std::map<model::PciAddress, model::PciFunction> read_functions(const model::Roots& roots);

// Only these, and what hangs on them: the VFs of a PF, the PF of a VF. The others are kept from `previous`; what is
// gone is left out.
[[nodiscard]] std::map<model::PciAddress, model::PciFunction> read_functions(
    const model::Roots& roots, std::map<model::PciAddress, model::PciFunction> previous,
    const std::set<model::PciAddress>& dirty);

// The innermost PCI address of a device path: ".../0000:00:1c.0/0000:01:00.0/net/eth0" gives 0000:01:00.0.
[[nodiscard]] std::optional<model::PciAddress> innermost_address(std::string_view path);

}  // namespace nic::host
