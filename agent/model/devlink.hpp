// What devlink tells of a card beside its eswitch: its ports, and what watches over its health. Thread: any (values).
// Sources: kernel Documentation/networking/devlink/devlink-port.rst, devlink-health.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nic::model {

enum class PortFlavour : std::uint8_t { physical, cpu, dsa, pci_pf, pci_vf, virtual_port, unused, pci_sf };

struct DevlinkPort {
  unsigned index{0};
  std::optional<PortFlavour> flavour;  // nullopt: one that this program does not know
  std::optional<unsigned> controller;
  std::optional<unsigned> pf, vf, sf;  // numbers, of the flavours that have them
  bool external{false};                // of another host
  std::optional<unsigned> net_ifindex;

  bool operator==(const DevlinkPort&) const = default;
};

struct HealthReporter {
  std::optional<unsigned> port;  // index; nullopt: of the device as a whole
  std::string name;              // "fw_fatal", "tx"
  bool healthy{true};
  std::uint64_t errors{0};
  std::uint64_t recoveries{0};

  bool operator==(const HealthReporter&) const = default;
};

[[nodiscard]] std::string_view word(PortFlavour flavour);  // "physical", "pcivf", ... as devlink(8) says

}  // namespace nic::model
