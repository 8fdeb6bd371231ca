#include "core/gpudirect.hpp"

#include "core/gpu_path.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace nic::core {
namespace {

using model::DesiredPcie;
using model::Inventory;
using model::PciAddress;
using model::PcieFunction;

constexpr std::chrono::seconds kDeadline{30};

using Wishes = std::map<PciAddress, DesiredPcie>;

DesiredPcie& wish_for(Wishes& wishes, const PciAddress& function, std::string why) {
  const auto [entry, is_new] = wishes.try_emplace(function);
  if (is_new) {
    entry->second.function = function;
    entry->second.why = std::move(why);
  }
  return entry->second;
}

void ask_for_acs(const Inventory& inventory, Wishes& wishes) {
  const auto& topology = inventory.pcie;
  for (const auto& gpu : topology.gpus) {
    const auto* from = topology.function(gpu);
    if (from == nullptr) continue;
    for (const auto& nic : nics(inventory))
      for (const auto* bridge : acs_bridges(topology, *from, *topology.function(nic)))
        if (bridge->config.acs)
          wish_for(wishes, bridge->address,
                   fmt::format("[gpudirect] acs is \"off-on-gpu-paths\", and it is between GPU {} and NIC {}",
                               gpu.text(), nic.text()))
              .acs_redirects = std::uint16_t{0};
  }
}

void ask_for_read_request(unsigned bytes, const Inventory& inventory, const model::Desired& desired, Wishes& wishes) {
  for (const auto& gpu : inventory.pcie.gpus)
    for (const auto& nic : nearest_nics(inventory, gpu)) {
      const auto pf = desired.pfs.find(nic);
      if (pf != desired.pfs.end() && pf->second.externally_managed) continue;
      const auto& express = inventory.pcie.function(nic)->config.express;
      if (!express || express->max_read_request == 0) continue;  // a reserved value could not be given back
      wish_for(wishes, nic,
               fmt::format("[gpudirect] max_read_request is {}, and no NIC is nearer to GPU {}", bytes, gpu.text()))
          .max_read_request = bytes;
    }
}

// Another card in the slot has nothing to get back.
bool same_card(const model::Card& then, const PcieFunction& now) {
  return then.vendor == now.vendor && then.device == now.device;
}

// Attribute by attribute: what is asked for stands, what is not is given back.
void give_back(const model::Owned& owned, const PcieFunction& now, Wishes& wishes) {
  const auto back = [&]() -> DesiredPcie& {
    auto& wish = wish_for(wishes, owned.pf, "");
    if (wish.why.empty()) {
      wish.given_back = true;
      wish.why = "nothing asks for it any more: given back as it was found";
    }
    return wish;
  };
  const auto asked = wishes.find(owned.pf);
  if (owned.found.acs_control && now.config.acs && (asked == wishes.end() || !asked->second.acs_redirects))
    back().acs_redirects = static_cast<std::uint16_t>(*owned.found.acs_control & model::kAcsRedirects);
  if (owned.found.max_read_request && now.config.express && (asked == wishes.end() || !asked->second.max_read_request))
    back().max_read_request = owned.found.max_read_request;
}

const model::Passthrough* passed_through_below(const PciAddress& bridge, const model::PcieTopology& topology) {
  const auto found = std::ranges::find_if(topology.passthrough, [&](const model::Passthrough& one) {
    return std::ranges::find(one.above, bridge) != one.above.end();
  });
  return found == topology.passthrough.end() ? nullptr : &*found;
}

}  // namespace

Wishes resolve_gpudirect(const model::Config& config, const Inventory& inventory, const model::OwnedPfs& owned,
                         const model::Desired& desired) {
  Wishes wishes;
  if (config.gpudirect.acs == model::AcsPolicy::off_on_gpu_paths) ask_for_acs(inventory, wishes);
  if (const auto bytes = config.gpudirect.max_read_request) ask_for_read_request(*bytes, inventory, desired, wishes);
  for (const auto& [address, record] : owned) {
    const auto* function = inventory.pcie.function(address);
    if (function != nullptr && !config.sources.empty() && same_card(record.card, *function))
      give_back(record, *function, wishes);
  }
  return wishes;
}

model::PfPlan plan_pcie(const DesiredPcie& wish, const Inventory& inventory, bool force) {
  model::PfPlan result;
  result.pf = wish.function;
  const auto* function = inventory.pcie.function(wish.function);
  if (function == nullptr) return result;
  const auto add = [&](model::Action action) {
    result.steps.push_back({std::move(action), model::Disruption::live, wish.why, {}, kDeadline, {}});
  };
  const auto& config = function->config;
  if (wish.acs_redirects && config.acs) {
    // A bit that the bridge does not have is not asked for.
    const auto mask = static_cast<std::uint16_t>(model::kAcsRedirects & config.acs->capability);
    const auto value = static_cast<std::uint16_t>(*wish.acs_redirects & mask);
    const model::SetAcs action{wish.function, mask, value, config.acs->control};
    const auto* guest = passed_through_below(wish.function, inventory.pcie);
    const bool opens = (config.acs->control & mask & ~value) != 0;
    if ((config.acs->control & mask) == value) {
      // As it should be.
    } else if (opens && guest != nullptr && !force) {
      result.refusals.push_back(
          {{model::Code::protected_, 0, model::describe(action), "",
            fmt::format("{} below it is bound to {}, and a virtual machine that has it could reach its neighbours; to "
                        "do it all the same: nicctl apply --force",
                        guest->function.text(), guest->driver)},
           true});
    } else {
      add(action);
    }
  }
  if (wish.max_read_request && config.express && config.express->max_read_request != *wish.max_read_request)
    add(model::SetMaxReadRequest{wish.function, config.express->max_read_request, *wish.max_read_request});
  return result;
}

}  // namespace nic::core
