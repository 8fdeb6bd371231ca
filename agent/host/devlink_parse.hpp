// devlink's messages to values. Pure; thread: any. Malformed input gives nullopt or what could be read before it.
// Sources: linux/devlink.h, linux/genetlink.h, kernel Documentation/netlink/specs/devlink.yaml.
#pragma once

#include "host/netlink_message.hpp"
#include "model/eswitch.hpp"
#include "model/pci_address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::host {

struct GenlFamily {
  std::string name;
  std::uint16_t id{0};

  bool operator==(const GenlFamily&) const = default;
};

// As devlink(8) writes it: "pci/0000:3b:00.0", "netdevsim/netdevsim1".
struct DevlinkDevice {
  std::string bus;
  std::string name;

  auto operator<=>(const DevlinkDevice&) const = default;
  [[nodiscard]] static DevlinkDevice of(const model::PciAddress& address) { return {"pci", address.text()}; }
  [[nodiscard]] static std::optional<DevlinkDevice> parse(std::string_view text);
  [[nodiscard]] std::string text() const { return bus + "/" + name; }
};

enum class PortFlavour : std::uint8_t { physical, cpu, dsa, pci_pf, pci_vf, virtual_port, unused, pci_sf };

struct DevlinkPort {
  DevlinkDevice device;
  unsigned index{0};
  std::optional<PortFlavour> flavour;  // nullopt: one that this program does not know
  std::optional<unsigned> controller;
  std::optional<unsigned> pf, vf, sf;  // numbers, of the flavours that have them
  bool external{false};                // of another host
  std::optional<unsigned> net_ifindex;

  bool operator==(const DevlinkPort&) const = default;
};

struct HealthReporter {
  DevlinkDevice device;
  std::optional<unsigned> port;  // index; nullopt: of the device as a whole
  std::string name;              // "fw_fatal", "tx"
  bool healthy{true};
  std::uint64_t errors{0};
  std::uint64_t recoveries{0};

  bool operator==(const HealthReporter&) const = default;
};

// When a parameter takes effect; a driver offers each parameter in one or several of these.
enum class ParameterMode : std::uint8_t { runtime, driverinit, permanent };
// As the kernel numbers the types of netlink attributes.
enum class ParameterType : std::uint8_t { u8 = 1, u16 = 2, u32 = 3, u64 = 4, text = 5, flag = 6 };

struct ParameterValue {
  ParameterMode mode{ParameterMode::runtime};
  std::string text;  // "smfs", "4096", "true"

  bool operator==(const ParameterValue&) const = default;
};

struct DevlinkParameter {
  std::string name;
  ParameterType type{ParameterType::text};
  std::vector<ParameterValue> values;  // one for each mode that the driver offers

  bool operator==(const DevlinkParameter&) const = default;
};

// Each takes the attributes behind the family's header.
[[nodiscard]] std::optional<GenlFamily> parse_family(Bytes attributes);
[[nodiscard]] std::optional<DevlinkDevice> parse_devlink_device(Bytes attributes);
// nullopt also for a mode that this program does not know.
[[nodiscard]] std::optional<model::EswitchMode> parse_eswitch_mode(Bytes attributes);
[[nodiscard]] std::optional<DevlinkPort> parse_devlink_port(Bytes attributes);
[[nodiscard]] std::optional<HealthReporter> parse_health_reporter(Bytes attributes);
[[nodiscard]] std::optional<DevlinkParameter> parse_devlink_parameter(Bytes attributes);

}  // namespace nic::host
