#include "host/devlink_parse.hpp"

#include "host/sysfs.hpp"

#include <linux/devlink.h>
#include <linux/genetlink.h>

namespace nic::host {
namespace {

std::string printable(Bytes value) { return plain_text(leading_text(value)); }

std::optional<model::PortFlavour> flavour(Bytes value) {
  switch (leading<std::uint16_t>(value).value_or(0xffff)) {
    case DEVLINK_PORT_FLAVOUR_PHYSICAL: return model::PortFlavour::physical;
    case DEVLINK_PORT_FLAVOUR_CPU: return model::PortFlavour::cpu;
    case DEVLINK_PORT_FLAVOUR_DSA: return model::PortFlavour::dsa;
    case DEVLINK_PORT_FLAVOUR_PCI_PF: return model::PortFlavour::pci_pf;
    case DEVLINK_PORT_FLAVOUR_PCI_VF: return model::PortFlavour::pci_vf;
    case DEVLINK_PORT_FLAVOUR_VIRTUAL: return model::PortFlavour::virtual_port;
    case DEVLINK_PORT_FLAVOUR_UNUSED: return model::PortFlavour::unused;
    case DEVLINK_PORT_FLAVOUR_PCI_SF: return model::PortFlavour::pci_sf;
    default: return std::nullopt;
  }
}

template <class T>
std::string decimal(Bytes value) {
  const auto number = leading<T>(value);
  return number ? std::to_string(*number) : std::string{};
}

std::optional<ParameterType> parameter_type(Bytes value) {
  const auto type = leading<std::uint8_t>(value).value_or(0);
  if (type < static_cast<std::uint8_t>(ParameterType::u8) || type > static_cast<std::uint8_t>(ParameterType::flag))
    return std::nullopt;
  return static_cast<ParameterType>(type);
}

std::string parameter_text(ParameterType type, std::optional<Bytes> data) {
  if (type == ParameterType::flag) return data ? "true" : "false";  // a flag says it by being there
  if (!data) return {};
  switch (type) {
    case ParameterType::u8: return decimal<std::uint8_t>(*data);
    case ParameterType::u16: return decimal<std::uint16_t>(*data);
    case ParameterType::u32: return decimal<std::uint32_t>(*data);
    case ParameterType::u64: return decimal<std::uint64_t>(*data);
    case ParameterType::text:
    case ParameterType::flag: break;
  }
  return printable(*data);
}

std::optional<ParameterValue> parameter_value(ParameterType type, Bytes attributes) {
  std::optional<std::uint8_t> mode;
  std::optional<Bytes> data;
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type == DEVLINK_ATTR_PARAM_VALUE_CMODE) mode = leading<std::uint8_t>(attribute->payload);
    if (attribute->type == DEVLINK_ATTR_PARAM_VALUE_DATA) data = attribute->payload;
  }
  if (!mode || *mode > DEVLINK_PARAM_CMODE_PERMANENT) return std::nullopt;
  return ParameterValue{static_cast<ParameterMode>(*mode), parameter_text(type, data)};
}

// A list of nests, one for each multicast group.
std::map<std::string, std::uint32_t> groups(Bytes list) {
  std::map<std::string, std::uint32_t> all;
  while (const auto group = next_attribute(list)) {
    auto inside = group->payload;
    std::string name;
    std::optional<std::uint32_t> id;
    while (const auto attribute = next_attribute(inside)) {
      if (attribute->type == CTRL_ATTR_MCAST_GRP_NAME) name = printable(attribute->payload);
      if (attribute->type == CTRL_ATTR_MCAST_GRP_ID) id = leading<std::uint32_t>(attribute->payload);
    }
    if (!name.empty() && id) all.emplace(std::move(name), *id);
  }
  return all;
}

// What stands in a nest of this type at the top; nullopt without one.
std::optional<Bytes> nested(Bytes attributes, unsigned type) {
  while (const auto attribute = next_attribute(attributes))
    if (attribute->type == type) return attribute->payload;
  return std::nullopt;
}

}  // namespace

std::optional<DevlinkDevice> DevlinkDevice::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) return std::nullopt;
  return DevlinkDevice{std::string{text.substr(0, slash)}, std::string{text.substr(slash + 1)}};
}

std::optional<GenlFamily> parse_family(Bytes attributes) {
  GenlFamily family;
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type == CTRL_ATTR_FAMILY_NAME) family.name = printable(attribute->payload);
    if (attribute->type == CTRL_ATTR_FAMILY_ID) family.id = leading<std::uint16_t>(attribute->payload).value_or(0);
    if (attribute->type == CTRL_ATTR_MCAST_GROUPS) family.groups = groups(attribute->payload);
  }
  if (family.name.empty() || family.id == 0) return std::nullopt;
  return family;
}

std::optional<DevlinkDevice> parse_devlink_device(Bytes attributes) {
  DevlinkDevice device;
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type == DEVLINK_ATTR_BUS_NAME) device.bus = printable(attribute->payload);
    if (attribute->type == DEVLINK_ATTR_DEV_NAME) device.name = printable(attribute->payload);
  }
  if (device.bus.empty() || device.name.empty()) return std::nullopt;
  return device;
}

std::optional<model::EswitchMode> parse_eswitch_mode(Bytes attributes) {
  const auto value = nested(attributes, DEVLINK_ATTR_ESWITCH_MODE);
  if (!value) return std::nullopt;
  switch (leading<std::uint16_t>(*value).value_or(0xffff)) {
    case DEVLINK_ESWITCH_MODE_LEGACY: return model::EswitchMode::legacy;
    case DEVLINK_ESWITCH_MODE_SWITCHDEV: return model::EswitchMode::switchdev;
    default: return std::nullopt;
  }
}

std::optional<PortOf> parse_devlink_port(Bytes attributes) {
  const auto device = parse_devlink_device(attributes);
  if (!device) return std::nullopt;
  PortOf result{*device, {}};
  auto& port = result.port;
  bool has_index = false;
  const auto number = [](Bytes value) -> std::optional<unsigned> { return leading<std::uint32_t>(value); };
  const auto short_number = [](Bytes value) -> std::optional<unsigned> { return leading<std::uint16_t>(value); };
  while (const auto attribute = next_attribute(attributes)) {
    const auto value = attribute->payload;
    switch (attribute->type) {
      case DEVLINK_ATTR_PORT_INDEX:
        has_index = number(value).has_value();
        port.index = number(value).value_or(0);
        break;
      case DEVLINK_ATTR_PORT_FLAVOUR: port.flavour = flavour(value); break;
      case DEVLINK_ATTR_PORT_CONTROLLER_NUMBER: port.controller = number(value); break;
      case DEVLINK_ATTR_PORT_PCI_PF_NUMBER: port.pf = short_number(value); break;
      case DEVLINK_ATTR_PORT_PCI_VF_NUMBER: port.vf = short_number(value); break;
      case DEVLINK_ATTR_PORT_PCI_SF_NUMBER: port.sf = number(value); break;
      case DEVLINK_ATTR_PORT_EXTERNAL: port.external = leading<std::uint8_t>(value).value_or(0) != 0; break;
      case DEVLINK_ATTR_PORT_NETDEV_IFINDEX: port.net_ifindex = number(value); break;
      default: break;
    }
  }
  if (!has_index) return std::nullopt;
  return result;
}

std::optional<ReporterOf> parse_health_reporter(Bytes attributes) {
  const auto device = parse_devlink_device(attributes);
  auto inside = nested(attributes, DEVLINK_ATTR_HEALTH_REPORTER);
  if (!device || !inside) return std::nullopt;
  ReporterOf result{*device, {}};
  auto& reporter = result.reporter;
  if (const auto port = nested(attributes, DEVLINK_ATTR_PORT_INDEX)) reporter.port = leading<std::uint32_t>(*port);
  while (const auto attribute = next_attribute(*inside)) {
    const auto value = attribute->payload;
    switch (attribute->type) {
      case DEVLINK_ATTR_HEALTH_REPORTER_NAME: reporter.name = printable(value); break;
      // enum devlink_health_reporter_state: 0 healthy, 1 error.
      case DEVLINK_ATTR_HEALTH_REPORTER_STATE: reporter.healthy = leading<std::uint8_t>(value) == 0; break;
      case DEVLINK_ATTR_HEALTH_REPORTER_ERR_COUNT: reporter.errors = leading<std::uint64_t>(value).value_or(0); break;
      case DEVLINK_ATTR_HEALTH_REPORTER_RECOVER_COUNT:
        reporter.recoveries = leading<std::uint64_t>(value).value_or(0);
        break;
      default: break;
    }
  }
  if (reporter.name.empty()) return std::nullopt;
  return result;
}

std::optional<DevlinkParameter> parse_devlink_parameter(Bytes attributes) {
  const auto inside = nested(attributes, DEVLINK_ATTR_PARAM);
  if (!inside) return std::nullopt;
  const auto name = nested(*inside, DEVLINK_ATTR_PARAM_NAME);
  const auto type_value = nested(*inside, DEVLINK_ATTR_PARAM_TYPE);
  const auto type = type_value ? parameter_type(*type_value) : std::nullopt;
  if (!name || !type) return std::nullopt;
  DevlinkParameter parameter{printable(*name), *type, {}};
  if (parameter.name.empty()) return std::nullopt;
  auto list = nested(*inside, DEVLINK_ATTR_PARAM_VALUES_LIST).value_or(Bytes{});
  while (const auto attribute = next_attribute(list))
    if (attribute->type == DEVLINK_ATTR_PARAM_VALUE)
      if (auto value = parameter_value(*type, attribute->payload)) parameter.values.push_back(std::move(*value));
  return parameter;
}

RunningVersions parse_running_versions(Bytes attributes) {
  RunningVersions versions;
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type != DEVLINK_ATTR_INFO_VERSION_RUNNING) continue;
    const auto name = nested(attribute->payload, DEVLINK_ATTR_INFO_VERSION_NAME);
    const auto value = nested(attribute->payload, DEVLINK_ATTR_INFO_VERSION_VALUE);
    if (name && value && !printable(*name).empty()) versions.emplace(printable(*name), printable(*value));
  }
  return versions;
}

}  // namespace nic::host
