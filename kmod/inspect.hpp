// What there is to say of each kernel module that is required or that RDMA lives on, and of the drivers together.
// Thread: any worker; BLOCKING (reads and unpacks module files: milliseconds each). Makes its own libkmod context.
// Errors: stand in the report of the module they concern; the call itself always answers.
// Source: libkmod, modprobe.d(5), elf(5), /sys/module, /proc/cmdline; the running modules from the Inventory.
#pragma once

#include "kmod/file_cache.hpp"
#include "model/driver_status.hpp"
#include "model/inventory.hpp"
#include "model/module.hpp"
#include "model/roots.hpp"

#include <string>
#include <vector>

namespace nic::kmod {

// One report per name of `wanted` (in its order, each module once, however it is spelt), then one per loaded module of
// the catalogue, by name; `files` remembers what their files said. A name must be exact: an alias is an error that
// names the module behind it.
[[nodiscard]] model::DriverFacts inspect(const model::Roots& roots, const std::vector<std::string>& wanted,
                                         const model::Inventory& inventory, FileCache& files);

}  // namespace nic::kmod
