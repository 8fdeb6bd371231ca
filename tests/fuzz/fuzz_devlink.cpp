// rooms: host model
// Generic netlink from anybody, and the names of ports: what is read stays within the bytes and is text.
#include "host/devlink_parse.hpp"
#include "host/kernel_events.hpp"
#include "host/netlink_ack.hpp"
#include "host/vdpa_parse.hpp"
#include "model/eswitch.hpp"
#include "words.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nic::host;
  const Bytes bytes = std::as_bytes(std::span{data, size});
  if (const auto family = parse_family(bytes)) {
    require(family->id != 0 && printable(family->name));
    for (const auto& [name, id] : family->groups) require(!name.empty() && printable(name));
  }
  if (const auto device = parse_devlink_device(bytes)) require(printable(device->text()) && !device->name.empty());
  std::ignore = parse_eswitch_mode(bytes);
  if (const auto port = parse_devlink_port(bytes)) require(!port->device.bus.empty());
  if (const auto reporter = parse_health_reporter(bytes))
    require(!reporter->reporter.name.empty() && printable(reporter->reporter.name));
  if (const auto parameter = parse_devlink_parameter(bytes))
    for (const auto& value : parameter->values) require(printable(value.text));
  for (const auto& [name, version] : parse_running_versions(bytes)) require(printable(name) && printable(version));
  if (const auto management = parse_vdpa_management(bytes))
    require(!management->name.empty() && printable(management->text()));
  const auto dirty = dirty_of_devlink(bytes);
  require(!dirty.everything && dirty.functions.empty());
  for (const auto flags : {0, NLM_F_ACK_TLVS, NLM_F_ACK_TLVS | NLM_F_CAPPED})
    require(printable(explanation(static_cast<std::uint16_t>(flags), bytes)));
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto name = nic::model::parse_port_name(text))
    require(nic::model::is_representor(text) == (name->kind != nic::model::PortKind::physical));
  return 0;
}
