// vDPA's netlink messages to values. Pure; thread: any. Malformed input gives nullopt. Source: linux/vdpa.h.
#pragma once

#include "host/netlink_message.hpp"
#include "model/pci_address.hpp"

#include <optional>
#include <string>

namespace nic::host {

// What vDPA devices can be made on: "pci/0000:3b:00.2", or without a bus "vdpasim_net".
struct VdpaManagement {
  std::string bus;  // "" where it stands on none
  std::string name;

  bool operator==(const VdpaManagement&) const = default;
  [[nodiscard]] static VdpaManagement of(const model::PciAddress& address) { return {"pci", address.text()}; }
  [[nodiscard]] static VdpaManagement parse(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return {"", std::string{text}};
    return {std::string{text.substr(0, slash)}, std::string{text.substr(slash + 1)}};
  }
  [[nodiscard]] std::string text() const { return bus.empty() ? name : bus + "/" + name; }
};

// An answer to VDPA_CMD_MGMTDEV_GET, behind the family's header; nullopt without a name.
[[nodiscard]] std::optional<VdpaManagement> parse_vdpa_management(Bytes attributes);

}  // namespace nic::host
