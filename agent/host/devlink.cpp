#include "host/devlink.hpp"

#include <linux/devlink.h>

#include <cerrno>
#include <charconv>

namespace nic::host {
namespace {

template <class T>
using Answer = std::expected<T, model::Error>;

Attributes address_of(const DevlinkDevice& device) {
  return Attributes{}.text(DEVLINK_ATTR_BUS_NAME, device.bus).text(DEVLINK_ATTR_DEV_NAME, device.name);
}

// "ask generic netlink" tells nobody anything: what was attempted, and on what.
model::Error on(model::Error error, std::string operation, const DevlinkDevice& device) {
  error.operation = std::move(operation);
  error.object = device.text();
  return error;
}

template <class T>
bool add_number(Attributes& attributes, std::string_view text) {
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return false;
  attributes.number(DEVLINK_ATTR_PARAM_VALUE_DATA, value);
  return true;
}

// False: the text is no value of that type.
bool add_value(Attributes& attributes, ParameterType type, std::string_view text) {
  switch (type) {
    case ParameterType::u8: return add_number<std::uint8_t>(attributes, text);
    case ParameterType::u16: return add_number<std::uint16_t>(attributes, text);
    case ParameterType::u32: return add_number<std::uint32_t>(attributes, text);
    case ParameterType::u64: return add_number<std::uint64_t>(attributes, text);
    case ParameterType::text: attributes.text(DEVLINK_ATTR_PARAM_VALUE_DATA, text); return true;
    case ParameterType::flag:
      if (text == "true") attributes.flag(DEVLINK_ATTR_PARAM_VALUE_DATA);
      return text == "true" || text == "false";
  }
  return false;
}

}  // namespace

Answer<Devlink> Devlink::open() {
  auto socket = GenlSocket::open(DEVLINK_GENL_NAME, DEVLINK_GENL_VERSION);
  if (!socket) return std::unexpected(std::move(socket.error()));
  return Devlink{std::move(*socket)};
}

template <class Item>
Answer<std::vector<Item>> Devlink::list(std::uint8_t command, std::string_view activity,
                                        std::optional<Item> (*parse)(Bytes)) {
  std::vector<Item> all;
  const auto done = socket_.dump(
      command, {}, [&] { all.clear(); },
      [&](Bytes attributes) {
        if (auto item = parse(attributes)) all.push_back(std::move(*item));
      });
  if (!done) return std::unexpected(done.error().during(activity));
  return all;
}

Answer<std::vector<DevlinkDevice>> Devlink::devices() {
  return list<DevlinkDevice>(DEVLINK_CMD_GET, "list the devlink devices", parse_devlink_device);
}

Answer<std::vector<PortOf>> Devlink::ports() {
  return list<PortOf>(DEVLINK_CMD_PORT_GET, "list the devlink ports", parse_devlink_port);
}

Answer<std::vector<ReporterOf>> Devlink::health_reporters() {
  return list<ReporterOf>(DEVLINK_CMD_HEALTH_REPORTER_GET, "list the health reporters", parse_health_reporter);
}

Answer<std::optional<model::EswitchMode>> Devlink::eswitch_mode(const DevlinkDevice& device) {
  std::optional<model::EswitchMode> mode;
  const auto done = socket_.ask(DEVLINK_CMD_ESWITCH_GET, address_of(device),
                                [&](Bytes attributes) { mode = parse_eswitch_mode(attributes); });
  if (done || done.error().errno_value == ENODEV || done.error().errno_value == EOPNOTSUPP) return mode;
  return std::unexpected(on(done.error(), "read the eswitch mode of", device));
}

Answer<void> Devlink::set_eswitch_mode(const DevlinkDevice& device, model::EswitchMode mode) {
  const std::uint16_t value =
      mode == model::EswitchMode::switchdev ? DEVLINK_ESWITCH_MODE_SWITCHDEV : DEVLINK_ESWITCH_MODE_LEGACY;
  const auto done =
      socket_.change(DEVLINK_CMD_ESWITCH_SET, address_of(device).number(DEVLINK_ATTR_ESWITCH_MODE, value));
  if (!done) return std::unexpected(on(done.error(), "set eswitch mode " + std::string{word(mode)} + " on", device));
  return {};
}

Answer<RunningVersions> Devlink::running_versions(const DevlinkDevice& device) {
  RunningVersions versions;
  const auto done = socket_.ask(DEVLINK_CMD_INFO_GET, address_of(device),
                                [&](Bytes attributes) { versions.merge(parse_running_versions(attributes)); });
  if (done || done.error().errno_value == ENODEV || done.error().errno_value == EOPNOTSUPP) return versions;
  return std::unexpected(on(done.error(), "read what runs on", device));
}

Answer<std::optional<DevlinkParameter>> Devlink::parameter(const DevlinkDevice& device, std::string_view name) {
  std::optional<DevlinkParameter> found;
  const auto done = socket_.ask(DEVLINK_CMD_PARAM_GET, address_of(device).text(DEVLINK_ATTR_PARAM_NAME, name),
                                [&](Bytes attributes) { found = parse_devlink_parameter(attributes); });
  // EINVAL: no such parameter; ENODEV: no such device; EOPNOTSUPP: it can be set and not read (net/devlink/param.c).
  const int failure = done ? 0 : done.error().errno_value;
  if (failure == 0 || failure == EINVAL || failure == ENODEV || failure == EOPNOTSUPP) return found;
  return std::unexpected(on(done.error(), "read parameter " + std::string{name} + " of", device));
}

Answer<void> Devlink::set_parameter(const DevlinkDevice& device, const DevlinkParameter& parameter,
                                    std::string_view text) {
  const std::string what = "set parameter " + parameter.name + " of";
  if (parameter.values.empty())
    return std::unexpected(model::invalid(what, device.text(), "the driver offers no value of it"));
  auto attributes = address_of(device);
  attributes.text(DEVLINK_ATTR_PARAM_NAME, parameter.name)
      .number(DEVLINK_ATTR_PARAM_TYPE, static_cast<std::uint8_t>(parameter.type))
      .number(DEVLINK_ATTR_PARAM_VALUE_CMODE, static_cast<std::uint8_t>(parameter.values.front().mode));
  if (!add_value(attributes, parameter.type, text))
    return std::unexpected(
        model::invalid(what, device.text(), "\"" + std::string{text} + "\" is no value of its type"));
  const auto done = socket_.change(DEVLINK_CMD_PARAM_SET, attributes);
  if (!done) return std::unexpected(on(done.error(), what, device));
  return {};
}

}  // namespace nic::host
