#include "core/match.hpp"

#include <algorithm>

namespace nic::core {
namespace {

using model::Inventory;
using model::PciFunction;
using model::Selectors;

template <class T>
bool holds(const std::vector<T>& list, const T& value) {
  return std::ranges::find(list, value) != list.end();
}

bool named(const PciFunction& pf, const Inventory& inventory, const std::string& name) {
  return std::ranges::any_of(inventory.net_devices_of(pf.address), [&](const model::NetDevice* net) {
    return net->name == name || holds(net->altnames, name);
  });
}

// The entries of a list that mean this PF add up; an entry without ranges means all VFs.
void add_ranges(std::optional<std::vector<model::IndexRange>>& all, const std::vector<model::IndexRange>& some) {
  if (!all) {
    all = some;
  } else if (some.empty()) {
    all->clear();
  } else if (!all->empty()) {
    all->insert(all->end(), some.begin(), some.end());
  }
}

std::optional<std::vector<model::IndexRange>> by_pf_name(const Selectors& selectors, const PciFunction& pf,
                                                         const Inventory& inventory) {
  std::optional<std::vector<model::IndexRange>> ranges;
  for (const auto& entry : selectors.pf_names)
    if (named(pf, inventory, entry.name)) add_ranges(ranges, entry.vfs);
  return ranges;
}

std::optional<std::vector<model::IndexRange>> by_root_device(const Selectors& selectors, const PciFunction& pf) {
  std::optional<std::vector<model::IndexRange>> ranges;
  for (const auto& entry : selectors.root_devices)
    if (entry.address == pf.address) add_ranges(ranges, entry.vfs);
  return ranges;
}

std::vector<model::IndexRange> in_both(const std::vector<model::IndexRange>& some,
                                       const std::vector<model::IndexRange>& others) {
  std::vector<model::IndexRange> both;
  for (const auto& one : some)
    for (const auto& other : others)
      if (one.first <= other.last && other.first <= one.last)
        both.push_back({std::max(one.first, other.first), std::min(one.last, other.last)});
  return both;
}

}  // namespace

std::vector<const model::NetDevice*> uplinks_of(const PciFunction& pf, const Inventory& inventory) {
  auto nets = inventory.net_devices_of(pf.address);
  if (pf.eswitch_mode != model::EswitchMode::switchdev) return nets;
  std::vector<const model::NetDevice*> uplinks;
  for (const auto* net : nets) {
    const auto port = net->phys_port_name ? model::parse_port_name(*net->phys_port_name) : std::nullopt;
    if (port && port->kind == model::PortKind::physical && net->phys_switch_id) uplinks.push_back(net);
  }
  return uplinks.empty() ? nets : uplinks;  // a driver that names no ports
}

// InfiniBand without IPoIB and a VF on vfio-pci have no interface.
model::LinkType link_type_of(const PciFunction& function, const Inventory& inventory) {
  for (const auto* net : inventory.net_devices_of(function.address)) return net->link_type;
  for (const auto* rdma : inventory.rdma_devices_of(function.address))
    for (const auto& port : rdma->ports)
      if (port.link_layer != model::LinkType::unknown) return port.link_layer;
  if (const auto* pf = function.physfn ? inventory.function(*function.physfn) : nullptr)
    return link_type_of(*pf, inventory);
  switch (function.class_code >> 8) {
    case 0x0200: return model::LinkType::ethernet;
    case 0x0207: return model::LinkType::infiniband;
    default: return model::LinkType::unknown;
  }
}

std::optional<std::vector<model::IndexRange>> match_pf(const Selectors& selectors, const PciFunction& pf,
                                                       const Inventory& inventory) {
  if (!selectors.vendors.empty() && !holds(selectors.vendors, pf.vendor)) return std::nullopt;
  if (!selectors.devices.empty() && !holds(selectors.devices, pf.device)) return std::nullopt;
  if (!selectors.link_types.empty() && !holds(selectors.link_types, link_type_of(pf, inventory))) return std::nullopt;
  std::vector<model::IndexRange> ranges;
  if (!selectors.pf_names.empty()) {
    auto named_ranges = by_pf_name(selectors, pf, inventory);
    if (!named_ranges) return std::nullopt;
    ranges = std::move(*named_ranges);
  }
  if (!selectors.root_devices.empty()) {
    auto root_ranges = by_root_device(selectors, pf);
    if (!root_ranges) return std::nullopt;
    if (!ranges.empty() && !root_ranges->empty()) {
      ranges = in_both(ranges, *root_ranges);
      if (ranges.empty()) return std::nullopt;
    } else if (ranges.empty()) {
      ranges = std::move(*root_ranges);
    }
  }
  return ranges;
}

}  // namespace nic::core
