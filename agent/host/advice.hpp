// What an administrator can do about a kernel call that failed, by operation and errno. Pure (a table).
// Source: drivers/pci/iov.c (sriov_numvfs_store, sriov_enable) and the drivers' sriov_configure.
#pragma once

#include <string_view>

namespace nic::host {

enum class Operation : unsigned char { create_vfs, bind_vfio, bind_network, set_mtu };

// "" where there is nothing to say beyond the errno.
[[nodiscard]] std::string_view advice(Operation operation, int errno_value);

}  // namespace nic::host
