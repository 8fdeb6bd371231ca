// The network interfaces of a PCI function, found when they are needed. Thread: one worker. Internal to perform().
#pragma once

#include "host/attribute_writer.hpp"

#include <expected>
#include <string>
#include <vector>

namespace nic::host {

// An interface below the function's `net` folder is the representor of somebody else's port.
[[nodiscard]] bool is_representor(const FunctionFiles& function, const std::string& net);

// Names of its own interfaces; there may be none.
[[nodiscard]] std::expected<std::vector<std::string>, model::Error> own_nets_of(const FunctionFiles& function);

// The same. Code::not_found where there is none.
[[nodiscard]] std::expected<std::vector<std::string>, model::Error> nets_of(const FunctionFiles& function,
                                                                            const std::string& what);

}  // namespace nic::host
