// Address of a PCI function as sysfs spells it: domain:bus:device.function, all hexadecimal.
// Thread: any (a value). Source: kernel Documentation/PCI/sysfs-pci.rst; domains above ffff exist (VMD, Hyper-V), so
// the domain has 4 to 8 digits.
#pragma once

#include "model/error.hpp"

#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace nic::model {

struct PciAddress {
  std::uint32_t domain{0};
  std::uint8_t bus{0};
  std::uint8_t device{0};    // 0..31
  std::uint8_t function{0};  // 0..7

  auto operator<=>(const PciAddress&) const = default;

  // Accepts exactly what sysfs prints ("0000:3b:00.0", either case of the hex digits); anything else is Code::invalid.
  [[nodiscard]] static std::expected<PciAddress, Error> parse(std::string_view text);
  // As sysfs spells it: lower case, at least four digits of domain.
  [[nodiscard]] std::string text() const;
  // The D-Bus object path element: "0000_3b_00_0".
  [[nodiscard]] std::string path_element() const;
};

}  // namespace nic::model
