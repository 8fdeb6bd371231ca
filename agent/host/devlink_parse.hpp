// devlink's messages to values. Pure; thread: any. Malformed input gives nullopt or what could be read before it.
// Sources: linux/devlink.h, linux/genetlink.h, kernel Documentation/netlink/specs/devlink.yaml.
#pragma once

#include "host/netlink_message.hpp"
#include "model/devlink.hpp"
#include "model/eswitch.hpp"
#include "model/pci_address.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::host {

struct GenlFamily {
  std::string name;
  std::uint16_t id{0};
  std::map<std::string, std::uint32_t> groups{};  // multicast, by name

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

struct PortOf {
  DevlinkDevice device;
  model::DevlinkPort port;

  bool operator==(const PortOf&) const = default;
};

struct ReporterOf {
  DevlinkDevice device;
  model::HealthReporter reporter;

  bool operator==(const ReporterOf&) const = default;
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

using RunningVersions = std::map<std::string, std::string>;  // by name, as devlink-info.rst lists them

// Each takes the attributes behind the family's header.
[[nodiscard]] std::optional<GenlFamily> parse_family(Bytes attributes);
[[nodiscard]] std::optional<DevlinkDevice> parse_devlink_device(Bytes attributes);
// nullopt also for a mode that this program does not know.
[[nodiscard]] std::optional<model::EswitchMode> parse_eswitch_mode(Bytes attributes);
[[nodiscard]] std::optional<PortOf> parse_devlink_port(Bytes attributes);
[[nodiscard]] std::optional<ReporterOf> parse_health_reporter(Bytes attributes);
[[nodiscard]] std::optional<DevlinkParameter> parse_devlink_parameter(Bytes attributes);
[[nodiscard]] RunningVersions parse_running_versions(Bytes attributes);

}  // namespace nic::host
