// Text for the bus: object paths made of names, and strings that are UTF-8 whatever the kernel gave.
// Thread: any (pure). Source: D-Bus Specification, "Valid Object Paths" (elements are [A-Za-z0-9_]+) and "Basic types"
// (strings are UTF-8 without NUL); the escape is systemd's (sd_bus_path_encode(3)), but for `_` within PCI addresses.
#pragma once

#include "model/pci_address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nic::dbus {

// Everything but A-Z a-z 0-9 as _xx, two lower-case hexadecimal digits; an empty name becomes "_".
[[nodiscard]] std::string path_element(std::string_view name);

[[nodiscard]] std::string device_path(const model::PciAddress& address);  // /org/nicagent1/device/0000_3b_00_0
[[nodiscard]] std::string module_path(std::string_view name);             // /org/nicagent1/module/mlx5_5fcore
[[nodiscard]] std::string resource_path(std::string_view name);
[[nodiscard]] std::string job_path(std::uint32_t id);

// The PCI address that device_path was given, if it is such a path.
[[nodiscard]] std::optional<model::PciAddress> address_of_path(std::string_view path);

// The same text where it is valid UTF-8; every byte that is not, and every NUL, becomes U+FFFD.
[[nodiscard]] std::string utf8(std::string_view text);

}  // namespace nic::dbus
