// The agent's udev rules on disk, one file for each PF: /run/udev/rules.d/70-nic-agent-<address>.rules. After a reboot
// there are no VFs either. What stands in them is core/udev_rules.hpp's word. Thread: a worker; blocking.
// Source: udev(7), udevadm(8).
#pragma once

#include "host/attribute_writer.hpp"
#include "model/error.hpp"
#include "model/pci_address.hpp"
#include "model/roots.hpp"

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace nic::host {

// `device` is the kernel's name of the PF's device: "0000:3b:00.0".
[[nodiscard]] std::filesystem::path udev_rules_file(const model::Roots& roots, std::string_view device);

// "" where there is no file; nullopt where there is no udev, or the file cannot be read.
[[nodiscard]] std::optional<std::string> read_udev_rules(const model::Roots& roots, const model::PciAddress& pf);

// Writes the file, has udev read it, and sends the interfaces that are there already through it once more: representors
// get their names, VFs are left alone. "" removes the file. A file that is right is not written.
[[nodiscard]] std::expected<void, model::Error> write_udev_rules(const model::Roots& roots, const FunctionFiles& pf,
                                                                 std::string_view text);

// For giving a PF back: the file is gone, and udev knows.
[[nodiscard]] std::expected<void, model::Error> remove_udev_rules(const model::Roots& roots,
                                                                  const model::PciAddress& pf);

// Has udev read its rules now; by itself it would within seconds, which is too late for interfaces that come at once.
[[nodiscard]] std::expected<void, model::Error> reload_udev();

}  // namespace nic::host
