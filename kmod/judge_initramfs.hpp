// Whether the initramfs of a kernel carries the RDMA and NIC modules that its module tree has: what it carries is
// loaded first, and stays.
// Thread: any worker; BLOCKING (see initramfs.hpp). Source: modules.dep(5), /boot as Debian, Fedora, SUSE and the boot
// loader specification lay it out.
#pragma once

#include "kmod/file_cache.hpp"
#include "kmod/initramfs.hpp"
#include "model/module.hpp"
#include "model/roots.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nic::kmod {

// nullopt where the kernel has none at the places that are known.
[[nodiscard]] std::optional<std::filesystem::path> initramfs_of(const model::Roots& roots, const std::string& release);

// warn where a module is of another build there, unknown where that cannot be told; empty where there is no initramfs,
// or nothing in it that matters.
[[nodiscard]] std::vector<model::Finding> judge_initramfs(const model::Roots& roots, const std::string& release,
                                                          FileCache& files, InitramfsCache& images);

}  // namespace nic::kmod
