// Carries out one action of a plan on the kernel, and checks that it took effect.
// Thread: a worker; BLOCKS, for seconds where firmware makes VFs, without end where a driver hangs. Only what is
// wrong is written: an action whose result is there already succeeds with no write at all. Errors carry the errno, the
// file and what can be done. Sources: kernel Documentation/PCI/pci-iov-howto.rst, Documentation/ABI/testing/
// sysfs-bus-pci (sriov_*, driver_override, drivers_probe), drivers/pci/iov.c.
#pragma once

#include "host/sysfs.hpp"
#include "model/error.hpp"
#include "model/plan.hpp"
#include "model/roots.hpp"
#include "model/vf_settings.hpp"

#include <expected>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace nic::host {

class ProbeWindows;  // host/probe_windows.hpp

// Everything but LoadModule and UnloadModule, which belong to kmod/ and answer Code::internal. Steps that run side by
// side share `windows`.
[[nodiscard]] std::expected<void, model::Error> perform(const model::Roots& roots, const model::Action& action,
                                                        ProbeWindows& windows);

struct EswitchKernel;    // host/eswitch.hpp
struct RdmaNetnsKernel;  // host/rdma_netns.hpp
struct VdpaKernel;       // host/vdpa.hpp

// How an attribute is written: Sysfs::write, or a test's model of the kernel. `path` is below sysfs.
using WriteAttribute =
    std::function<std::expected<void, model::Error>(const Sysfs& sys, const char* path, std::string_view value)>;
// How interfaces are changed: rtnetlink, or a test's model of it.
struct Rtnetlink {
  std::function<std::expected<void, model::Error>(std::span<const std::byte> payload)> set_link;  // RTM_SETLINK
  std::function<std::expected<std::map<unsigned, model::VfSettings>, model::Error>(unsigned ifindex)> vfs;
};
// All that a step asks of the kernel; a test hands in its own.
struct Kernel {
  const WriteAttribute& write;
  const Rtnetlink& rtnetlink;
  const EswitchKernel& eswitch;
  const RdmaNetnsKernel& rdma_netns;
  const VdpaKernel& vdpa;
  ProbeWindows& windows;
};
[[nodiscard]] std::expected<void, model::Error> perform(const model::Roots& roots, const model::Action& action,
                                                        const Kernel& kernel);

// The alias by which modules say that they drive this function ("pci:v00008086d000010CA..."); "" where it is gone.
[[nodiscard]] std::string modalias(const model::Roots& roots, const model::PciAddress& function);

// What an administrator can do when writing sriov_numvfs fails so; "" where nobody knows.
[[nodiscard]] std::string_view advice_for_num_vfs(int errno_value);

}  // namespace nic::host
