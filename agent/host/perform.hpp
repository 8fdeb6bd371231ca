// One step, done to the kernel and looked at afterwards. Thread: worker; BLOCKING, for as long as the kernel takes (VFs
// of mlx5: a second for 8 to 16). What already is as asked is not written. Source: Documentation/PCI/pci-iov-howto.rst,
// Documentation/ABI/testing/sysfs-bus-pci (driver_override, drivers_probe).
#pragma once

#include "model/error.hpp"
#include "model/plan.hpp"
#include "model/roots.hpp"

#include <expected>

namespace nic::host {

// LoadModule is not the host's to do: Code::internal.
[[nodiscard]] std::expected<void, model::Error> perform(const model::Roots& roots, const model::Action& action);

// The MTU of an interface by SIOCSIFMTU, netdevice(7).
[[nodiscard]] std::expected<void, model::Error> set_interface_mtu(const std::string& name, unsigned mtu);

}  // namespace nic::host
