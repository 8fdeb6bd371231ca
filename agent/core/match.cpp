#include "core/match.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

std::string hex_list(const std::vector<std::uint16_t>& ids) {
  std::string text;
  for (const auto id : ids) text += fmt::format("{}{:04x}", text.empty() ? "" : ", ", id);
  return text;
}

// Both lists of ranges must hold the index; an empty list holds every index.
bool in_ranges(const std::optional<std::vector<model::IndexRange>>& ranges, const PciFunction& vf) {
  return ranges && (ranges->empty() || (vf.vf_index && model::contains(*ranges, *vf.vf_index)));
}

std::optional<std::string> mismatch_of_pf(const Selectors& selectors, const PciFunction& function,
                                          const Inventory& inventory) {
  if (selectors.pf_names.empty() && selectors.root_devices.empty()) return std::nullopt;
  if (!function.physfn) return "it is not a VF, and pf_names and root_devices select VFs";
  const PciFunction* pf = inventory.function(*function.physfn);
  if (pf == nullptr) return fmt::format("its PF {} is not there", function.physfn->text());
  if (!selectors.pf_names.empty() && !in_ranges(by_pf_name(selectors, *pf, inventory), function))
    return fmt::format("pf_names does not name VF {} of {}", function.vf_index.value_or(0), pf->address.text());
  if (!selectors.root_devices.empty() && !in_ranges(by_root_device(selectors, *pf), function))
    return fmt::format("root_devices does not name VF {} of {}", function.vf_index.value_or(0), pf->address.text());
  return std::nullopt;
}

std::optional<std::string> mismatch_of_links(const Selectors& selectors, const PciFunction& function,
                                             const Inventory& inventory) {
  const auto nets = inventory.net_devices_of(function.address);
  if (!selectors.if_names.empty()) {
    const bool found =
        std::ranges::any_of(selectors.if_names, [&](const auto& name) { return named(function, inventory, name); });
    if (!found) {
      std::string have = "none";
      for (const auto* net : nets) have = have == "none" ? net->name : have + ", " + net->name;
      return fmt::format("its network interface ({}) is not in if_names ({})", have,
                         fmt::join(selectors.if_names, ", "));
    }
  }
  if (!selectors.link_types.empty()) {
    const auto have = link_type_of(function, inventory);
    if (!holds(selectors.link_types, have)) return fmt::format("its link type ({}) is not in link_types", word(have));
  }
  if (selectors.is_rdma && inventory.rdma_devices_of(function.address).empty())
    return "it has no RDMA device (is_rdma)";
  return std::nullopt;
}

}  // namespace

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

std::optional<std::string> mismatch(const Selectors& selectors, const PciFunction& function,
                                    const Inventory& inventory) {
  if (!selectors.vendors.empty() && !holds(selectors.vendors, function.vendor))
    return fmt::format("its vendor {:04x} is not in vendors ({})", function.vendor, hex_list(selectors.vendors));
  if (!selectors.devices.empty() && !holds(selectors.devices, function.device))
    return fmt::format("its device id {:04x} is not in devices ({})", function.device, hex_list(selectors.devices));
  if (!selectors.drivers.empty() && (!function.driver || !holds(selectors.drivers, *function.driver)))
    return fmt::format("its driver ({}) is not in drivers ({})", function.driver.value_or("none"),
                       fmt::join(selectors.drivers, ", "));
  if (!selectors.pci_addresses.empty() && !holds(selectors.pci_addresses, function.address))
    return "its address is not in pci_addresses";
  if (auto why = mismatch_of_pf(selectors, function, inventory)) return why;
  return mismatch_of_links(selectors, function, inventory);
}

}  // namespace nic::core
