#include "core/protect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace nic::core {
namespace {

using model::Inventory;
using model::NetDevice;

// The interface itself and everything below it: ports of a bond or bridge, the device under a VLAN. A representor among
// the ports of a bridge leads to a VF, not out of the machine.
std::set<unsigned> standing_on(const Inventory& inventory, unsigned ifindex) {
  std::set<unsigned> all;
  std::vector<unsigned> next{ifindex};
  while (!next.empty()) {
    const unsigned current = next.back();
    next.pop_back();
    if (!all.insert(current).second) continue;
    for (const NetDevice& net : inventory.net_devices) {
      if (net.master_ifindex == current && !net.representor()) next.push_back(net.ifindex);
      if (net.ifindex == current && net.lower_ifindex) next.push_back(*net.lower_ifindex);
    }
  }
  return all;
}

std::map<unsigned, std::string> carriers_of(const Inventory& inventory, const model::DefaultRoute& route) {
  std::map<unsigned, std::string> all;
  const NetDevice* top = inventory.net_device(route.ifindex);
  for (const unsigned ifindex : standing_on(inventory, route.ifindex)) {
    const NetDevice* net = inventory.net_device(ifindex);
    if (net == nullptr) continue;
    all.emplace(ifindex, fmt::format("carries the IPv{} default route ({})", route.ipv6 ? 6 : 4,
                                     top == nullptr ? net->name : top->name));
  }
  return all;
}

void add(Protection& result, const model::PciAddress& address, const std::string& reason) {
  auto& reasons = result[address];
  if (std::ranges::find(reasons, reason) == reasons.end()) reasons.push_back(reason);
}

}  // namespace

Protection needed_by_host(const Inventory& inventory, const Listed& listed) {
  Protection result;
  const auto protect = [&](const model::PciAddress& address, const std::string& reason) {
    add(result, address, reason);
    const auto* function = inventory.function(address);
    if (function != nullptr && function->physfn)
      add(result, *function->physfn, fmt::format("its VF {} {}", function->vf_index.value_or(0), reason));
  };
  for (const auto& address : listed) protect(address, "is listed as protected in the configuration");
  for (const auto& route : inventory.default_routes)
    for (const auto& [ifindex, reason] : carriers_of(inventory, route))
      if (const NetDevice* net = inventory.net_device(ifindex); net != nullptr && net->function)
        protect(*net->function, reason);
  return result;
}

std::map<unsigned, std::string> below_default_routes(const Inventory& inventory) {
  std::map<unsigned, std::string> all;
  for (const auto& route : inventory.default_routes) all.merge(carriers_of(inventory, route));
  return all;
}

Protection protection(const Inventory& inventory, const Listed& listed) {
  Protection result = needed_by_host(inventory, listed);
  for (const auto& [address, function] : inventory.functions)
    if (!function.in_use.empty()) add(result, address, "is in use: " + function.in_use);
  return result;
}

}  // namespace nic::core
