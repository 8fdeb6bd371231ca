#include "core/resolve.hpp"

#include "core/claim.hpp"
#include "core/gpudirect.hpp"
#include "core/match.hpp"
#include "core/order.hpp"
#include "core/ownership.hpp"
#include "core/rdma_netns.hpp"
#include "core/vf_addresses.hpp"
#include "core/wanted_modules.hpp"
#include "model/card_ids.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <expected>
#include <limits>
#include <map>
#include <optional>
#include <utility>

namespace nic::core {
namespace {

using model::DesiredPf;
using model::DesiredVf;
using model::Inventory;
using model::PciFunction;
using model::SriovPolicy;

DesiredVf wish(const SriovPolicy& policy, unsigned index) {
  DesiredVf vf;
  vf.device_type = policy.device_type;
  vf.mtu = policy.mtu;
  vf.policy = policy.name;
  vf.settings = policy.options.settings;
  vf.is_rdma = policy.is_rdma;
  vf.vdpa_type = policy.vdpa_type;
  if (const auto* group = group_of(policy, index)) {
    vf.device_type = group->device_type;
    if (group->is_rdma) vf.is_rdma = *group->is_rdma;
    if (group->vdpa_type) vf.vdpa_type = group->vdpa_type;
    if (group->mtu) vf.mtu = group->mtu;
    lay_over(vf.settings, group->options.settings);
  }
  if (vf.device_type != model::DeviceType::netdevice) {  // of a VF that user space has, the kernel makes no devices
    vf.is_rdma = false;
    vf.vdpa_type.reset();
  }
  return vf;
}

// Why no number of VFs can be asked of the function, and what helps; "" where one can.
std::string_view without_vfs(const PciFunction& pf, unsigned wanted) {
  if (makes_vfs_by_parameters(pf.driver.value_or("")) && (!pf.sriov || pf.sriov->num_vfs != wanted))
    return "its driver makes VFs only when it is loaded: write \"options mlx4_core num_vfs=N\" (and probe_vf=N) into a "
           "file of /etc/modprobe.d and load it anew";
  if (pf.sriov) return "";
  const model::CardId id{pf.vendor, pf.device};
  if (in_flash_recovery(id)) return model::kFlashRecoveryAdvice;
  if (is_vf_id(id)) return "it is itself a VF, handed over by a hypervisor: VFs are made on its PF, there";
  return "the function shows no SR-IOV capability: switch SR-IOV on in its firmware and in the BIOS";
}

// Can this PF be what is asked at all?
std::optional<model::Error> impossible(const PciFunction& pf, const DesiredPf& desired, const SriovPolicy& policy) {
  if (desired.num_vfs == 0) return std::nullopt;
  if (const auto why = without_vfs(pf, desired.num_vfs); !why.empty() && !desired.externally_managed)
    return model::Error{model::Code::unsupported, 0,
                        fmt::format("{} asks for {} VFs on", quoted(policy), desired.num_vfs), pf.address.text(),
                        std::string{why}};
  if (pf.sriov && desired.num_vfs > pf.sriov->total_vfs)
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
  const auto mode = pf.eswitch_mode.value_or(model::EswitchMode::legacy);
  if (desired.eswitch_mode && *desired.eswitch_mode != mode)
    return model::invalid(
        fmt::format("{} asks for {} (eswitch_mode) on", quoted(policy), word(*desired.eswitch_mode)), pf.address.text(),
        fmt::format("its eswitch is {} and it is externally_managed: whoever manages it has to switch it",
                    pf.eswitch_mode ? word(mode) : "not known to devlink"));
  for (const auto* net : inventory.net_devices_of(pf.address))
    if (desired.mtu && net->mtu < *desired.mtu)
      return model::invalid(
          fmt::format("{} asks for MTU {} (mtu) on", quoted(policy), *desired.mtu), pf.address.text(),
          fmt::format("{} has {} and is externally_managed: whoever manages it has to raise it", net->name, net->mtu));
  return std::nullopt;
}

// The mode that the policies ask for; two that differ cannot both be right, and InfiniBand has none.
std::expected<std::optional<model::EswitchMode>, model::Error> eswitch_mode(const PciFunction& pf,
                                                                            const std::vector<Claim>& claims,
                                                                            const Inventory& inventory) {
  const SriovPolicy* first = nullptr;
  for (const auto& claim : claims) {
    const SriovPolicy& policy = *claim.policy;
    if (!policy.eswitch_mode) continue;
    if (first == nullptr) first = &policy;
    if (policy.eswitch_mode != first->eswitch_mode)
      return std::unexpected(
          model::invalid(fmt::format("{} and {} differ in eswitch_mode on", quoted(*first), quoted(policy)),
                         pf.address.text(), "the eswitch of a PF has one mode: say the same in both"));
  }
  if (first == nullptr) return std::nullopt;
  if (first->eswitch_mode == model::EswitchMode::switchdev &&
      link_type_of(pf, inventory) == model::LinkType::infiniband)
    return std::unexpected(model::invalid(
        fmt::format("{} asks for switchdev (eswitch_mode) on", quoted(*first)), pf.address.text(),
        "its port is InfiniBand, and only Ethernet ports have an eswitch: take eswitch_mode out, or set the link type "
        "of the port to Ethernet in the firmware"));
  return first->eswitch_mode;
}

// Policies that differ in what a PF can only be as a whole cannot both be right.
std::optional<model::Error> disagreement(const PciFunction& pf, const std::vector<Claim>& claims) {
  const SriovPolicy& first = *claims.front().policy;
  for (const auto& claim : claims) {
    std::string_view key;
    if (claim.policy->externally_managed != first.externally_managed) key = "externally_managed";
    if (claim.policy->on_drift != first.on_drift) key = "on_drift";
    if (!key.empty())
      return model::invalid(fmt::format("{} and {} differ in {} on", quoted(first), quoted(*claim.policy), key),
                            pf.address.text(), "say the same in both");
  }
  return std::nullopt;
}

std::optional<model::Error> vdpa_without_switchdev(const DesiredPf& desired) {
  const auto vf =
      std::ranges::find_if(desired.vfs, [](const auto& entry) { return entry.second.vdpa_type.has_value(); });
  if (vf == desired.vfs.end() || desired.eswitch_mode == model::EswitchMode::switchdev) return std::nullopt;
  return model::invalid(fmt::format("policy \"{}\" asks for vDPA devices (vdpa_type) on", vf->second.policy),
                        desired.pf.text(),
                        "they need the eswitch to be in switchdev mode: say eswitch_mode = \"switchdev\" too");
}

void resolve_pf(const PciFunction& pf, std::vector<Claim> claims, const model::GuidFile& pool,
                const Inventory& inventory, model::Desired& result) {
  std::ranges::sort(claims, {}, [](const Claim& claim) { return std::pair{claim.policy->priority, claim.policy}; });
  DesiredPf desired;
  desired.pf = pf.address;
  desired.externally_managed = claims.front().policy->externally_managed;
  const auto conflict = [&](model::Error error) { result.conflicts.push_back({pf.address, std::move(error)}); };
  desired.on_drift = claims.front().policy->on_drift;
  if (auto error = disagreement(pf, claims)) return conflict(std::move(*error));
  auto mode = eswitch_mode(pf, claims, inventory);
  if (!mode) return conflict(std::move(mode.error()));
  desired.eswitch_mode = *mode;
  for (const auto& claim : claims) {
    const SriovPolicy& policy = *claim.policy;
    desired.num_vfs = std::max(desired.num_vfs, policy.num_vfs);
    desired.need_vhost_net |= policy.need_vhost_net;
    desired.policies.push_back(policy.name);
    if (auto error = claim_vfs(desired, claims, claim)) return conflict(std::move(*error));
    if (auto error = impossible(pf, desired, policy)) return conflict(std::move(*error));
  }
  if (auto error = vdpa_without_switchdev(desired)) return conflict(std::move(*error));
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
  if (auto error = give_addresses(pf, desired, claims, pool, inventory)) return conflict(std::move(*error));
  for (unsigned index = 0; index < desired.num_vfs; ++index) {
    DesiredVf unspoken;
    unspoken.policy = desired.policies.front();
    unspoken.only_if_unbound = true;
    desired.vfs.emplace(index, std::move(unspoken));
  }
  result.pfs.emplace(pf.address, std::move(desired));
}

std::vector<Claim> claims_on(const PciFunction& function, const model::Config& config, const Inventory& inventory) {
  std::vector<Claim> claims;
  for (const auto& policy : config.policies) {
    auto ranges = match_pf(policy.selectors, function, inventory);
    if (!ranges) continue;
    // Vendor and device lists sweep: functions that have no SR-IOV at all are meant only when they are named.
    const auto& selectors = policy.selectors;
    if (!function.sriov && selectors.pf_names.empty() && selectors.root_devices.empty()) continue;
    claims.push_back({&policy, std::move(*ranges)});
  }
  return claims;
}

// An interface that is being renamed, or that went to another network namespace, takes no PF out of the configuration:
// a policy that asks by a name which the PF had still asks for it.
const SriovPolicy* asks_by_earlier_name(const PciFunction& pf, const model::Owned& owned, const model::Config& config,
                                        Inventory then) {
  if (owned.names.empty()) return nullptr;
  model::NetDevice net;
  net.name = owned.names.front();
  net.altnames = owned.names;
  net.ifindex = std::numeric_limits<unsigned>::max();  // behind those that it has now
  net.link_type = pf.class_code >> 8 == 0x0207 ? model::LinkType::infiniband : model::LinkType::ethernet;
  net.function = pf.address;
  then.net_devices.push_back(std::move(net));
  const auto claims = claims_on(pf, config, then);
  return claims.empty() ? nullptr : claims.front().policy;
}

// What the agent changed and no policy asks for any more is given back, as far as it is certain that nobody asks and
// that it is the same card.
void resolve_owned(const PciFunction& pf, const model::Owned& owned, const model::Config& config,
                   const Inventory& inventory, model::Desired& result) {
  const auto keep = [&](std::string why, bool asked = false) {
    result.kept.emplace(pf.address, model::Kept{std::move(why), asked});
  };
  if (config.sources.empty()) return keep("there is no configuration at all, neither a file nor a layer");
  const auto card = identity(owned, pf, inventory);
  if (card == Identity::other) return;
  if (const auto* policy = asks_by_earlier_name(pf, owned, config, inventory))
    return keep(fmt::format("{} asks for it by a name that it had: {}", quoted(*policy), fmt::join(owned.names, ", ")),
                true);
  if (card == Identity::unknown)
    return keep("without its network interface nobody can tell whether it is the same card");
  result.pfs.emplace(pf.address, give_back(owned, pf, inventory));
}

std::map<model::PciAddress, std::string> links_of_shared(const model::Config& config, const Inventory& inventory) {
  std::map<model::PciAddress, std::string> links;
  for (const auto& resource : config.resources) {
    if (resource.kind != model::ResourceKind::shared) continue;
    for (const auto& [address, function] : inventory.functions)
      if (std::ranges::any_of(resource.selectors,
                              [&](const auto& selectors) { return !mismatch(selectors, function, inventory); }))
        links.emplace(address, resource.name);
  }
  return links;
}

}  // namespace

model::Desired resolve(const model::Config& config, const Inventory& inventory, const model::OwnedPfs& owned,
                       const model::OwnedRdmaNetns& owned_rdma) {
  model::Desired result;
  result.modules = required_modules(config);
  result.rdma_netns = rdma_netns(config, owned_rdma);
  result.protected_functions = config.protected_functions;
  std::vector<unsigned> pfs(config.policies.size(), 0);  // that each policy matches
  std::map<model::PciAddress, std::vector<Claim>> all;
  for (const auto& [address, function] : inventory.functions) {
    if (function.physfn) continue;
    auto claims = claims_on(function, config, inventory);
    for (const auto& claim : claims) ++pfs[static_cast<std::size_t>(claim.policy - config.policies.data())];
    const auto record = owned.find(address);
    if (!claims.empty())
      all.emplace(address, std::move(claims));
    else if (record != owned.end() && !record->second.of_pcie_only())
      resolve_owned(function, record->second, config, inventory, result);
  }
  for (auto& [address, claims] : all) {
    for (auto& claim : claims) claim.pfs = pfs[static_cast<std::size_t>(claim.policy - config.policies.data())];
    resolve_pf(inventory.functions.at(address), std::move(claims), config.guid_file, inventory, result);
  }
  refuse_twins(result, inventory);
  result.pcie = resolve_gpudirect(config, inventory, owned, result);
  if (config.plugins.link_up) result.links_up = links_of_shared(config, inventory);
  for (std::size_t i = 0; i < pfs.size(); ++i)
    if (pfs[i] == 0)
      result.notes.push_back(fmt::format("{} matches no function of this machine", quoted(config.policies[i])));
  return result;
}

}  // namespace nic::core
