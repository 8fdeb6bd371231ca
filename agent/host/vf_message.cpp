#include "host/vf_message.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace nic::host {
namespace {

using model::VfSettings;

constexpr std::uint32_t kUntold = 0xffffffff;

std::optional<bool> switch_of(std::uint32_t setting) {
  if (setting == kUntold) return std::nullopt;
  return setting != 0;
}

std::optional<model::VfLinkState> link_state_of(std::uint32_t state) {
  switch (state) {
    case IFLA_VF_LINK_STATE_AUTO: return model::VfLinkState::automatic;
    case IFLA_VF_LINK_STATE_ENABLE: return model::VfLinkState::enable;
    case IFLA_VF_LINK_STATE_DISABLE: return model::VfLinkState::disable;
    default: return std::nullopt;
  }
}

std::uint32_t kernel_word(model::VfLinkState state) {
  switch (state) {
    case model::VfLinkState::automatic: return IFLA_VF_LINK_STATE_AUTO;
    case model::VfLinkState::enable: return IFLA_VF_LINK_STATE_ENABLE;
    case model::VfLinkState::disable: return IFLA_VF_LINK_STATE_DISABLE;
  }
  std::unreachable();
}

model::Vlan vlan_of(std::uint32_t id, std::uint32_t qos, std::uint16_t protocol) {
  return {static_cast<std::uint16_t>(id), static_cast<std::uint8_t>(qos),
          ntohs(protocol) == ETH_P_8021AD ? model::VlanProtocol::dot1ad : model::VlanProtocol::dot1q};
}

void read_mac(const ifla_vf_mac& mac, VfSettings& settings) {
  std::array<std::uint8_t, 6> bytes{};
  std::copy_n(std::begin(mac.mac), bytes.size(), bytes.begin());
  settings.mac = model::MacAddress::of(bytes);
}

// Everything that one IFLA_VF_INFO says; each part of it begins with the VF's index.
void read_vf(Bytes info, std::map<unsigned, VfSettings>& vfs) {
  VfSettings settings;
  std::optional<unsigned> index;
  while (const auto attribute = next_attribute(info)) {
    const auto value = attribute->payload;
    if (attribute->type == IFLA_VF_VLAN_LIST) {
      auto list = value;
      if (const auto item = next_attribute(list))
        if (const auto vlan = leading<ifla_vf_vlan_info>(item->payload)) {
          if (!index) index = vlan->vf;
          settings.vlan = vlan_of(vlan->vlan, vlan->qos, vlan->vlan_proto);
        }
      continue;
    }
    if (!index) index = leading<std::uint32_t>(value);
    switch (attribute->type) {
      case IFLA_VF_MAC:
        if (const auto mac = leading<ifla_vf_mac>(value)) read_mac(*mac, settings);
        break;
      case IFLA_VF_VLAN:
        if (const auto vlan = leading<ifla_vf_vlan>(value); vlan && !settings.vlan)
          settings.vlan = vlan_of(vlan->vlan, vlan->qos, htons(ETH_P_8021Q));
        break;
      case IFLA_VF_RATE:
        if (const auto rate = leading<ifla_vf_rate>(value)) {
          settings.min_tx_rate = rate->min_tx_rate;
          settings.max_tx_rate = rate->max_tx_rate;
        }
        break;
      case IFLA_VF_SPOOFCHK:
        if (const auto check = leading<ifla_vf_spoofchk>(value)) settings.spoof_check = switch_of(check->setting);
        break;
      case IFLA_VF_TRUST:
        if (const auto trust = leading<ifla_vf_trust>(value)) settings.trust = switch_of(trust->setting);
        break;
      case IFLA_VF_LINK_STATE:
        if (const auto state = leading<ifla_vf_link_state>(value))
          settings.link_state = link_state_of(state->link_state);
        break;
      case IFLA_VF_IB_NODE_GUID:
        if (const auto guid = leading<ifla_vf_guid>(value)) settings.node_guid = model::Guid{guid->guid};
        break;
      case IFLA_VF_IB_PORT_GUID:
        if (const auto guid = leading<ifla_vf_guid>(value)) settings.port_guid = model::Guid{guid->guid};
        break;
      default: break;
    }
  }
  if (index) vfs[*index] = settings;
}

Attributes vlan_attribute(unsigned vf, const model::Vlan& vlan) {
  const auto protocol =
      static_cast<std::uint16_t>(vlan.protocol == model::VlanProtocol::dot1ad ? ETH_P_8021AD : ETH_P_8021Q);
  return Attributes{}.number(
      IFLA_VF_VLAN_INFO, ifla_vf_vlan_info{.vf = vf, .vlan = vlan.id, .qos = vlan.qos, .vlan_proto = htons(protocol)});
}

Attributes attributes_of(unsigned vf, const VfSettings& settings) {
  Attributes all;
  if (settings.mac) {
    ifla_vf_mac mac{.vf = vf, .mac = {}};
    std::ranges::copy(settings.mac->bytes(), std::begin(mac.mac));
    all.number(IFLA_VF_MAC, mac);
  }
  if (settings.node_guid) all.number(IFLA_VF_IB_NODE_GUID, ifla_vf_guid{.vf = vf, .guid = settings.node_guid->value});
  if (settings.port_guid) all.number(IFLA_VF_IB_PORT_GUID, ifla_vf_guid{.vf = vf, .guid = settings.port_guid->value});
  if (settings.vlan) all.nest(IFLA_VF_VLAN_LIST, vlan_attribute(vf, *settings.vlan));
  if (settings.trust) all.number(IFLA_VF_TRUST, ifla_vf_trust{.vf = vf, .setting = *settings.trust ? 1U : 0U});
  if (settings.spoof_check)
    all.number(IFLA_VF_SPOOFCHK, ifla_vf_spoofchk{.vf = vf, .setting = *settings.spoof_check ? 1U : 0U});
  if (settings.link_state)
    all.number(IFLA_VF_LINK_STATE, ifla_vf_link_state{.vf = vf, .link_state = kernel_word(*settings.link_state)});
  if (settings.min_tx_rate && settings.max_tx_rate)
    all.number(IFLA_VF_RATE,
               ifla_vf_rate{.vf = vf, .min_tx_rate = *settings.min_tx_rate, .max_tx_rate = *settings.max_tx_rate});
  return all;
}

}  // namespace

std::map<unsigned, VfSettings> parse_vfs(Bytes payload) {
  std::map<unsigned, VfSettings> vfs;
  auto rest = behind<ifinfomsg>(payload);
  while (const auto attribute = next_attribute(rest)) {
    if (attribute->type != IFLA_VFINFO_LIST) continue;
    auto list = attribute->payload;
    while (const auto info = next_attribute(list))
      if (info->type == IFLA_VF_INFO) read_vf(info->payload, vfs);
  }
  return vfs;
}

Attributes vf_message(unsigned ifindex, unsigned vf_index, const VfSettings& settings) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(ifindex);
  const auto info = Attributes{}.nest(IFLA_VF_INFO, attributes_of(vf_index, settings));
  return Attributes::behind(header).nest(IFLA_VFINFO_LIST, info);
}

}  // namespace nic::host
