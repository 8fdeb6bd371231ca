#include "core/ownership.hpp"

#include "core/vf_change.hpp"
#include "model/drivers.hpp"

#include <algorithm>
#include <cctype>
#include <variant>

namespace nic::core {
namespace {

using model::Card;
using model::Inventory;
using model::NetDevice;
using model::Owned;
using model::PciFunction;

// What the sriov-network-operator gives an Ethernet PF back with.
constexpr unsigned kEthernetMtu = 1500;
// Of an IPoIB hardware address only the last 8 octets, the port GUID, stay over a reload of the driver.
constexpr std::size_t kGuidText = (8 * 3) - 1;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

// "p0" and no name at all are the PF's own port; "pf0vf3" is the representor of somebody else's.
bool own_port(const NetDevice& net) {
  const auto& port = net.phys_port_name;
  return !port || port->empty() ||
         (port->size() > 1 && port->front() == 'p' && std::isdigit(static_cast<unsigned char>((*port)[1])) != 0);
}

std::string lasting_address(const PciFunction& pf, const Inventory& inventory) {
  for (const auto* net : inventory.net_devices_of(pf.address)) {
    if (!own_port(*net) || net->permanent_address.empty()) continue;
    const auto& address = net->permanent_address;
    const bool guid = net->link_type == model::LinkType::infiniband && address.size() > kGuidText;
    return guid ? address.substr(address.size() - kGuidText) : address;
  }
  return {};
}

Card card_of(const PciFunction& pf, const Inventory& inventory) {
  return {pf.vendor, pf.device, pf.serial_number.value_or(""), lasting_address(pf, inventory)};
}

Identity compare(const std::string& then, const std::string& now) {
  if (then.empty() || now.empty()) return Identity::unknown;
  return then == now ? Identity::same : Identity::other;
}

// The VF as it was noted, if it is still the same one and its PF still says so.
const PciFunction* still_there(const model::PciAddress& address, const model::FoundVf& was, const PciFunction& pf,
                               const Inventory& inventory) {
  const PciFunction* vf = inventory.function(address);
  return vf != nullptr && vf->life == was.life && vf->physfn == pf.address && vf->vf_index == was.index ? vf : nullptr;
}

void note_driver(model::FoundVf& found, const model::FoundVf& now) {
  if (!found.driver) found.driver = now.driver;
  if (!found.mtu) found.mtu = now.mtu;  // its interface goes with the driver
}

void note_settings(model::FoundVf& found, const model::VfSettings& change, const model::FoundVf& now) {
  auto before = those_of(change, now.settings);
  lay_over(before, found.settings);
  found.settings = before;
}

// Each VF of the record that is still the same, with what it is now.
template <class Which, class Note>
void note_vfs(Owned& owned, const model::FoundVfs& vfs, Which which, Note note) {
  for (auto& [address, found] : owned.found.vfs) {
    const auto now = vfs.find(address);
    if (now != vfs.end() && now->second.life == found.life && which(address, found)) note(found, now->second);
  }
}

// Something is to be given back to a VF as soon as its user lets go of it.
bool left_to_a_user(const model::DesiredPf& desired, const PciFunction& pf, const Inventory& inventory) {
  return pf.sriov && std::ranges::any_of(desired.vfs, [&](const auto& entry) {
           const auto address = pf.sriov->virtfns.find(entry.first);
           const auto* vf = address == pf.sriov->virtfns.end() ? nullptr : inventory.function(address->second);
           return vf != nullptr && !vf->in_use.empty() && !change_once_free(entry.second, *vf, inventory).empty();
         });
}

bool differ(std::uint16_t then, std::uint16_t now) { return then != 0 && now != 0 && then != now; }

}  // namespace

Owned first_record(const PciFunction& pf, const Inventory& inventory) {
  Owned owned{pf.address, card_of(pf, inventory), {}, {}};
  for (const auto* net : inventory.net_devices_of(pf.address)) {
    if (!own_port(*net)) continue;
    owned.names.push_back(net->name);
    owned.names.insert(owned.names.end(), net->altnames.begin(), net->altnames.end());
  }
  for (const auto& [address, vf] : vfs_as_they_are(pf, inventory))
    owned.found.vfs.emplace(address, model::FoundVf{.life = vf.life, .index = vf.index});
  return owned;
}

model::FoundVfs vfs_as_they_are(const PciFunction& pf, const Inventory& inventory) {
  model::FoundVfs all;
  if (!pf.sriov) return all;
  for (const auto& [index, address] : pf.sriov->virtfns) {
    const PciFunction* vf = inventory.function(address);
    if (vf == nullptr || vf->life == 0) continue;
    model::FoundVf now{.life = vf->life, .index = index, .driver = vf->driver.value_or("")};
    if (const auto nets = inventory.net_devices_of(address); !nets.empty()) now.mtu = nets.front()->mtu;
    if (const auto* told = told_of(inventory, *vf)) now.settings = *told;
    // Where nobody has set an address, the one that the interface has is what was found.
    if (now.settings.mac && !now.settings.mac->usable())
      if (const auto mac = mac_of_interface(inventory, *vf)) now.settings.mac = mac;
    all.emplace(address, std::move(now));
  }
  return all;
}

model::DesiredVf as_it_was(const model::FoundVf& was, const std::string& driver) {
  model::DesiredVf vf;
  vf.settings = was.settings;
  // Nobody can take an address away again: a VF that had none keeps what it has.
  if (vf.settings.mac && !vf.settings.mac->usable()) vf.settings.mac.reset();
  if (vf.settings.node_guid && !vf.settings.node_guid->usable()) vf.settings.drop_guids();
  if (vf.settings.port_guid && !vf.settings.port_guid->usable()) vf.settings.drop_guids();
  vf.mtu = was.mtu;
  vf.no_driver = driver.empty();
  if (driver == "vfio-pci") vf.device_type = model::DeviceType::vfio_pci;
  // Other drivers for programs are bound by whoever brought them.
  vf.only_if_unbound = driver != "vfio-pci" && model::is_user_space_driver(driver);
  return vf;
}

std::optional<Owned> first_record(const model::PciAddress& address, const Inventory& inventory) {
  if (const auto* pf = inventory.function(address)) return first_record(*pf, inventory);
  const auto* bridge = inventory.pcie.function(address);
  if (bridge == nullptr) return std::nullopt;
  return Owned{address, {bridge->vendor, bridge->device, {}, {}}, {}, {}};
}

Owned noted(Owned before, const model::Action& action, const model::FoundVfs& vfs) {
  auto& found = before.found;
  const auto all = [](const auto&, const auto&) { return true; };
  const auto the_one = [](const model::PciAddress& wanted) {
    return [wanted](const auto& address, const auto&) { return address == wanted; };
  };
  std::visit(Overloaded{
                 [&](const model::SetNumVfs& a) {
                   if (a.pf == before.pf && !found.num_vfs) found.num_vfs = a.from;
                 },
                 [&](const model::SetMtu& a) {
                   if (a.function == before.pf && !found.mtu) found.mtu = a.from;
                   note_vfs(before, vfs, the_one(a.function), [](auto& vf, const auto& now) {
                     if (!vf.mtu) vf.mtu = now.mtu;
                   });
                 },
                 [&](const model::SetEswitchMode& a) {
                   if (a.pf == before.pf && !found.eswitch_mode) found.eswitch_mode = a.from;
                   if (a.pf == before.pf) note_vfs(before, vfs, all, note_driver);  // it unbinds them
                 },
                 [&](const model::WriteUdevRules& a) {
                   if (a.pf == before.pf && !a.text.empty()) found.no_udev_rules = true;
                 },
                 [](const model::SetAutoprobe&) {},  // itself gives back
                 [&](const model::BindDriver& a) { note_vfs(before, vfs, the_one(a.function), note_driver); },
                 [&](const model::UnbindDriver& a) { note_vfs(before, vfs, the_one(a.function), note_driver); },
                 [&](const model::SetVf& a) {
                   const auto its = [&](const auto&, const auto& vf) {
                     return a.pf == before.pf && vf.index == a.vf_index;
                   };
                   note_vfs(before, vfs, its, [&](auto& vf, const auto& now) { note_settings(vf, a.settings, now); });
                 },
                 [](const model::SetVdpa&) {},  // of a VF, and goes with it
                 [](const model::BringUp&) {},  // a link that is up harms nobody
                 [&](const model::SetAcs& a) {
                   if (a.bridge == before.pf && !found.acs_control) found.acs_control = a.from;
                 },
                 [&](const model::SetMaxReadRequest& a) {
                   if (a.function == before.pf && !found.max_read_request) found.max_read_request = a.from;
                 },
                 [](const model::LoadModule&) {},  // no PF's; so is the next one
                 [](const model::SetRdmaNetns&) {},
                 // A reload has a record of its own.
                 [](const model::UnloadModule&) {},
                 [](const model::SetOverride&) {},
                 [](const model::RestoreInterface&) {},
                 [](const model::RestoreRdmaDevice&) {},
             },
             action);
  return before;
}

Identity identity(const Owned& owned, const Inventory& inventory) {
  if (const auto* pf = inventory.function(owned.pf)) return identity(owned, *pf, inventory);
  const auto* bridge = inventory.pcie.function(owned.pf);
  if (bridge == nullptr) return Identity::unknown;
  return differ(owned.card.vendor, bridge->vendor) || differ(owned.card.device, bridge->device) ? Identity::other
                                                                                                : Identity::same;
}

Identity identity(const Owned& owned, const PciFunction& pf, const Inventory& inventory) {
  const Card now = card_of(pf, inventory);
  const Card& then = owned.card;
  if (differ(then.vendor, now.vendor) || differ(then.device, now.device)) return Identity::other;
  const auto serial = compare(then.serial, now.serial);
  const auto address = compare(then.address, now.address);
  if (serial == Identity::other || address == Identity::other) return Identity::other;
  if (serial == Identity::same || address == Identity::same) return Identity::same;
  // A card that nothing but its ids was known of is taken for the same.
  return then.serial.empty() && then.address.empty() ? Identity::same : Identity::unknown;
}

model::DesiredPf give_back(const Owned& owned, const PciFunction& pf, const Inventory& inventory) {
  model::DesiredPf desired;
  desired.pf = pf.address;
  desired.given_back = true;
  desired.mtu = owned.found.mtu;
  desired.eswitch_mode = owned.found.eswitch_mode;
  if (!pf.sriov) return desired;
  desired.num_vfs = std::min(owned.found.num_vfs.value_or(pf.sriov->num_vfs), pf.sriov->total_vfs);
  if (desired.num_vfs == pf.sriov->num_vfs)
    for (const auto& [address, was] : owned.found.vfs)
      if (const auto* vf = still_there(address, was, pf, inventory); vf != nullptr && was.changed())
        desired.vfs.emplace(was.index, as_it_was(was, was.driver.value_or(vf->driver.value_or(""))));
  // VFs that are made again get the drivers that the kernel would have given them.
  model::DesiredVf vf;
  vf.only_if_unbound = true;
  if (owned.found.num_vfs && pf.sriov->drivers_autoprobe)
    for (unsigned index = 0; index < desired.num_vfs; ++index) desired.vfs.emplace(index, vf);
  return desired;
}

namespace {

// Of a function with nothing left to do: whose wishes of PCI configuration space are only what was found.
bool pcie_given_back(const Owned& record, const model::Desired& desired) {
  const auto wish = desired.pcie.find(record.pf);
  return wish != desired.pcie.end() && wish->second.given_back;
}

}  // namespace

std::vector<Over> over(const model::OwnedPfs& owned, const model::Desired& desired, const model::Plan& plan,
                       const Inventory& inventory) {
  std::vector<Over> result;
  for (const auto& [address, record] : owned) {
    if (inventory.function(address) == nullptr && inventory.pcie.function(address) == nullptr)
      continue;  // pulled: it may come back
    if (identity(record, inventory) == Identity::other) {
      result.push_back({address, "another card is in its slot", {}});
      continue;
    }
    const auto wanted = desired.pfs.find(address);
    if (wanted != desired.pfs.end() && wanted->second.externally_managed) {
      result.push_back({address, "somebody else manages it now (externally_managed)", {}});
      continue;
    }
    if (std::ranges::find(plan.pfs, address, &model::PfPlan::pf) != plan.pfs.end()) continue;
    const PciFunction* pf = inventory.function(address);
    const bool pf_over = pf != nullptr && wanted != desired.pfs.end() && wanted->second.given_back &&
                         !left_to_a_user(wanted->second, *pf, inventory);
    const bool pcie_over = pcie_given_back(record, desired);
    if (!pf_over && !pcie_over) continue;
    model::Found rest = record.found;
    if (pf_over) rest = rest.of_pcie();
    if (pcie_over) rest = rest.without_pcie();
    result.push_back({address, "it is as it was found", std::move(rest)});
  }
  return result;
}

std::optional<Owned> taken_over(const model::OperatorRecord& record, const Inventory& inventory) {
  const PciFunction* pf = inventory.function(record.pf);
  if (pf == nullptr || !pf->sriov || record.externally_managed) return std::nullopt;
  // A count that is another one is not the operator's work: the machine has restarted since, or somebody came after it.
  if (record.num_vfs == 0 || record.num_vfs != pf->sriov->num_vfs) return std::nullopt;
  Owned owned = first_record(*pf, inventory);
  owned.found.num_vfs = 0;
  for (const auto* net : inventory.net_devices_of(pf->address))
    if (net->link_type == model::LinkType::ethernet && record.mtu > kEthernetMtu && net->mtu == record.mtu)
      owned.found.mtu = kEthernetMtu;
  return owned;
}

}  // namespace nic::core
