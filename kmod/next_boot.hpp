// What would be wrong after the next boot: out-of-tree drivers are built per kernel, and a new kernel falls back to its
// own ones in silence; and what its initramfs carries runs before what is in its module tree.
// Thread: any worker; BLOCKING (reads modules.dep and the initramfs of two kernels, each initramfs once).
// Errors: what cannot be read is not judged, but for an initramfs, which is then `unknown`.
// Source: the kernels' trees and modules.dep(5), /boot, grub's environment block (saved_entry).
#pragma once

#include "kmod/file_cache.hpp"
#include "kmod/initramfs.hpp"
#include "model/module.hpp"
#include "model/roots.hpp"

#include <optional>
#include <string>
#include <vector>

namespace nic::kmod {

// The release that the boot loader takes next: the one that grub saved, else the newest with a kernel in /boot; nullopt
// where no kernel is found there.
[[nodiscard]] std::optional<std::string> next_release(const model::Roots& roots);

// Findings (warn) where the tree of the running kernel has out-of-tree RDMA or peer memory modules and the next one's
// has not; empty where it is the same kernel.
[[nodiscard]] std::vector<model::Finding> judge_next_boot(const model::Roots& roots, const std::string& running);

// The same of the running kernel's boot, and of the initramfs of both.
[[nodiscard]] std::vector<model::Finding> look_ahead(const model::Roots& roots, FileCache& files,
                                                     InitramfsCache& images);

}  // namespace nic::kmod
