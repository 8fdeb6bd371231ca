// What a PF says of one of its VFs: its addresses and what its traffic may do. One shape for what is, what is wished
// and what a step changes. Thread: any (values). Source: linux/if_link.h IFLA_VF_*, ip-link(8) "vf NUM".
#pragma once

#include "model/hardware_address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace nic::model {

enum class VlanProtocol : std::uint8_t { dot1q, dot1ad };  // 802.1Q (the usual tag), 802.1ad (provider bridges)
// Of the VF's port: as the PF's port, or always up, or always down. InfiniBand: Follow, Up, Down.
enum class VfLinkState : std::uint8_t { automatic, enable, disable };

struct Vlan {
  std::uint16_t id{0};  // 0 (none) to 4094
  std::uint8_t qos{0};  // 0 to 7
  VlanProtocol protocol{VlanProtocol::dot1q};

  bool operator==(const Vlan&) const = default;
};

// nullopt: not told by the driver, not wished, not changed.
struct VfSettings {
  std::optional<MacAddress> mac;  // the administrative one; zero: none is set
  std::optional<Guid> node_guid;
  std::optional<Guid> port_guid;
  std::optional<Vlan> vlan;
  std::optional<bool> trust;
  std::optional<bool> spoof_check;
  std::optional<VfLinkState> link_state;
  std::optional<unsigned> min_tx_rate;  // Mbit/s, 0: no limit
  std::optional<unsigned> max_tx_rate;  // the same

  bool operator==(const VfSettings&) const = default;
  [[nodiscard]] bool empty() const { return *this == VfSettings{}; }
  // The addresses alone: what a VF's driver reads once, when it is bound.
  [[nodiscard]] VfSettings addresses() const;
  void drop_addresses();
  void drop_guids();
};

// Every setting, with its name, in the order in which they are written: addresses before what may depend on them, trust
// before what only a trusted VF may.
inline constexpr std::tuple kVfSettings{
    std::pair{"mac", &VfSettings::mac},
    std::pair{"node_guid", &VfSettings::node_guid},
    std::pair{"port_guid", &VfSettings::port_guid},
    std::pair{"vlan", &VfSettings::vlan},
    std::pair{"trust", &VfSettings::trust},
    std::pair{"spoofchk", &VfSettings::spoof_check},
    std::pair{"link_state", &VfSettings::link_state},
    std::pair{"min_tx_rate", &VfSettings::min_tx_rate},
    std::pair{"max_tx_rate", &VfSettings::max_tx_rate},
};

// each(name, member) for every setting.
template <class Each>
void for_each_setting(Each each) {
  std::apply([&](const auto&... one) { (each(one.first, one.second), ...); }, kVfSettings);
}

// One setting by its name and its value, as people read it: {"vlan", "100 (802.1ad, qos 3)"}.
struct NamedSetting {
  std::string_view name;
  std::string value;

  bool operator==(const NamedSetting&) const = default;
};
// Those that are there, in the order in which they are written.
[[nodiscard]] std::vector<NamedSetting> named(const VfSettings& settings);

// `wished` without what is already so in `now`.
[[nodiscard]] VfSettings missing(const VfSettings& wished, const VfSettings& now);
// Takes out of `wished` what `now` does not tell; gives the names.
std::vector<std::string_view> take_untold(VfSettings& wished, const VfSettings& now);
// Of `now` what `change` speaks of.
[[nodiscard]] VfSettings those_of(const VfSettings& change, const VfSettings& now);
// `change` laid over `settings`.
void lay_over(VfSettings& settings, const VfSettings& change);

[[nodiscard]] std::string_view word(VlanProtocol protocol);  // "802.1q", "802.1ad"
[[nodiscard]] std::string_view word(VfLinkState state);      // "auto", "enable", "disable"

}  // namespace nic::model
