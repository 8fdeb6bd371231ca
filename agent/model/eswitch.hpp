// The switch inside a card, as its PF has it, and the names of its ports. Thread: any (values). Sources: kernel
// Documentation/networking/devlink/devlink-eswitch-attr.rst, devlink-port.rst; net/devlink/port.c
// (__devlink_port_phys_port_name_get).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nic::model {

// legacy: the card sorts by MAC address and VLAN. switchdev: every VF has a representor, and rules say what goes where.
enum class EswitchMode : std::uint8_t { legacy, switchdev };

[[nodiscard]] std::string_view word(EswitchMode mode);  // "legacy", "switchdev"

enum class PortKind : std::uint8_t { physical, pf, vf, sf };

// phys_port_name taken apart: "p0" and "p0s1" are the card's own ports, "pf0", "pf0vf3", "c1pf0vf3" and "pf0sf88" are
// representors, c<n> those of another host's functions (the card's own processor sees them so).
struct PortName {
  PortKind kind{PortKind::physical};
  std::optional<unsigned> controller;
  unsigned port{0};   // of the card, or the number of the PF
  unsigned index{0};  // of the VF or SF; of the split port

  bool operator==(const PortName&) const = default;
};

[[nodiscard]] std::optional<PortName> parse_port_name(std::string_view text);
// An interface with this phys_port_name leads to somebody else's function, though it stands below the PF.
[[nodiscard]] bool is_representor(std::string_view port_name);

}  // namespace nic::model
