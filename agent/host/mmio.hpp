// Why the kernel finds no room for VFs, in numbers: what their BARs need, and what the bridge above the PF has to give.
// Thread: a worker; reads sysfs only. Sources: resource_show in drivers/pci/pci-sysfs.c (one line of start, end and
// flags for each of pci_dev.resource[]), sriov_init and sriov_enable in drivers/pci/iov.c (the IOV BARs get room for
// TotalVFs at once, when the bus is scanned; ENOMEM says that one of them got none, or that the last VF's bus is out of
// range), include/linux/ioport.h (flags).
#pragma once

#include "host/attribute_writer.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nic::host {

// A line of a function's `resource` file. 0 to 5 are BARs, 6 the ROM, 7 to 12 the VF BARs, 13 to 15 a bridge's windows.
struct PciResource {
  std::uint64_t start{0};
  std::uint64_t end{0};
  std::uint64_t flags{0};

  bool operator==(const PciResource&) const = default;
  [[nodiscard]] std::uint64_t size() const { return end > start ? end - start + 1 : 0; }
};

// Lines that make no sense end the list: what follows could not be told apart.
[[nodiscard]] std::vector<PciResource> parse_resources(std::string_view text);

// One or more sentences about `wanted` VFs of the PF; "" where sysfs does not tell.
[[nodiscard]] std::string room_for_vfs(const FunctionFiles& pf, unsigned wanted);

}  // namespace nic::host
