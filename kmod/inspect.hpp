// What there is to say of each kernel module that is required or that RDMA lives on, and of the drivers together.
// Thread: any worker; BLOCKING (reads and unpacks module files: milliseconds each). Makes its own libkmod context.
// Errors: stand in the report of the module they concern; the call itself always answers.
// Source: libkmod, modprobe.d(5), elf(5), /sys/module, /proc/cmdline; the running modules from the Inventory.
#pragma once

#include "kmod/file_cache.hpp"
#include "model/driver_status.hpp"
#include "model/inventory.hpp"
#include "model/module.hpp"
#include "model/reload.hpp"
#include "model/roots.hpp"

#include <string>
#include <vector>

namespace nic::kmod {

// One report per name of `wanted` (in its order, each module once, however it is spelt), then one per loaded module of
// the catalogue, by name; `files` remembers what their files said. A name must be exact: an alias is an error that
// names the module behind it.
[[nodiscard]] model::DriverFacts inspect(const model::Roots& roots, const std::vector<std::string>& wanted,
                                         const model::Inventory& inventory, FileCache& files);

// What would keep the modules that the plan loads, as they stand on disk now, from being loaded once it has unloaded
// what it does: no or a damaged file, another kernel's, unsigned where that counts, blacklisted, an install line,
// symbols that do not fit; also of what they depend on. Forcing helps where it only cannot be told, or where something
// that they depend on stays loaded in another build than its file.
[[nodiscard]] std::vector<model::Obstacle> load_obstacles(const model::Roots& roots, const model::ReloadPlan& plan,
                                                          const model::Inventory& inventory, FileCache& files);

}  // namespace nic::kmod
