// A resource's selectors. Source: sriov-network-device-plugin and k8s-rdma-shared-dev-plugin, with what they get wrong
// put right: several entries for one PF add up, and every interface of a function counts.
#include "core/match.hpp"
#include "model/drivers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace nic::core {
namespace {

using model::Inventory;
using model::LinkType;
using model::NetDevice;
using model::PciFunction;
using model::RdmaDevice;
using model::Selectors;

using Why = std::optional<std::string>;

// What is matched: a PCI function, or a scalable function on it.
struct Device {
  const PciFunction& function;
  const model::AuxiliaryDevice* auxiliary;
  const PciFunction* pf;          // whose part it is; nullptr where it is nobody's, or that one is not there
  std::optional<unsigned> index;  // VF, or sfnum
  const Inventory& inventory;

  // Looked for only where a selector asks for them: there may be a thousand of each.
  [[nodiscard]] std::vector<const NetDevice*> nets() const {
    return auxiliary == nullptr ? inventory.net_devices_of(function.address)
                                : inventory.net_devices_on(auxiliary->name);
  }
  [[nodiscard]] std::vector<const RdmaDevice*> rdma() const {
    return auxiliary == nullptr ? inventory.rdma_devices_of(function.address)
                                : inventory.rdma_devices_on(auxiliary->name);
  }
  [[nodiscard]] bool rdma_elsewhere() const {
    return auxiliary == nullptr ? function.rdma_elsewhere : auxiliary->rdma_elsewhere;
  }
};

template <class T>
bool holds(const std::vector<T>& list, const T& value) {
  return std::ranges::find(list, value) != list.end();
}

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string hex_list(const std::vector<std::uint16_t>& ids) {
  std::string text;
  for (const auto id : ids) text += fmt::format("{}{:04x}", text.empty() ? "" : ", ", id);
  return text;
}

std::string names(const std::vector<const NetDevice*>& nets) {
  std::string text;
  for (const auto* net : nets) text += (text.empty() ? "" : ", ") + net->name;
  return text.empty() ? "none" : text;
}

Why mismatch_of_ids(const Selectors& selectors, const PciFunction& function) {
  if (!selectors.vendors.empty() && !holds(selectors.vendors, function.vendor))
    return fmt::format("its vendor {:04x} is not in vendors ({})", function.vendor, hex_list(selectors.vendors));
  if (!selectors.devices.empty() && !holds(selectors.devices, function.device))
    return fmt::format("its device id {:04x} is not in devices ({})", function.device, hex_list(selectors.devices));
  if (selectors.drivers.empty() || (function.driver && holds(selectors.drivers, *function.driver))) return std::nullopt;
  auto why = fmt::format("its driver ({}) is not in drivers ({})", function.driver.value_or("none"),
                         fmt::join(selectors.drivers, ", "));
  for (const auto& driver : selectors.drivers)
    if (const auto meant = model::pci_driver_of(driver); !meant.empty())
      why += fmt::format("; {} is a driver of RDMA devices, the function's own is {}", driver, meant);
  return why;
}

Why mismatch_of_place(const Selectors& selectors, const PciFunction& function) {
  if (!selectors.pci_addresses.empty() && !holds(selectors.pci_addresses, function.address))
    return "its address is not in pci_addresses";
  if (!selectors.acpi_indexes.empty() && !holds(selectors.acpi_indexes, function.acpi_index))
    return fmt::format("its ACPI index ({}) is not in acpi_indexes",
                       function.acpi_index.empty() ? "none" : function.acpi_index);
  return std::nullopt;
}

// Of the entries that mean this PF one must hold the index; an entry without ranges holds every index.
template <class Entry, class Means>
bool named(const std::vector<Entry>& entries, const Device& device, Means means) {
  return std::ranges::any_of(entries, [&](const Entry& entry) {
    return means(entry) && (entry.vfs.empty() || (device.index && model::contains(entry.vfs, *device.index)));
  });
}

Why mismatch_of_pf(const Selectors& selectors, const Device& device) {
  if (selectors.pf_names.empty() && selectors.root_devices.empty()) return std::nullopt;
  if (device.pf == nullptr && device.function.physfn)
    return fmt::format("its PF {} is not there", device.function.physfn->text());
  if (device.pf == nullptr)
    return "it is not a VF, and pf_names and root_devices select VFs and scalable functions of a PF";
  const auto which = fmt::format("{} {}", device.auxiliary == nullptr ? "VF" : "SF",
                                 device.index ? std::to_string(*device.index) : "of an unknown number");
  const auto uplinks =
      selectors.pf_names.empty() ? std::vector<const NetDevice*>{} : uplinks_of(*device.pf, device.inventory);
  const bool by_name = named(selectors.pf_names, device, [&](const model::PfName& entry) {
    return std::ranges::any_of(uplinks, [&](const NetDevice* net) {
      return same_but_for_case(net->name, entry.name) ||
             std::ranges::any_of(net->altnames, [&](const auto& name) { return same_but_for_case(name, entry.name); });
    });
  });
  if (!selectors.pf_names.empty() && !by_name)
    return fmt::format("pf_names does not name {} of {} ({})", which, device.pf->address.text(), names(uplinks));
  const bool by_address =
      named(selectors.root_devices, device, [&](const auto& entry) { return entry.address == device.pf->address; });
  if (!selectors.root_devices.empty() && !by_address)
    return fmt::format("root_devices does not name {} of {}", which, device.pf->address.text());
  return std::nullopt;
}

// Of a VF that sits in a pod the PF tells.
std::vector<LinkType> link_types_of(const Device& device) {
  std::vector<LinkType> types;
  for (const auto* net : device.nets()) types.push_back(net->link_type);
  if (!types.empty()) return types;
  for (const auto* rdma : device.rdma())
    for (const auto& port : rdma->ports)
      if (port.link_layer != LinkType::unknown) types.push_back(port.link_layer);
  if (types.empty())
    types.push_back(link_type_of(device.pf == nullptr ? device.function : *device.pf, device.inventory));
  return types;
}

// A VF that an InfiniBand subnet manager has put into a partition: what stands in the first place of its table.
Why mismatch_of_pkey(const Selectors& selectors, const Device& device) {
  if (selectors.pkeys.empty()) return std::nullopt;
  if (!holds(link_types_of(device), LinkType::infiniband)) return "its link is not InfiniBand, and pkeys are";
  for (const auto* rdma : device.rdma())
    for (const auto& port : rdma->ports)
      if (port.first_pkey) {
        if (holds(selectors.pkeys, *port.first_pkey)) return std::nullopt;
        return fmt::format("its first PKey (0x{:04x}) is not in pkeys", *port.first_pkey);
      }
  return "its PKey cannot be read: it shows no RDMA device here";
}

Why mismatch_of_links(const Selectors& selectors, const Device& device) {
  const auto in_list = [&](const NetDevice* net) {
    return holds(selectors.if_names, net->name) ||
           std::ranges::any_of(net->altnames, [&](const auto& name) { return holds(selectors.if_names, name); });
  };
  if (!selectors.if_names.empty() && std::ranges::none_of(device.nets(), in_list))
    return fmt::format("its network interface ({}) is not in if_names ({})", names(device.nets()),
                       fmt::join(selectors.if_names, ", "));
  if (!selectors.link_types.empty()) {
    const auto types = link_types_of(device);
    if (std::ranges::none_of(types, [&](LinkType type) { return holds(selectors.link_types, type); }))
      return fmt::format("its link type ({}) is not in link_types", word(types.front()));
  }
  if (auto why = mismatch_of_pkey(selectors, device)) return why;
  if (selectors.is_rdma && !device.rdma_elsewhere() && device.rdma().empty()) return "it has no RDMA device (is_rdma)";
  return std::nullopt;
}

Why mismatch_of_more(const Selectors& selectors, const Device& device) {
  if (!selectors.ddp_profiles.empty()) {
    const auto& own = device.function.ddp_profile;
    const auto& profile = own.empty() && device.pf != nullptr ? device.pf->ddp_profile : own;
    if (profile.empty()) return "it tells no DDP profile, and ddp_profiles asks for one";
    if (!holds(selectors.ddp_profiles, profile))
      return fmt::format("its DDP profile (\"{}\") is not in ddp_profiles", profile);
  }
  if (selectors.vdpa_type) {
    const auto driver = vdpa_driver(*selectors.vdpa_type);
    if (std::ranges::find(device.function.vdpa, driver, &model::VdpaDevice::driver) == device.function.vdpa.end())
      return fmt::format("it has no vDPA device on {} (vdpa_type)", driver);
  }
  return std::nullopt;
}

}  // namespace

Why mismatch(const Selectors& selectors, const PciFunction& function, const Inventory& inventory) {
  if (auto why = mismatch_of_ids(selectors, function)) return why;
  if (auto why = mismatch_of_place(selectors, function)) return why;
  if (!selectors.aux_types.empty()) return "it is a PCI function, and aux_types selects auxiliary devices";
  const Device device{function, nullptr, function.physfn ? inventory.function(*function.physfn) : nullptr,
                      function.vf_index, inventory};
  if (auto why = mismatch_of_pf(selectors, device)) return why;
  if (auto why = mismatch_of_links(selectors, device)) return why;
  return mismatch_of_more(selectors, device);
}

Why mismatch(const Selectors& selectors, const PciFunction& parent, const model::AuxiliaryDevice& auxiliary,
             const Inventory& inventory) {
  if (auto why = mismatch_of_ids(selectors, parent)) return why;
  if (!selectors.aux_types.empty() && !holds(selectors.aux_types, auxiliary.type))
    return fmt::format("its type ({}) is not in aux_types ({})", auxiliary.type, fmt::join(selectors.aux_types, ", "));
  const Device device{parent, &auxiliary, &parent, auxiliary.sf_number, inventory};
  if (auto why = mismatch_of_pf(selectors, device)) return why;
  return mismatch_of_links(selectors, device);
}

}  // namespace nic::core
