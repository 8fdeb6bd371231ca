#include "core/lag.hpp"

#include <algorithm>

namespace nic::core {
namespace {

bool same_card(const model::PciAddress& one, const model::PciAddress& other) {
  return one.domain == other.domain && one.bus == other.bus && one.device == other.device;
}

}  // namespace

bool aggregates_in_card(const model::PciFunction& pf, const model::Inventory& inventory) {
  if (pf.driver != "mlx5_core") return false;
  const auto nets = inventory.net_devices_of(pf.address);
  return std::ranges::any_of(inventory.net_devices, [&](const model::NetDevice& other) {
    return other.own() && other.master_ifindex && other.function && *other.function != pf.address &&
           same_card(*other.function, pf.address) &&
           std::ranges::any_of(nets, [&](const auto* net) { return net->master_ifindex == other.master_ifindex; });
  });
}

}  // namespace nic::core
