#include "core/fault.hpp"

#include "core/match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace nic::core {
namespace {

using model::HealthCauses;
using model::Inventory;
using model::LinkType;
using model::NetDevice;
using model::PciFunction;

// Reporters that say that something went wrong once, and do not keep the card from working: mlx5's "fw" stays in error
// after each report of its firmware, as nothing recovers it. Source: kernel Documentation/networking/devlink/mlx5.rst,
// ice.rst.
constexpr std::array<std::string_view, 3> kOnlyReport{"fw", "mdd", "vnic"};
// Of queues of the PF's own interface, which its VFs do not use.
constexpr std::array<std::string_view, 2> kOwnQueues{"tx", "rx"};

std::string broken(const PciFunction& function, bool is_own) {
  for (const auto& reporter : function.reporters) {
    if (reporter.healthy || std::ranges::find(kOnlyReport, reporter.name) != kOnlyReport.end()) continue;
    if (!is_own && std::ranges::find(kOwnQueues, reporter.name) != kOwnQueues.end()) continue;
    return fmt::format("health reporter {} of {} shows an error", reporter.name, function.address.text());
  }
  return "";
}

// With switchdev a VF goes out through the bond of its PF's uplinks.
bool has_carrier(const NetDevice& net, const PciFunction& of, const Inventory& inventory) {
  if (net.carrier) return true;
  const auto* bond = net.master_ifindex ? inventory.net_device(*net.master_ifindex) : nullptr;
  return of.eswitch_mode == model::EswitchMode::switchdev && bond != nullptr && bond->carrier;
}

// All Ethernet interfaces that are up are without carrier. IPoIB's carrier is that of its broadcast group: the port
// tells more.
std::string without_carrier(const PciFunction& of, const std::vector<const NetDevice*>& nets,
                            const Inventory& inventory, std::string_view whose) {
  const NetDevice* down = nullptr;
  for (const auto* net : nets) {
    if (!net->admin_up || net->link_type != LinkType::ethernet) continue;
    if (has_carrier(*net, of, inventory)) return "";
    down = net;
  }
  return down == nullptr ? "" : fmt::format("{}{} has no carrier", down->name, whose);
}

std::string ports_down(const std::vector<const model::RdmaDevice*>& devices, bool infiniband_only,
                       std::string_view whose) {
  std::string down;
  for (const auto* rdma : devices)
    for (const auto& port : rdma->ports) {
      if (port.state.empty() || (infiniband_only && port.link_layer != LinkType::infiniband)) continue;
      if (port.state.starts_with("ACTIVE")) return "";
      if (!down.empty()) continue;
      down = fmt::format("port {} of {}{} is {}", port.number, rdma->name, whose, port.state);
      if (port.state == "INIT") down += ": no subnet manager has brought it up";
    }
  return down;
}

// The link through which a function goes out.
std::string uplink_down(const HealthCauses& causes, const PciFunction& pf, const Inventory& inventory,
                        std::string_view whose) {
  if (causes.carrier)
    if (auto why = without_carrier(pf, uplinks_of(pf, inventory), inventory, whose); !why.empty()) return why;
  return causes.port ? ports_down(inventory.rdma_devices_of(pf.address), true, whose) : "";
}

}  // namespace

const Faults::Pf& Faults::pf(const PciFunction& function) {
  const auto known = pfs_.find(function.address);
  if (known != pfs_.end()) return known->second;
  Pf found;
  if (causes_.devlink) found.broken = broken(function, false);
  found.uplink = uplink_down(causes_, function, inventory_, " of its PF");
  for (const auto* net : inventory_.net_devices_of(function.address))
    for (const auto& [index, settings] : net->vfs)
      if (settings.link_state) found.told.emplace(index, *settings.link_state);
  return pfs_.emplace(function.address, std::move(found)).first->second;
}

std::string Faults::of(const PciFunction& function) {
  if (causes_.devlink)
    if (auto why = broken(function, true); !why.empty()) return why;
  const auto* of_vf = function.physfn ? inventory_.function(*function.physfn) : nullptr;
  if (of_vf == nullptr) return uplink_down(causes_, function, inventory_, "");
  const auto& pf_found = pf(*of_vf);
  if (!pf_found.broken.empty()) return pf_found.broken;
  const auto told = function.vf_index ? pf_found.told.find(*function.vf_index) : pf_found.told.end();
  if (told == pf_found.told.end() || told->second == model::VfLinkState::automatic) return pf_found.uplink;
  // Up whatever the PF's link does, or down.
  if (told->second == model::VfLinkState::enable || !causes_.carrier) return "";
  return "its PF keeps its link down (link_state)";
}

std::string Faults::of_auxiliary(const PciFunction& parent) {
  const auto& found = pf(parent);
  return found.broken.empty() ? found.uplink : found.broken;
}

std::string fault_of_shared(const HealthCauses& causes, const PciFunction& function, const Inventory& inventory) {
  const auto* pf = function.physfn ? inventory.function(*function.physfn) : nullptr;
  if (causes.devlink) {
    if (auto why = broken(function, true); !why.empty()) return why;
    if (auto why = pf == nullptr ? "" : broken(*pf, false); !why.empty()) return why;
  }
  if (causes.carrier)
    if (auto why = without_carrier(function, inventory.net_devices_of(function.address), inventory, ""); !why.empty())
      return why;
  return causes.port ? ports_down(inventory.rdma_devices_of(function.address), false, "") : "";
}

}  // namespace nic::core
