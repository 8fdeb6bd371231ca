// Loads one kernel module and what it depends on.
// Thread: any worker; BLOCKING, for as long as the module's init takes (seconds for a NIC driver). Makes its own
// libkmod context. Source: libkmod, finit_module(2), modprobe.d(5).
#pragma once

#include "model/error.hpp"
#include "model/roots.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace nic::kmod {

// Does nothing where the module is built in or already live. Dependencies and soft dependencies come first, in
// libkmod's order. Errors: invalid (no module can have this name; an alias), not_found (no such module for the running
// kernel), denied (blacklisted, an install command stands in its place, kernel policy), and whatever the kernel
// answers, in a sentence; each with its ModuleReason. Install commands of modprobe.d are never run: a root daemon
// executes no lines of other packages' files.
[[nodiscard]] std::expected<void, model::Error> load(const model::Roots& roots, std::string_view name);

// Loads every module that drives the device of this alias ("pci:v00008086d000010CA..."), as udev does; gives the names
// of those that are there now. Errors, where none is: not_found (no module says so), else the first of load().
[[nodiscard]] std::expected<std::vector<std::string>, model::Error> load_for_device(const model::Roots& roots,
                                                                                    const std::string& modalias);

// What load() would insert, in order, by kernel name; empty where nothing is left to do. Touches nothing.
[[nodiscard]] std::expected<std::vector<std::string>, model::Error> plan_load(const model::Roots& roots,
                                                                              std::string_view name);

// The sentence for what finit_module(2) said about `module`, which was inserted on the way to `wanted`.
[[nodiscard]] model::Error insertion_error(const model::Roots& roots, int errno_value, std::string_view module,
                                           std::string_view wanted);

}  // namespace nic::kmod
