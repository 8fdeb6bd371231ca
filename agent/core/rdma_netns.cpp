#include "core/rdma_netns.hpp"

#include <fmt/format.h>

#include <variant>

namespace nic::core {
namespace {

using model::DesiredRdmaNetns;
using model::Inventory;
using model::OwnedRdmaNetns;
using model::SetRdmaNetns;

constexpr std::string_view kWhyNotNow = "the kernel does not change it while there are other network namespaces";

bool is_wrong(const DesiredRdmaNetns& desired, const Inventory& inventory) {
  return desired.mode && inventory.rdma_netns_mode && inventory.rdma_netns_mode != desired.mode;
}

// The option for the next start says what is asked.
bool waits_for_start(const DesiredRdmaNetns& desired, const Inventory& inventory) {
  return !desired.given_back && desired.mode && inventory.rdma_netns_option == model::ib_core_option(*desired.mode);
}

// An option that stands there and is not what is asked.
bool has_stale_option(const DesiredRdmaNetns& desired, const Inventory& inventory) {
  return !inventory.rdma_netns_option.empty() && !waits_for_start(desired, inventory);
}

}  // namespace

std::optional<DesiredRdmaNetns> rdma_netns(const model::Config& config, const OwnedRdmaNetns& owned) {
  if (config.rdma_netns_mode) return DesiredRdmaNetns{config.rdma_netns_mode, false, owned.rebooted};
  if (config.sources.empty()) return std::nullopt;
  return DesiredRdmaNetns{owned.found, true, owned.rebooted};
}

std::vector<model::Step> rdma_steps(const model::Desired& desired, const Inventory& inventory, bool again) {
  if (!desired.rdma_netns) return {};
  const auto& wanted = *desired.rdma_netns;
  const bool try_now = is_wrong(wanted, inventory) && (again || wanted.rebooted || !waits_for_start(wanted, inventory));
  if (!try_now && !has_stale_option(wanted, inventory)) return {};
  model::Step step;
  if (wanted.given_back)
    step.action = SetRdmaNetns{inventory.rdma_netns_mode, try_now ? wanted.mode : std::nullopt, {}};
  else
    step.action = SetRdmaNetns{inventory.rdma_netns_mode, wanted.mode, wanted.mode};
  if (wanted.given_back)
    step.why = "the configuration no longer asks for a mode (netns_mode): given back as it was found";
  else if (try_now)
    step.why = fmt::format("[rdma] netns_mode asks for {}", word(*wanted.mode));
  else
    step.why = "the option asks for another mode than [rdma] netns_mode";
  return {std::move(step)};
}

OwnedRdmaNetns noted(OwnedRdmaNetns before, const model::Action& action) {
  const auto* set = std::get_if<SetRdmaNetns>(&action);
  if (set == nullptr) return before;
  if (!before.found) before.found = set->from;
  if (set->option && before.option != set->option) {
    before.option = set->option;
    before.rebooted = false;
  }
  return before;
}

bool over(const OwnedRdmaNetns& owned, const model::Desired& desired, const Inventory& inventory) {
  return owned != OwnedRdmaNetns{} && desired.rdma_netns && desired.rdma_netns->given_back &&
         inventory.rdma_netns_option.empty() && !is_wrong(*desired.rdma_netns, inventory);
}

RdmaVerdict judge_rdma(const model::Desired& desired, const Inventory& inventory,
                       const std::optional<model::Error>& failure) {
  if (!desired.rdma_netns || !desired.rdma_netns->mode) return {failure, {}};
  const auto& wanted = *desired.rdma_netns;
  const bool wrong = is_wrong(wanted, inventory);
  const bool refused_now = failure && failure->code == model::Code::busy;
  if (wrong && (wanted.given_back ? refused_now : waits_for_start(wanted, inventory) && !wanted.rebooted))
    return {{},
            fmt::format("the RDMA network-namespace mode is {} and becomes {} when the machine starts: {}",
                        word(*inventory.rdma_netns_mode), word(*wanted.mode), kWhyNotNow)};
  if (wrong && refused_now && wanted.rebooted)
    return {model::Error{model::Code::busy, failure->errno_value, "set the RDMA network-namespace mode", "",
                         fmt::format("it is {} instead of {}, although the machine has started since the option of "
                                     "ib_core was written: look for ib_core in the initramfs (build that anew), and "
                                     "for ib_core.netns_mode on the kernel's command line or in another file of "
                                     "modprobe.d",
                                     word(*inventory.rdma_netns_mode), word(*wanted.mode))},
            {}};
  if (failure) return {failure, {}};
  if (!wanted.given_back && inventory.rdma_subsystem && !inventory.rdma_netns_mode)
    return {model::Error{model::Code::unsupported, 0, "read the RDMA network-namespace mode", "",
                         "the kernel tells none: it needs Linux 5.1 or later, or take netns_mode out of [rdma]"},
            {}};
  return {};
}

}  // namespace nic::core
