// Unloads one kernel module. Thread: any worker; BLOCKING, for as long as the module's exit takes (seconds for a NIC
// driver with VFs). Makes its own libkmod context. Source: libkmod, delete_module(2).
#pragma once

#include "model/error.hpp"
#include "model/roots.hpp"

#include <expected>
#include <string_view>

namespace nic::kmod {

// Never forced, and never waited for: a module that is used stays (Code::busy). Does nothing where it is not loaded.
// Remove commands of modprobe.d are never run. Errors: invalid (no module can have this name), unsupported (built in),
// and whatever the kernel answers, in a sentence.
[[nodiscard]] std::expected<void, model::Error> unload(const model::Roots& roots, std::string_view name);

// The sentence for what delete_module(2) said about `module`.
[[nodiscard]] model::Error removal_error(const model::Roots& roots, int errno_value, std::string_view module);

}  // namespace nic::kmod
