#include "host/advice.hpp"

#include <array>
#include <cerrno>

namespace nic::host {
namespace {

struct Entry {
  Operation operation;
  int errno_value;
  std::string_view text;
};

constexpr std::array kTable{
    Entry{Operation::create_vfs, ENOENT,
          "the PF has no driver, or one that cannot make VFs this way (mlx4 takes module parameters)"},
    Entry{Operation::create_vfs, ENOMEM,
          "there is no room for the VFs in the bus's memory or numbers: enable SR-IOV and Above 4G Decoding in the "
          "BIOS, or "
          "boot with pci=realloc"},
    Entry{Operation::create_vfs, ERANGE, "the driver allows fewer VFs (sriov_totalvfs)"},
    Entry{Operation::create_vfs, EBUSY,
          "the driver is busy, or VFs are in use by a guest or a pod: end what uses them and apply again"},
    Entry{Operation::create_vfs, EIO, "the card reports inconsistent SR-IOV limits: update its firmware"},
    Entry{Operation::create_vfs, EOPNOTSUPP,
          "the card cannot in its present mode; ice: is the DDP package installed (safe mode)?"},
    Entry{Operation::create_vfs, EPERM, "VFs are assigned to guests, or other settings of the port exclude VFs"},
    Entry{Operation::create_vfs, EAGAIN, "another operation of the driver is under way"},
    Entry{Operation::create_vfs, ENODEV, "the PF, or one that it depends on, went away"},
    Entry{Operation::bind_vfio, EINVAL, "the IOMMU group cannot be handed to user space; the kernel log says why"},
    Entry{Operation::bind_vfio, ENODEV, "vfio-pci did not take the function; the kernel log says why"},
    Entry{Operation::bind_network, ENODEV, "no loaded driver matches the function"},
    Entry{Operation::set_mtu, EINVAL, "the interface does not take this MTU"},
    Entry{Operation::set_mtu, ERANGE, "the interface does not take this MTU"},
    Entry{Operation::set_mtu, EBUSY, "the driver is busy; it is tried again"},
};

}  // namespace

std::string_view advice(Operation operation, int errno_value) {
  for (const auto& entry : kTable)
    if (entry.operation == operation && entry.errno_value == errno_value) return entry.text;
  return {};
}

}  // namespace nic::host
