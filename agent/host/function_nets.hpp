// The network interfaces of a PCI function, found when they are needed. Thread: one worker. Internal to perform().
#pragma once

#include "host/attribute_writer.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace nic::host {

// "pf0vf3", "c1pf0sf88": the switchdev representor of somebody else's port, which also stands below the PF. Source:
// devlink_nl_phys_port_name_get in net/devlink/port.c.
[[nodiscard]] bool is_representor(std::string_view port_name);

// Names of its own interfaces. Code::not_found where there is none.
[[nodiscard]] std::expected<std::vector<std::string>, model::Error> nets_of(const FunctionFiles& function,
                                                                            const std::string& what);

}  // namespace nic::host
