#include "core/resolve.hpp"

#include "core/match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace nic::core {
namespace {

using model::DesiredPf;
using model::DesiredVf;
using model::Inventory;
using model::PciFunction;
using model::SriovPolicy;

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

std::optional<model::Error> claim_vfs(DesiredPf& desired, const Claim& claim) {
  const SriovPolicy& policy = *claim.policy;
  for (unsigned index = 0; index < policy.num_vfs; ++index) {
    if (!claim.vfs.empty() && !model::contains(claim.vfs, index)) continue;
    const auto [place, inserted] = desired.vfs.emplace(index, wish(policy, index));
    if (!inserted && place->second.policy != policy.name)
      return model::invalid(
          fmt::format("{} and policy \"{}\" both claim VF {} of", quoted(policy), place->second.policy, index),
          desired.pf.text(), "give them disjoint ranges, as in pf_names = [\"NAME#0-3\"]");
  }
  for (const auto& range : claim.vfs)
    if (range.last >= policy.num_vfs)
      return model::invalid(
          fmt::format("{} names VF {} of", quoted(policy), range.last), desired.pf.text(),
          fmt::format("num_vfs is {}: VFs are counted from 0 to {}", policy.num_vfs, policy.num_vfs - 1));
  return std::nullopt;
}

void resolve_pf(const PciFunction& pf, const std::vector<Claim>& claims, model::Desired& result) {
  DesiredPf desired{.pf = pf.address, .num_vfs = 0, .mtu = {}, .vfs = {}, .policies = {}};
  const auto conflict = [&](model::Error error) { result.conflicts.push_back({pf.address, std::move(error)}); };
  for (const auto& claim : claims) {
    const SriovPolicy& policy = *claim.policy;
    desired.num_vfs = std::max(desired.num_vfs, policy.num_vfs);
    desired.policies.push_back(policy.name);
    if (auto error = claim_vfs(desired, claim)) return conflict(std::move(*error));
    if (auto error = impossible(pf, desired, policy)) return conflict(std::move(*error));
  }
  for (const auto& [index, vf] : desired.vfs)
    if (vf.mtu) desired.mtu = std::max(desired.mtu.value_or(0), *vf.mtu);
  for (const auto& claim : claims)
    if (claim.policy->mtu) desired.mtu = std::max(desired.mtu.value_or(0), *claim.policy->mtu);
  for (unsigned index = 0; index < desired.num_vfs; ++index)
    desired.vfs.emplace(index, DesiredVf{model::DeviceType::netdevice, {}, desired.policies.front(), true});
  result.pfs.emplace(pf.address, std::move(desired));
}

}  // namespace

model::Desired resolve(const model::Config& config, const Inventory& inventory) {
  model::Desired result;
  result.modules = config.modules;
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
    if (!claims.empty()) resolve_pf(function, claims, result);
  }
  for (std::size_t i = 0; i < used.size(); ++i)
    if (!used[i])
      result.notes.push_back(fmt::format("{} matches no function of this machine", quoted(config.policies[i])));
  return result;
}

}  // namespace nic::core
