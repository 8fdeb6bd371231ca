#include "core/vf_change.hpp"

#include "model/drivers.hpp"

#include <algorithm>
#include <utility>

namespace nic::core {
namespace {

using model::Guid;
using model::Inventory;
using model::MacAddress;
using model::PciFunction;
using model::VfSettings;

bool has_kernel_driver(const PciFunction& vf) { return vf.driver && !model::is_user_space_driver(*vf.driver); }

std::optional<Guid> guid_of_rdma_device(const Inventory& inventory, const PciFunction& vf) {
  for (const auto* rdma : inventory.rdma_devices_of(vf.address))
    if (const auto guid = Guid::parse(rdma->node_guid); guid && guid->usable()) return guid;
  return std::nullopt;
}

// An address that it has, from whoever, stays; an administrative one becomes what the interface has already.
void keep_own_addresses(VfSettings& wished, const VfSettings* told, const PciFunction& vf, const Inventory& inventory) {
  if (wished.mac && told != nullptr && (!told->mac || told->mac->value != 0))
    wished.mac.reset();
  else if (wished.mac && has_kernel_driver(vf))
    wished.mac = mac_of_interface(inventory, vf);
  if (guid_of_rdma_device(inventory, vf) ||
      (told != nullptr && told->node_guid && told->node_guid->usable() && told->port_guid && told->port_guid->usable()))
    wished.drop_guids();
}

// Kernels before 5.5 do not tell the GUIDs of VFs: the VF's own RDMA device does, once there is one.
void drop_guids_that_are_right(VfSettings& wished, const VfSettings& told, const PciFunction& vf,
                               const Inventory& inventory) {
  if (wished.node_guid && !told.node_guid && guid_of_rdma_device(inventory, vf) == wished.node_guid)
    wished.drop_guids();
}

// The kernel sets both rates at once.
void complete_rates(VfSettings& change, const VfSettings& told) {
  if (!change.min_tx_rate && !change.max_tx_rate) return;
  if (!change.min_tx_rate) change.min_tx_rate = told.min_tx_rate.value_or(0);
  if (!change.max_tx_rate) change.max_tx_rate = told.max_tx_rate.value_or(0);
}

}  // namespace

std::optional<MacAddress> mac_of_interface(const Inventory& inventory, const PciFunction& vf) {
  for (const auto* net : inventory.net_devices_of(vf.address))
    if (const auto mac = MacAddress::parse(net->address); mac && mac->usable()) return mac;
  return std::nullopt;
}

const VfSettings* told_of(const Inventory& inventory, const PciFunction& vf) {
  const auto* net = vf.physfn && vf.vf_index ? speaker(inventory, *vf.physfn) : nullptr;
  if (net == nullptr) return nullptr;
  const auto found = net->vfs.find(*vf.vf_index);
  return found == net->vfs.end() ? nullptr : &found->second;
}

const model::NetDevice* speaker(const Inventory& inventory, const model::PciAddress& pf) {
  const auto nets = inventory.net_devices_of(pf);
  const auto telling = std::ranges::find_if(nets, [](const auto* net) { return !net->vfs.empty(); });
  if (telling != nets.end()) return *telling;
  return nets.empty() ? nullptr : nets.front();
}

bool has_usable_rdma(const Inventory& inventory, const model::PciAddress& function) {
  return std::ranges::any_of(inventory.rdma_devices_of(function), [](const auto* rdma) {
    const auto guid = Guid::parse(rdma->node_guid);
    return guid && guid->usable();
  });
}

bool has_rdma_without_guid(const Inventory& inventory, const model::PciAddress& function) {
  return std::ranges::any_of(inventory.rdma_devices_of(function), [](const auto* rdma) {
    const auto guid = Guid::parse(rdma->node_guid);
    return !rdma->software && guid && guid->value == 0;
  });
}

const model::VdpaDevice* vdpa_device_of(const PciFunction& vf) {
  const auto own = std::ranges::find(vf.vdpa, model::vdpa_name(vf.address), &model::VdpaDevice::name);
  if (own != vf.vdpa.end()) return &*own;
  return vf.vdpa.empty() ? nullptr : &vf.vdpa.front();
}

VfChange change_of_vf(const model::DesiredVf& wish, const PciFunction& vf, const Inventory& inventory) {
  return vf.in_use.empty() ? change_once_free(wish, vf, inventory) : VfChange{};
}

VfChange change_once_free(const model::DesiredVf& wish, const PciFunction& vf, const Inventory& inventory) {
  VfChange change;
  if (wish.settings.empty() || !vf.physfn || !vf.vf_index) return change;
  const VfSettings* told = told_of(inventory, vf);

  VfSettings wished = wish.settings;
  if (wish.address_if_none) keep_own_addresses(wished, told, vf, inventory);
  if (told != nullptr) {
    drop_guids_that_are_right(wished, *told, vf, inventory);
    // GUIDs can be set also where they are not told.
    const auto node_guid = std::exchange(wished.node_guid, {});
    const auto port_guid = std::exchange(wished.port_guid, {});
    change.unable = take_untold(wished, *told);
    wished.node_guid = node_guid;
    wished.port_guid = port_guid;
  }
  const VfSettings now = told == nullptr ? VfSettings{} : *told;
  change.others = missing(wished, now);
  change.addresses = change.others.addresses();
  change.others.drop_addresses();
  complete_rates(change.others, now);
  change.rebind = has_kernel_driver(vf) && !change.addresses.empty() &&
                  (!change.addresses.mac || change.addresses.mac != mac_of_interface(inventory, vf));
  return change;
}

}  // namespace nic::core
