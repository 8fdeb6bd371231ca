#include "core/ownership.hpp"

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

bool differ(std::uint16_t then, std::uint16_t now) { return then != 0 && now != 0 && then != now; }

}  // namespace

Owned first_record(const PciFunction& pf, const Inventory& inventory) {
  Owned owned{pf.address, card_of(pf, inventory), {}, {}};
  for (const auto* net : inventory.net_devices_of(pf.address)) {
    if (!own_port(*net)) continue;
    owned.names.push_back(net->name);
    owned.names.insert(owned.names.end(), net->altnames.begin(), net->altnames.end());
  }
  return owned;
}

Owned noted(Owned before, const model::Action& action) {
  auto& found = before.found;
  std::visit(Overloaded{
                 [&](const model::SetNumVfs& a) {
                   if (a.pf == before.pf && !found.num_vfs) found.num_vfs = a.from;
                 },
                 [&](const model::SetMtu& a) {
                   if (a.function == before.pf && !found.mtu) found.mtu = a.from;
                 },
                 [&](const model::SetEswitchMode& a) {
                   if (a.pf == before.pf && !found.eswitch_mode) found.eswitch_mode = a.from;
                 },
                 [&](const model::WriteUdevRules& a) {
                   if (a.pf == before.pf && !a.text.empty()) found.no_udev_rules = true;
                 },
                 [](const model::SetAutoprobe&) {},  // itself gives back
                 [](const model::BindDriver&) {},    // of a VF, and goes with it; so do the next three
                 [](const model::UnbindDriver&) {},
                 [](const model::SetVf&) {},
                 [](const model::SetVdpa&) {},
                 [](const model::BringUp&) {},     // a link that is up harms nobody
                 [](const model::LoadModule&) {},  // no PF's; so is the next one
                 [](const model::SetRdmaNetns&) {},
             },
             action);
  return before;
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

model::DesiredPf give_back(const Owned& owned, const PciFunction& pf) {
  model::DesiredPf desired;
  desired.pf = pf.address;
  desired.given_back = true;
  desired.mtu = owned.found.mtu;
  desired.eswitch_mode = owned.found.eswitch_mode;
  desired.num_vfs = pf.sriov ? pf.sriov->num_vfs : 0;
  if (!owned.found.num_vfs || !pf.sriov) return desired;
  desired.num_vfs = std::min(*owned.found.num_vfs, pf.sriov->total_vfs);
  // VFs that are made again get the drivers that the kernel would have given them.
  model::DesiredVf vf;
  vf.only_if_unbound = true;
  if (pf.sriov->drivers_autoprobe)
    for (unsigned index = 0; index < desired.num_vfs; ++index) desired.vfs.emplace(index, vf);
  return desired;
}

std::vector<Over> over(const model::OwnedPfs& owned, const model::Desired& desired, const model::Plan& plan,
                       const Inventory& inventory) {
  std::vector<Over> result;
  for (const auto& [address, record] : owned) {
    const PciFunction* pf = inventory.function(address);
    if (pf == nullptr) continue;  // pulled: it may come back
    if (identity(record, *pf, inventory) == Identity::other) {
      result.push_back({address, "another card is in its slot"});
      continue;
    }
    const auto wanted = desired.pfs.find(address);
    if (wanted == desired.pfs.end()) continue;
    if (wanted->second.externally_managed)
      result.push_back({address, "somebody else manages it now (externally_managed)"});
    else if (wanted->second.given_back &&
             std::ranges::none_of(plan.pfs, [&](const auto& steps) { return steps.pf == address; }))
      result.push_back({address, "it is as it was found"});
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
