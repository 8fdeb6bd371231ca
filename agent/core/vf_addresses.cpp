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

// The address of one VF out of the pool that its policy or its group has for it. nullopt: there is no pool, and
// nothing that one could be made of.
template <class Address, class Derive>
std::expected<std::optional<Address>, model::Error> address_of_vf(
    const Claim& claim, unsigned index, const model::PciAddress& pf, std::string_view key,
    std::optional<model::AddressPool<Address>> model::VfOptions::* member, const std::optional<Address>& own,
    Derive derive) {
  const auto* group = group_of(*claim.policy, index);
  const bool by_group = group != nullptr && group->options.*member;
  const auto& pool = by_group ? group->options.*member : claim.policy->options.*member;
  const auto derived = own ? std::optional{derive(*own, index)} : std::nullopt;
  if (!pool) return derived;
  const auto refuse = [&](std::string why) {
    return std::unexpected(model::invalid(
        fmt::format("{} gives addresses ({}) to the VFs of", quoted(*claim.policy), key), pf.text(), std::move(why)));
  };
  if (pool->derived) {
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
                                           const Inventory& inventory) {
  const auto link = link_type_of(pf, inventory);
  const auto mac = own_mac(inventory, pf);
  const auto guid = own_guid(inventory, pf);
  for (auto& [index, vf] : desired.vfs) {
    const auto& claim = *std::ranges::find(claims, vf.policy, [](const Claim& one) { return one.policy->name; });
    const auto* group = group_of(*claim.policy, index);
    const auto asked = [&](auto member) {
      return claim.policy->options.*member || (group != nullptr && group->options.*member);
    };
    if (link == model::LinkType::ethernet) {
      const auto address = address_of_vf(claim, index, pf.address, "macs", &model::VfOptions::macs, mac, derived_mac);
      if (!address) return address.error();
      vf.settings.mac = *address;
      vf.address_if_none = !asked(&model::VfOptions::macs);
    } else if (link == model::LinkType::infiniband) {
      const auto address =
          address_of_vf(claim, index, pf.address, "guids", &model::VfOptions::guids, guid, derived_guid);
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
