#include "core/resolve.hpp"

#include "core/match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace nic::core {
namespace {

using model::DesiredPf;
using model::DesiredVf;
using model::Inventory;
using model::PciFunction;
using model::SriovPolicy;

// Strongest first: by priority, then by the order of the configuration.
struct Claim {
  const SriovPolicy* policy;
  std::vector<model::IndexRange> vfs;  // empty: all
};

std::string quoted(const SriovPolicy& policy) {
  return fmt::format("policy \"{}\" ({})", policy.name, policy.place.text());
}

DesiredVf wish(const SriovPolicy& policy, unsigned index) {
  DesiredVf vf{policy.device_type, policy.mtu, policy.name, false};
  for (const auto& group : policy.groups) {
    if (!model::contains(group.vfs, index)) continue;
    vf.device_type = group.device_type;
    if (group.mtu) vf.mtu = group.mtu;
  }
  return vf;
}

// Can this PF be what is asked at all?
std::optional<model::Error> impossible(const PciFunction& pf, const DesiredPf& desired, const SriovPolicy& policy) {
  if (desired.num_vfs == 0) return std::nullopt;
  if (!pf.sriov)
    return model::Error{model::Code::unsupported, 0,
                        fmt::format("{} asks for {} VFs on", quoted(policy), desired.num_vfs), pf.address.text(),
                        "the function shows no SR-IOV capability: switch SR-IOV on in its firmware and in the BIOS"};
  if (desired.num_vfs > pf.sriov->total_vfs)
    return model::invalid(
        fmt::format("{} asks for {} VFs on", quoted(policy), desired.num_vfs), pf.address.text(),
        fmt::format("the function has at most {} (sriov_totalvfs): lower num_vfs, or raise the number "
                    "of VFs in its firmware",
                    pf.sriov->total_vfs));
  return std::nullopt;
}

// Of two that claim a VF, the one with the stronger priority has it; of the same priority, nobody.
std::optional<model::Error> claim_vfs(DesiredPf& desired, const std::vector<Claim>& claims, const Claim& claim) {
  const SriovPolicy& policy = *claim.policy;
  const auto priority_of = [&](const std::string& name) {
    return std::ranges::find(claims, name, [](const Claim& one) { return one.policy->name; })->policy->priority;
  };
  for (unsigned index = 0; index < policy.num_vfs; ++index) {
    if (!claim.vfs.empty() && !model::contains(claim.vfs, index)) continue;
    const auto [place, inserted] = desired.vfs.emplace(index, wish(policy, index));
    if (!inserted && place->second.policy != policy.name && priority_of(place->second.policy) == policy.priority)
      return model::invalid(
          fmt::format("{} and policy \"{}\" both claim VF {} of", quoted(policy), place->second.policy, index),
          desired.pf.text(), "give them disjoint ranges, as in pf_names = [\"NAME#0-3\"], or different priorities");
  }
  for (const auto& range : claim.vfs)
    if (range.last >= policy.num_vfs)
      return model::invalid(
          fmt::format("{} names VF {} of", quoted(policy), range.last), desired.pf.text(),
          fmt::format("num_vfs is {}: VFs are counted from 0 to {}", policy.num_vfs, policy.num_vfs - 1));
  return std::nullopt;
}

// Somebody else's PF is what it is: a policy that asks for more of it cannot be met.
std::optional<model::Error> beyond_whats_there(const PciFunction& pf, const DesiredPf& desired,
                                               const Inventory& inventory, const SriovPolicy& policy) {
  const unsigned have = pf.sriov ? pf.sriov->num_vfs : 0;
  if (have < desired.num_vfs)
    return model::invalid(
        fmt::format("{} asks for {} VFs (num_vfs) on", quoted(policy), desired.num_vfs), pf.address.text(),
        fmt::format("it has {} and is externally_managed: whoever makes its VFs has to make more", have));
  for (const auto* net : inventory.net_devices_of(pf.address))
    if (desired.mtu && net->mtu < *desired.mtu)
      return model::invalid(
          fmt::format("{} asks for MTU {} (mtu) on", quoted(policy), *desired.mtu), pf.address.text(),
          fmt::format("{} has {} and is externally_managed: whoever manages it has to raise it", net->name, net->mtu));
  return std::nullopt;
}

// Policies that differ in whose the PF is cannot both be right.
std::optional<model::Error> ownership(const PciFunction& pf, const std::vector<Claim>& claims) {
  const SriovPolicy& first = *claims.front().policy;
  for (const auto& claim : claims)
    if (claim.policy->externally_managed != first.externally_managed)
      return model::invalid(
          fmt::format("{} and {} differ in externally_managed on", quoted(first), quoted(*claim.policy)),
          pf.address.text(), "say the same in both");
  return std::nullopt;
}

void resolve_pf(const PciFunction& pf, std::vector<Claim> claims, const Inventory& inventory, model::Desired& result) {
  std::ranges::sort(claims, {}, [](const Claim& claim) { return std::pair{claim.policy->priority, claim.policy}; });
  DesiredPf desired;
  desired.pf = pf.address;
  desired.externally_managed = claims.front().policy->externally_managed;
  const auto conflict = [&](model::Error error) { result.conflicts.push_back({pf.address, std::move(error)}); };
  if (auto error = ownership(pf, claims)) return conflict(std::move(*error));
  for (const auto& claim : claims) {
    const SriovPolicy& policy = *claim.policy;
    desired.num_vfs = std::max(desired.num_vfs, policy.num_vfs);
    desired.policies.push_back(policy.name);
    if (auto error = claim_vfs(desired, claims, claim)) return conflict(std::move(*error));
    if (auto error = impossible(pf, desired, policy)) return conflict(std::move(*error));
  }
  for (const auto& [index, vf] : desired.vfs)
    if (vf.mtu) desired.mtu = std::max(desired.mtu.value_or(0), *vf.mtu);
  for (const auto& claim : claims)
    if (claim.policy->mtu) desired.mtu = std::max(desired.mtu.value_or(0), *claim.policy->mtu);
  if (desired.externally_managed) {
    if (auto error = beyond_whats_there(pf, desired, inventory, *claims.front().policy))
      return conflict(std::move(*error));
    result.pfs.emplace(pf.address, std::move(desired));
    return;
  }
  for (unsigned index = 0; index < desired.num_vfs; ++index)
    desired.vfs.emplace(index, DesiredVf{model::DeviceType::netdevice, {}, desired.policies.front(), true});
  result.pfs.emplace(pf.address, std::move(desired));
}

}  // namespace

model::Desired resolve(const model::Config& config, const Inventory& inventory) {
  model::Desired result;
  result.modules = config.modules;
  result.protected_functions = config.protected_functions;
  std::vector<bool> used(config.policies.size(), false);
  for (const auto& [address, function] : inventory.functions) {
    if (function.physfn) continue;
    std::vector<Claim> claims;
    for (std::size_t i = 0; i < config.policies.size(); ++i) {
      auto ranges = match_pf(config.policies[i].selectors, function, inventory);
      if (!ranges) continue;
      // Vendor and device lists sweep: functions that have no SR-IOV at all are meant only when they are named.
      const auto& selectors = config.policies[i].selectors;
      if (!function.sriov && selectors.pf_names.empty() && selectors.root_devices.empty()) continue;
      used[i] = true;
      claims.push_back({&config.policies[i], std::move(*ranges)});
    }
    if (!claims.empty()) resolve_pf(function, std::move(claims), inventory, result);
  }
  for (std::size_t i = 0; i < used.size(); ++i)
    if (!used[i])
      result.notes.push_back(fmt::format("{} matches no function of this machine", quoted(config.policies[i])));
  return result;
}

}  // namespace nic::core
