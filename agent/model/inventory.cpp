#include "model/inventory.hpp"

#include <algorithm>
#include <utility>

namespace nic::model {
namespace {

std::vector<const NetDevice*> interfaces(const Inventory& inventory, const PciAddress& address,
                                         bool (NetDevice::*wanted)() const) {
  std::vector<const NetDevice*> result;
  for (const auto& net : inventory.net_devices)
    if (net.function == address && (net.*wanted)()) result.push_back(&net);
  std::ranges::sort(result, {}, &NetDevice::ifindex);
  return result;
}

}  // namespace

bool RdmaDevice::user_access() const {
  return std::ranges::find(nodes, RdmaNode::uverbs, &CharDevice::kind) != nodes.end();
}

const PciFunction* Inventory::function(const PciAddress& address) const {
  if (const auto found = functions.find(address); found != functions.end()) return &found->second;
  const auto accelerator = accelerators.find(address);
  return accelerator == accelerators.end() ? nullptr : &accelerator->second;
}

std::optional<Inventory::AuxiliaryPlace> Inventory::auxiliary(std::string_view name) const {
  for (const auto& [address, function] : functions)
    for (const auto& device : function.auxiliary)
      if (device.name == name) return AuxiliaryPlace{&function, &device};
  return std::nullopt;
}

std::vector<const NetDevice*> Inventory::net_devices_of(const PciAddress& address) const {
  return interfaces(*this, address, &NetDevice::own);
}

std::vector<const NetDevice*> Inventory::representors_of(const PciAddress& address) const {
  return interfaces(*this, address, &NetDevice::representor);
}

std::vector<const RdmaDevice*> Inventory::rdma_devices_of(const PciAddress& address) const {
  std::vector<const RdmaDevice*> result;
  for (const auto& rdma : rdma_devices)
    if (rdma.function == address && rdma.auxiliary.empty()) result.push_back(&rdma);
  return result;
}

std::vector<const NetDevice*> Inventory::net_devices_on(std::string_view auxiliary) const {
  std::vector<const NetDevice*> result;
  for (const auto& net : net_devices)
    if (!auxiliary.empty() && net.auxiliary == auxiliary) result.push_back(&net);
  std::ranges::sort(result, {}, &NetDevice::ifindex);
  return result;
}

std::vector<const RdmaDevice*> Inventory::rdma_devices_on(std::string_view auxiliary) const {
  std::vector<const RdmaDevice*> result;
  for (const auto& rdma : rdma_devices)
    if (!auxiliary.empty() && rdma.auxiliary == auxiliary) result.push_back(&rdma);
  return result;
}

const NetDevice* Inventory::net_device(unsigned ifindex) const {
  const auto found = std::ranges::find(net_devices, ifindex, &NetDevice::ifindex);
  return found == net_devices.end() ? nullptr : &*found;
}

const NetDevice* Inventory::net_device(std::string_view name) const {
  const auto found = std::ranges::find_if(net_devices, [&](const NetDevice& net) {
    return net.name == name || std::ranges::find(net.altnames, name) != net.altnames.end();
  });
  return found == net_devices.end() ? nullptr : &*found;
}

std::string_view word(LinkType type) {
  switch (type) {
    case LinkType::unknown: return "unknown";
    case LinkType::ethernet: return "ethernet";
    case LinkType::infiniband: return "infiniband";
  }
  std::unreachable();
}

std::string_view word(FunctionKind kind) {
  switch (kind) {
    case FunctionKind::plain: return "plain";
    case FunctionKind::pf: return "pf";
    case FunctionKind::vf: return "vf";
  }
  std::unreachable();
}

std::string_view word(RdmaNode kind) {
  switch (kind) {
    case RdmaNode::uverbs: return "uverbs";
    case RdmaNode::umad: return "umad";
    case RdmaNode::issm: return "issm";
    case RdmaNode::ucm: return "ucm";
    case RdmaNode::rdma_cm: return "rdma_cm";
  }
  std::unreachable();
}

}  // namespace nic::model
