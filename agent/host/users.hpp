// Who uses a function right now, so that it is not torn down under them. Thread: a worker; blocking. Reads sysfs and
// /proc/<pid>/fd, opens nothing that would disturb: opening a VFIO group, even for a moment, would keep its user out.
// Sources: drivers/base/core.c (the `net` folder of a device whose interface moved to another network namespace stays
// and looks empty), kernel Documentation/driver-api/vfio.rst, proc(5).
#pragma once

#include "model/pci_address.hpp"
#include "model/roots.hpp"

#include <map>
#include <span>
#include <string>

namespace nic::host {

// For each function in use a reason: "its network interface is in another network namespace", "/dev/vfio/12 is held
// open by qemu-system-x86 (1234)". Functions that nobody uses, and those that are gone, are not in it.
[[nodiscard]] std::map<model::PciAddress, std::string> users_of(const model::Roots& roots,
                                                                std::span<const model::PciAddress> functions);

}  // namespace nic::host
