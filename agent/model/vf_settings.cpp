#include "model/vf_settings.hpp"

#include <fmt/format.h>

#include <utility>

namespace nic::model {
namespace {

std::string text(const MacAddress& mac) { return mac.text(); }
std::string text(const Guid& guid) { return guid.text(); }
std::string text(bool on) { return on ? "on" : "off"; }
std::string text(VfLinkState state) { return std::string{word(state)}; }
std::string text(unsigned rate) { return fmt::format("{} Mbit/s", rate); }
std::string text(const Vlan& vlan) {
  if (vlan.id == 0 && vlan.qos == 0) return "none";
  std::string all = std::to_string(vlan.id);
  if (vlan.protocol == VlanProtocol::dot1ad) all += fmt::format(" ({})", word(vlan.protocol));
  if (vlan.qos != 0) all += fmt::format(" with qos {}", vlan.qos);
  return all;
}

}  // namespace

VfSettings VfSettings::addresses() const {
  VfSettings only;
  only.mac = mac;
  only.node_guid = node_guid;
  only.port_guid = port_guid;
  return only;
}

void VfSettings::drop_addresses() {
  mac.reset();
  drop_guids();
}

void VfSettings::drop_guids() {
  node_guid.reset();
  port_guid.reset();
}

std::vector<NamedSetting> named(const VfSettings& settings) {
  std::vector<NamedSetting> all;
  for_each_setting([&](std::string_view name, auto member) {
    if (const auto& value = settings.*member) all.push_back({name, text(*value)});
  });
  return all;
}

VfSettings missing(const VfSettings& wished, const VfSettings& now) {
  VfSettings rest;
  for_each_setting([&](std::string_view, auto member) {
    if (wished.*member && wished.*member != now.*member) rest.*member = wished.*member;
  });
  return rest;
}

std::vector<std::string_view> take_untold(VfSettings& wished, const VfSettings& now) {
  std::vector<std::string_view> names;
  for_each_setting([&](std::string_view name, auto member) {
    if (!(wished.*member) || now.*member) return;
    names.push_back(name);
    (wished.*member).reset();
  });
  return names;
}

VfSettings those_of(const VfSettings& change, const VfSettings& now) {
  VfSettings same;
  for_each_setting([&](std::string_view, auto member) {
    if (change.*member) same.*member = now.*member;
  });
  return same;
}

void lay_over(VfSettings& settings, const VfSettings& change) {
  for_each_setting([&](std::string_view, auto member) {
    if (change.*member) settings.*member = change.*member;
  });
}

std::string_view word(VlanProtocol protocol) {
  switch (protocol) {
    case VlanProtocol::dot1q: return "802.1q";
    case VlanProtocol::dot1ad: return "802.1ad";
  }
  std::unreachable();
}

std::string_view word(VfLinkState state) {
  switch (state) {
    case VfLinkState::automatic: return "auto";
    case VfLinkState::enable: return "enable";
    case VfLinkState::disable: return "disable";
  }
  std::unreachable();
}

}  // namespace nic::model
