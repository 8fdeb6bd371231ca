#include "core/plan.hpp"

#include "core/gpudirect.hpp"
#include "core/lag.hpp"
#include "core/order.hpp"
#include "core/predict.hpp"
#include "core/rdma_netns.hpp"
#include "core/udev_rules.hpp"
#include "core/vf_change.hpp"
#include "core/wanted_modules.hpp"
#include "model/drivers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace nic::core {
namespace {

using model::BindDriver;
using model::DesiredPf;
using model::DesiredVf;
using model::DeviceType;
using model::Disruption;
using model::EswitchMode;
using model::Inventory;
using model::PciFunction;
using model::PfPlan;
using model::SetMtu;
using model::SetNumVfs;
using model::Step;

// mlx5 needs about a second for 8 to 16 VFs, and a PF may have 127 of them; igb waits a second when it removes VFs.
constexpr std::chrono::seconds kVfDeadline{120};
constexpr std::chrono::seconds kDeadline{30};
// Back to legacy mode, creating, switchdev, unbinding, telling, binding and setting the MTU are seven rounds; the
// eighth finds nothing to do.
constexpr int kMostRounds = 8;

constexpr std::string_view kAsFound = "no policy asks for it any more: given back as it was found";

// The steps of one PF against one state of the machine. `protection` is empty where the caller forces.
class PfPlanner {
 public:
  PfPlanner(const DesiredPf& desired, const Inventory& inventory, const Protection& protection)
      : desired_{desired}, inventory_{inventory}, protection_{protection} {
    result_.pf = desired.pf;
  }

  [[nodiscard]] PfPlan round() {
    const PciFunction* pf = inventory_.function(desired_.pf);
    if (pf == nullptr || !pf->sriov) return result_;  // vanished: the next event brings another plan
    if (!desired_.externally_managed) udev_rules_of(*pf);
    const bool counted = desired_.externally_managed || eswitch_and_vfs(*pf);
    if (!desired_.externally_managed && !desired_.given_back && desired_.num_vfs > 0) bring_up(*pf);
    if (!desired_.externally_managed) mtu(*pf, desired_.mtu, first_policy());
    if (counted)
      for (const auto& [index, wish] : desired_.vfs) vf(*pf, index, wish);
    return std::move(result_);
  }

 private:
  void refuse(model::Error error, bool forceable) { result_.refusals.push_back({std::move(error), forceable}); }

  void add(model::Action action, Disruption disruption, std::string why, std::vector<model::PciAddress> hits = {},
           std::chrono::seconds deadline = kDeadline, std::optional<std::string> waits_for = {}) {
    result_.steps.push_back(
        {std::move(action), disruption, std::move(why), std::move(hits), deadline, std::move(waits_for)});
  }

  // A protected function takes no step that its own traffic would notice.
  bool refused(const model::PciAddress& function, Disruption disruption, const model::Action& action) {
    if (disruption < (function == desired_.pf ? Disruption::pf_disruptive : Disruption::vf_disruptive)) return false;
    const auto found = protection_.find(function);
    if (found == protection_.end()) return false;
    refuse({model::Code::protected_, 0, model::describe(action), "",
            fmt::format("{} {}; to do it all the same: nicctl apply --force --device {}", function.text(),
                        found->second.front(), desired_.pf.text())},
           true);
    return true;
  }

  // Written before the interfaces come that they speak of.
  void udev_rules_of(const PciFunction& pf) {
    if (!pf.udev_rules) return;
    std::string text = udev_rules(desired_, pf, inventory_);
    if (*pf.udev_rules == text) return;
    // Not before the VFs have gone, unless they stay as they were found.
    if (text.empty() && pf.sriov->num_vfs != (desired_.given_back ? desired_.num_vfs : 0)) return;
    const char* why = text.empty() ? "there are no VFs that other network managers have to leave alone"
                                   : "VFs and representors are for pods, not for other network managers";
    add(model::WriteUdevRules{pf.address, std::move(text)}, Disruption::live, why);
  }

  // True when the PF and these VFs take the step; all that do not are named.
  bool all_take(const model::PciAddress& pf, const std::vector<model::PciAddress>& vfs, Disruption disruption,
                const model::Action& action) {
    if (refused(pf, disruption, action)) return false;
    bool in_the_way = false;
    for (const auto& vf : vfs) in_the_way |= refused(vf, Disruption::vf_disruptive, action);
    return !in_the_way;
  }

  static std::vector<model::PciAddress> vfs_of(const PciFunction& pf) {
    std::vector<model::PciAddress> all;
    for (const auto& [index, address] : pf.sriov->virtfns) all.push_back(address);
    return all;
  }

  // True when the eswitch is in its mode and the VFs that are there are the ones that are wanted.
  bool eswitch_and_vfs(const PciFunction& pf) {
    const unsigned wanted = desired_.num_vfs;
    const EswitchMode mode = desired_.eswitch_mode.value_or(EswitchMode::legacy);
    if (!desired_.eswitch_mode || !pf.driver || (!pf.eswitch_mode && mode == EswitchMode::legacy))
      return vf_count(pf, wanted);
    const EswitchOrder order = driver_facts(*pf.driver).eswitch;
    const bool counted = pf.sriov->num_vfs == wanted;
    if (!pf.eswitch_mode) {
      // Before Linux 5.19 mlx5 tells its mode only when there are VFs.
      if (order == EswitchOrder::after_vfs && pf.sriov->num_vfs == 0 && !counted) return vf_count(pf, wanted);
      no_eswitch(pf, mode);
      return false;
    }
    if (order == EswitchOrder::before_vfs) {
      if (*pf.eswitch_mode == mode) return vf_count(pf, wanted);
      if (pf.sriov->num_vfs == 0) return eswitch(pf, mode);
      return vf_count(
          pf, 0, fmt::format("{}, which {} goes to only without VFs", reason(policies_ask(), word(mode)), *pf.driver));
    }
    if (!counted && *pf.eswitch_mode == EswitchMode::legacy) return vf_count(pf, wanted);
    if (!counted) return eswitch(pf, EswitchMode::legacy);
    return *pf.eswitch_mode == mode || eswitch(pf, mode);
  }

  void no_eswitch(const PciFunction& pf, EswitchMode mode) {
    const bool never = driver_facts(*pf.driver).eswitch == EswitchOrder::none;
    const auto why = never ? "has no eswitch for devlink: take eswitch_mode out of the policy"
                           : "shows devlink no eswitch: it, the kernel or the firmware offers none, or the port is "
                             "InfiniBand";
    refuse({model::Code::unsupported, 0, fmt::format("switch the eswitch of {} to {}", pf.address.text(), word(mode)),
            "", fmt::format("its driver {} {}", *pf.driver, why)},
           false);
  }

  // False always: what comes after it waits for the next round.
  bool eswitch(const PciFunction& pf, EswitchMode to) {
    const model::SetEswitchMode action{pf.address, *pf.eswitch_mode, to};
    auto hits = vfs_of(pf);
    if (!all_take(pf.address, hits, Disruption::pf_disruptive, action)) return false;
    std::string why = to == desired_.eswitch_mode
                          ? fmt::format("{}, it is {}", reason(policies_ask(), word(to)), word(action.from))
                          : fmt::format("{} changes the number of VFs in {} mode only", *pf.driver, word(to));
    add(action, Disruption::pf_disruptive, std::move(why), std::move(hits), kVfDeadline);
    return false;
  }

  // True when the VFs that are there are as many as are wanted.
  bool vf_count(const PciFunction& pf, unsigned wanted, std::string why = {}) {
    if (pf.sriov->num_vfs == wanted) return true;
    const SetNumVfs action{pf.address, pf.sriov->num_vfs, wanted, pf.sriov->drivers_autoprobe};
    auto hits = vfs_of(pf);
    const bool breaks_lag = action.from == 0 && pf.eswitch_mode != EswitchMode::switchdev &&
                            desired_.eswitch_mode != EswitchMode::switchdev && aggregates_in_card(pf, inventory_);
    const Disruption disruption =
        action.from == 0 && !breaks_lag ? driver_facts(pf.driver.value_or("")).first_vfs : Disruption::pf_disruptive;
    if (!all_take(pf.address, hits, disruption, action)) return false;
    if (why.empty())
      why = fmt::format("{}, there are {}", reason(policies_ask(), fmt::format("{} VFs", action.to)), action.from);
    if (breaks_lag) why += "; the RDMA device of its bond comes apart: the card aggregates only without VFs";
    if (pf.driver) {
      add(action, disruption, std::move(why), std::move(hits), kVfDeadline);
    } else {
      add(action, disruption, std::move(why), std::move(hits), kVfDeadline, "a driver on " + pf.address.text());
    }
    return false;
  }

  void vf(const PciFunction& pf, unsigned index, const DesiredVf& wish) {
    const auto address = pf.sriov->virtfns.find(index);
    const PciFunction* function = address == pf.sriov->virtfns.end() ? nullptr : inventory_.function(address->second);
    if (function == nullptr) return;  // its `add` is on the way; the pool does not offer it before
    if (!told(pf, *function, index, wish) || !bound(pf, *function, index, wish)) return;
    if (wish.device_type != DeviceType::netdevice || wish.only_if_unbound) return;
    mtu(*function, wish.mtu, fmt::format("policy \"{}\"", wish.policy));
    vdpa(pf, *function, index, wish);
  }

  // Others' devices are taken as they are, given to the driver that is asked for, and never removed.
  void vdpa(const PciFunction& pf, const PciFunction& function, unsigned index, const DesiredVf& wish) {
    const auto* device = vdpa_device_of(function);
    if (!wish.vdpa_type && (device == nullptr || device->name != model::vdpa_name(function.address))) return;
    if (wish.vdpa_type && device != nullptr && device->driver == vdpa_driver(*wish.vdpa_type)) return;
    if (wish.vdpa_type && driver_facts(pf.driver.value_or("")).vdpa_module.empty()) {
      if (unable_.insert("vdpa_type").second)
        refuse({model::Code::unsupported, 0, fmt::format("make vDPA devices of the VFs of {}", pf.address.text()), "",
                fmt::format("its driver {} makes none: take vdpa_type out of the policy", pf.driver.value_or("none"))},
               false);
      return;
    }
    const model::SetVdpa action{function.address, index, device == nullptr ? std::nullopt : std::optional{*device},
                                wish.vdpa_type};
    const Disruption disruption = device == nullptr ? Disruption::live : Disruption::vf_disruptive;
    if (refused(function.address, disruption, action)) return;
    add(action, disruption,
        wish.vdpa_type ? fmt::format("policy \"{}\" asks for vdpa_type {}", wish.policy, word(*wish.vdpa_type))
                       : fmt::format("policy \"{}\" asks for no vDPA device", wish.policy),
        device == nullptr ? std::vector<model::PciAddress>{} : std::vector{function.address});
  }

  // True when nothing about the VF has to be told to its PF before it is bound.
  bool told(const PciFunction& pf, const PciFunction& function, unsigned index, const DesiredVf& wish) {
    const VfChange change = change_of_vf(wish, function, inventory_);
    for (const auto name : change.unable)
      if (unable_.insert(name).second)
        refuse(
            {model::Code::unsupported, 0, fmt::format("set {} of the VFs of {}", name, pf.address.text()), "",
             fmt::format("the driver {} tells no {} of its VFs: it cannot set it", pf.driver.value_or("none"), name)},
            false);
    if (change.empty()) return true;
    const auto why =
        desired_.given_back ? std::string{kAsFound} : fmt::format("policy \"{}\" asks for it", wish.policy);
    std::optional<std::string> waits_for;
    if (speaker(inventory_, pf.address) == nullptr)
      waits_for = fmt::format("a network interface of {} (of InfiniBand: module ib_ipoib)", pf.address.text());
    const auto tell = [&](const model::VfSettings& settings, bool independent) {
      if (settings.empty()) return;
      add(model::SetVf{pf.address, index, settings}, Disruption::live, why, {}, kDeadline, waits_for);
      result_.steps.back().independent = independent;
    };
    tell(change.others, true);
    if (change.addresses.empty()) return true;
    if (change.rebind && !waits_for) {
      const model::UnbindDriver action{function.address, index, function.driver.value_or("")};
      if (refused(function.address, Disruption::vf_disruptive, action)) return true;
      add(action, Disruption::vf_disruptive,
          fmt::format(
              "{} another address, which its driver reads when it is bound",
              desired_.given_back ? "it is given back with" : fmt::format("policy \"{}\" gives it", wish.policy)),
          {function.address});
      return false;
    }
    tell(change.addresses, wish.address_if_none);
    return wish.address_if_none && waits_for;
  }

  void bring_up(const PciFunction& pf) {
    const auto nets = inventory_.net_devices_of(pf.address);
    if (std::ranges::all_of(nets, [](const auto* net) { return net->admin_up; })) return;
    add(model::BringUp{pf.address}, Disruption::live, fmt::format("{} for VFs, whose link it carries", policies_ask()));
  }

  // True when the VF has the driver it should have.
  bool bound(const PciFunction& pf, const PciFunction& function, unsigned index, const DesiredVf& wish) {
    if (has_right_driver(wish, function)) return !without_guid(function, index, wish);
    if (wish.no_driver) {
      const model::UnbindDriver action{function.address, index, *function.driver};
      if (!refused(function.address, Disruption::vf_disruptive, action))
        add(action, Disruption::vf_disruptive, reason("", "no driver"), {function.address});
      return false;
    }
    const BindDriver action{function.address, index, wish.device_type, function.driver, wish.is_rdma};
    if (wish.device_type == DeviceType::vfio_pci && !function.iommu_group) {
      refuse({model::Code::unsupported, 0, model::describe(action), "",
              "the function is in no IOMMU group: switch VT-d or AMD-Vi on in the BIOS and boot with intel_iommu=on or "
              "amd_iommu=on"},
             false);
      return false;
    }
    if (desired_.externally_managed && !pf.sriov->drivers_autoprobe && wish.device_type == DeviceType::netdevice) {
      refuse(model::invalid(
                 model::describe(action), "",
                 fmt::format("the kernel binds no driver to VFs of {} (sriov_drivers_autoprobe is 0), and it is "
                             "externally_managed: whoever manages it has to allow it",
                             pf.address.text())),
             false);
      return false;
    }
    if (refused(function.address, Disruption::vf_disruptive, action)) return false;
    const Disruption disruption = function.driver ? Disruption::vf_disruptive : Disruption::live;
    add(action, disruption,
        fmt::format("{}, bound is {}", reason(fmt::format("policy \"{}\" asks", wish.policy), word(wish.device_type)),
                    function.driver.value_or("no driver")),
        {function.address});
    return false;
  }

  // True when the VF is taken from its driver, because its RDMA device has no GUID: the driver reads it when it is
  // bound, and the PF may have been told of it later.
  bool without_guid(const PciFunction& function, unsigned index, const DesiredVf& wish) {
    if (!wish.is_rdma || !function.in_use.empty() || !has_rdma_without_guid(inventory_, function.address)) return false;
    const model::UnbindDriver action{function.address, index, function.driver.value_or("")};
    if (refused(function.address, Disruption::vf_disruptive, action)) return false;
    add(action, Disruption::vf_disruptive,
        fmt::format("policy \"{}\" asks for RDMA (is_rdma), and its RDMA device has no GUID", wish.policy),
        {function.address});
    return true;
  }

  // The PF is raised, never lowered, unless it is given back; a VF gets exactly what is asked.
  void mtu(const PciFunction& function, std::optional<unsigned> wanted, const std::string& who) {
    if (!wanted) return;
    const bool is_pf = function.address == desired_.pf;
    const auto nets = inventory_.net_devices_of(function.address);
    if (nets.empty() && !function.in_use.empty()) return;  // its user has the interface, and its MTU
    if (nets.empty() && function.driver && !model::is_user_space_driver(*function.driver)) {
      add(SetMtu{function.address, 0, *wanted}, Disruption::live, reason(who + " asks", fmt::format("MTU {}", *wanted)),
          {}, kDeadline, "the network interface of " + function.address.text());
      return;
    }
    const bool raise = is_pf && !desired_.given_back;
    const bool wrong =
        std::ranges::any_of(nets, [&](const auto* net) { return raise ? net->mtu < *wanted : net->mtu != *wanted; });
    if (!wrong) return;
    const SetMtu action{function.address, nets.front()->mtu, *wanted};
    if (nets.front()->max_mtu && *nets.front()->max_mtu != 0 && *nets.front()->max_mtu < *wanted) {
      refuse(model::invalid(model::describe(action), "",
                            fmt::format("{} takes at most {}", nets.front()->name, *nets.front()->max_mtu)),
             false);
      return;
    }
    const Disruption disruption = is_pf ? Disruption::pf_disruptive : Disruption::vf_disruptive;
    if (refused(function.address, disruption, action)) return;
    add(action, disruption,
        fmt::format("{}, it is {}", reason(who + " asks", fmt::format("MTU {}", *wanted)), action.from));
  }

  // `policy "workers" asks for 4 VFs`, or why it is wanted although nobody asks.
  [[nodiscard]] std::string reason(std::string_view who_asks, std::string_view what) const {
    if (desired_.given_back) return fmt::format("{}, {}", kAsFound, what);
    return fmt::format("{} for {}", who_asks, what);
  }

  [[nodiscard]] std::string first_policy() const {
    return desired_.policies.empty() ? std::string{} : fmt::format("policy \"{}\"", desired_.policies.front());
  }

  [[nodiscard]] std::string policies_ask() const {
    std::string text;
    for (const auto& name : desired_.policies) text += fmt::format("{}\"{}\"", text.empty() ? "" : " and ", name);
    return desired_.policies.size() > 1 ? fmt::format("policies {} ask", text) : fmt::format("policy {} asks", text);
  }

  const DesiredPf& desired_;
  const Inventory& inventory_;
  const Protection& protection_;
  std::set<std::string_view> unable_;
  PfPlan result_;
};

bool is_loaded(const Inventory& inventory, std::span<const model::ModuleReport> reports, const std::string& name) {
  const auto live = std::ranges::lower_bound(inventory.modules, name, {}, &model::LoadedModule::name);
  if (live != inventory.modules.end() && live->name == name) return true;
  const auto report = std::ranges::find(reports, name, &model::ModuleReport::name);
  return report != reports.end() && report->state == model::ModuleState::builtin;
}

std::vector<Step> module_steps(const model::Desired& desired, const Inventory& inventory,
                               std::span<const model::ModuleReport> reports) {
  std::vector<Step> steps;
  for (auto& [name, why] : wanted_modules(desired, inventory)) {
    if (is_loaded(inventory, reports, name)) continue;
    const auto report = std::ranges::find(reports, name, &model::ModuleReport::name);
    if (report != reports.end() && !report->blacklisted_by.empty()) continue;  // shown by the module's verdict
    steps.push_back({model::LoadModule{std::move(name)}, Disruption::live, std::move(why), {}, kVfDeadline, {}});
  }
  return steps;
}

// Rounds against what the machine will look like, until nothing is left that could be done.
PfPlan plan_pf(const DesiredPf& desired, const Inventory& inventory, const Protection& protected_functions) {
  PfPlan first = PfPlanner{desired, inventory, protected_functions}.round();
  const auto doable = [](const Step& step) { return !step.waits_for; };
  if (std::ranges::none_of(first.steps, doable)) return first;
  Inventory later = inventory;
  std::vector<Step> all;
  PfPlan current = std::move(first);
  for (int round = 0; round < kMostRounds && std::ranges::any_of(current.steps, doable); ++round) {
    for (auto& step : current.steps) {
      if (step.waits_for) continue;
      predict(later, step.action);
      all.push_back(std::move(step));
    }
    current = PfPlanner{desired, later, protected_functions}.round();
  }
  std::ranges::copy_if(current.steps, std::back_inserter(all),
                       [](const Step& step) { return step.waits_for.has_value(); });
  current.steps = std::move(all);
  return current;
}

// A function of a shared resource whose interface is down.
PfPlan plan_link(const model::PciAddress& address, const std::string& resource, const Inventory& inventory) {
  PfPlan result;
  const PciFunction* function = inventory.function(address);
  if (function == nullptr) return result;
  result.pf = function->physfn.value_or(address);
  const auto nets = inventory.net_devices_of(address);
  if (!std::ranges::all_of(nets, [](const auto* net) { return net->admin_up; }))
    result.steps.push_back({model::BringUp{address},
                            Disruption::live,
                            fmt::format("resource {} shares it, and link_up says so", resource),
                            {},
                            kDeadline,
                            {}});
  return result;
}

// One function has one plan, in whose order its steps are done.
void add_to(std::vector<PfPlan>& plans, PfPlan more) {
  if (more.steps.empty() && more.refusals.empty()) return;
  const auto found = std::ranges::find(plans, more.pf, &PfPlan::pf);
  if (found == plans.end()) return plans.push_back(std::move(more));
  // Its policy brings it up already.
  std::erase_if(more.steps, [&](const Step& step) {
    return std::holds_alternative<model::BringUp>(step.action) &&
           std::ranges::find(found->steps, step.action, &Step::action) != found->steps.end();
  });
  std::ranges::move(more.steps, std::back_inserter(found->steps));
  std::ranges::move(more.refusals, std::back_inserter(found->refusals));
}

}  // namespace

model::Plan plan(const model::Desired& desired, const Inventory& inventory,
                 std::span<const model::ModuleReport> modules, const PlanOptions& options) {
  model::Plan result;
  result.modules = module_steps(desired, inventory, modules);
  if (options.only.empty()) result.rdma = rdma_steps(desired, inventory, options.again);
  const Protection protected_functions =
      options.force ? Protection{} : protection(inventory, desired.protected_functions);
  for (const auto& [address, pf] : desired.pfs) {
    if (!options.only.empty() && !options.only.contains(address)) continue;
    PfPlan steps = plan_pf(pf, inventory, protected_functions);
    for (auto& step : steps.steps) step.forced = options.force;
    if (!steps.steps.empty() || !steps.refusals.empty()) result.pfs.push_back(std::move(steps));
  }
  for (const auto& [address, wish] : desired.pcie)
    if (options.only.empty() || options.only.contains(address))
      add_to(result.pfs, plan_pcie(wish, inventory, options.force));
  for (const auto& [address, resource] : desired.links_up) {
    PfPlan steps = plan_link(address, resource, inventory);
    if (options.only.empty() || options.only.contains(steps.pf)) add_to(result.pfs, std::move(steps));
  }
  return result;
}

}  // namespace nic::core
