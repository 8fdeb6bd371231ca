#include "core/vf_addresses.hpp"

#include "core/addresses.hpp"
#include "core/match.hpp"

#include <algorithm>
#include <expected>
#include <iterator>
#include <map>
#include <utility>

namespace nic::core {
namespace {

using model::DesiredPf;
using model::Inventory;
using model::PciFunction;

// How many indexes of the ranges come before this one; no ranges are all indexes.
unsigned position(const std::vector<model::IndexRange>& ranges, unsigned index) {
  if (ranges.empty()) return index;
  unsigned before = 0;
  for (const auto& range : ranges)
    if (range.first < index) before += std::min(range.last + 1, index) - range.first;
  return before;
}

template <class Address>
using Maybe = std::expected<std::optional<Address>, model::Error>;

using Entry = std::expected<const model::GuidEntry*, model::Error>;

// The entry of the pool of GUIDs that is for this PF, or why there is none that could be used.
Entry entry_of(const PciFunction& pf, const model::GuidFile& pool, const Inventory& inventory) {
  if (pool.unreadable) return std::unexpected(pool.unreadable->during("take GUIDs from the pool"));
  const auto guids = port_guids(inventory, pf);
  const model::GuidEntry* found = nullptr;
  const model::GuidEntry* nameless = nullptr;
  for (const auto& entry : pool.entries) {
    if (!entry.pf && !entry.pf_guid && nameless == nullptr) nameless = &entry;
    if (entry.pf != pf.address && !(entry.pf_guid && guids.contains(*entry.pf_guid))) continue;
    if (!entry.mistakes.empty()) return std::unexpected(entry.mistakes.front());
    if (found != nullptr)
      return std::unexpected(
          model::invalid(entry.place.text(), "",
                         fmt::format("it is for the same PF as the entry at {}: leave one", found->place.text())));
    found = &entry;
  }
  if (found != nullptr) return found;
  if (nameless != nullptr && !nameless->mistakes.empty()) return std::unexpected(nameless->mistakes.front());
  return std::unexpected(
      model::invalid("find the PF in", pool.path, "it has no entry with its PCI address or the GUID of its port"));
}

Maybe<model::Guid> guid_from(const Entry& entry, const Claim& claim, unsigned index, const model::PciAddress& pf) {
  const auto refuse = [&](std::string why) {
    return std::unexpected(
        model::invalid(fmt::format("{} takes the GUIDs of VFs from a pool (guids) on", quoted(*claim.policy)),
                       pf.text(), std::move(why)));
  };
  if (!entry) return refuse(entry.error().text());
  if (const auto guid = nth((*entry)->guids, index)) return guid;
  return refuse(fmt::format("the entry at {} has none left for VF {}", (*entry)->place.text(), index));
}

// The address of one VF out of the pool that its policy or its group has for it, or from `file` where that is said.
// nullopt: there is no pool, and nothing that one could be made of.
template <class Address, class Derive, class File>
Maybe<Address> address_of_vf(const Claim& claim, unsigned index, const model::PciAddress& pf, std::string_view key,
                             std::optional<model::AddressPool<Address>> model::VfOptions::* member,
                             const std::optional<Address>& own, Derive derive, File file) {
  const auto* group = group_of(*claim.policy, index);
  const bool by_group = group != nullptr && group->options.*member;
  const auto& pool = by_group ? group->options.*member : claim.policy->options.*member;
  const auto derived = own ? std::optional{derive(*own, index)} : std::nullopt;
  if (!pool) return derived;
  if (pool->source == model::AddressSource::file) return file(claim, index);
  const auto refuse = [&](std::string why) {
    return std::unexpected(model::invalid(
        fmt::format("{} gives addresses ({}) to the VFs of", quoted(*claim.policy), key), pf.text(), std::move(why)));
  };
  if (pool->source == model::AddressSource::derived) {
    if (!derived)
      return refuse("the kernel does not tell the PF's own address, which they would be made of: list them");
    return derived;
  }
  if (claim.pfs > 1)
    return refuse(
        fmt::format("the policy matches {} PFs, which would share them: name one PF, or say \"derived\"", claim.pfs));
  const auto address = nth(*pool, position(by_group ? group->vfs : claim.vfs, index));
  if (!address) return refuse(fmt::format("there is none left for VF {}", index));
  return address;
}

template <class Address>
void refuse_twins_of(model::Desired& result, std::map<Address, std::string> owners,
                     std::optional<Address> model::VfSettings::* member) {
  for (auto pf = result.pfs.begin(); pf != result.pfs.end();) {
    std::optional<model::Error> twin;
    for (const auto& [index, vf] : pf->second.vfs) {
      const auto& address = vf.settings.*member;
      if (!address) continue;
      const auto [owner, fresh] =
          owners.emplace(*address, fmt::format("VF {} of {} (policy \"{}\")", index, pf->first.text(), vf.policy));
      if (!fresh && !twin)
        twin = model::invalid(fmt::format("policy \"{}\" gives {} to VF {} of", vf.policy, address->text(), index),
                              pf->first.text(), fmt::format("{} has it already", owner->second));
    }
    if (twin) result.conflicts.push_back({pf->first, std::move(*twin)});
    pf = twin ? result.pfs.erase(pf) : std::next(pf);
  }
}

std::map<model::MacAddress, std::string> macs_of_interfaces(const Inventory& inventory) {
  std::map<model::MacAddress, std::string> owners;
  for (const auto& net : inventory.net_devices)
    if (const auto mac = model::MacAddress::parse(net.permanent_address))
      if (const auto* function = net.function ? inventory.function(*net.function) : nullptr;
          function != nullptr && !function->physfn)
        owners.emplace(*mac, net.name);
  return owners;
}

}  // namespace

std::optional<model::Error> give_addresses(const PciFunction& pf, DesiredPf& desired, const std::vector<Claim>& claims,
                                           const model::GuidFile& pool, const Inventory& inventory) {
  const auto link = link_type_of(pf, inventory);
  const auto mac = own_mac(inventory, pf);
  const auto guid = own_guid(inventory, pf);
  const auto no_macs = [](const Claim&, unsigned) -> Maybe<model::MacAddress> { return std::nullopt; };
  std::optional<Entry> entry;  // looked for once, and only where somebody asks
  const auto from_pool = [&](const Claim& claim, unsigned index) {
    if (!entry) entry = entry_of(pf, pool, inventory);
    return guid_from(*entry, claim, index, pf.address);
  };
  for (auto& [index, vf] : desired.vfs) {
    const auto& claim = *std::ranges::find(claims, vf.policy, [](const Claim& one) { return one.policy->name; });
    const auto* group = group_of(*claim.policy, index);
    const auto asked = [&](auto member) {
      return claim.policy->options.*member || (group != nullptr && group->options.*member);
    };
    if (link == model::LinkType::ethernet) {
      const auto address =
          address_of_vf(claim, index, pf.address, "macs", &model::VfOptions::macs, mac, derived_mac, no_macs);
      if (!address) return address.error();
      vf.settings.mac = *address;
      vf.address_if_none = !asked(&model::VfOptions::macs);
    } else if (link == model::LinkType::infiniband) {
      const auto address =
          address_of_vf(claim, index, pf.address, "guids", &model::VfOptions::guids, guid, derived_guid, from_pool);
      if (!address) return address.error();
      vf.settings.node_guid = vf.settings.port_guid = *address;
      vf.address_if_none = !asked(&model::VfOptions::guids);
      // The port of a new VF is down until it is told to follow the PF's.
      if (!vf.settings.link_state) vf.settings.link_state = model::VfLinkState::automatic;
    }
  }
  return std::nullopt;
}

void refuse_twins(model::Desired& desired, const Inventory& inventory) {
  refuse_twins_of(desired, macs_of_interfaces(inventory), &model::VfSettings::mac);
  refuse_twins_of(desired, {}, &model::VfSettings::node_guid);
}

}  // namespace nic::core
