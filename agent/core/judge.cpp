#include "core/judge.hpp"

#include "core/health.hpp"
#include "core/order.hpp"
#include "core/vf_change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace nic::core {
namespace {

using model::Component;
using model::ComponentState;
using model::Desired;
using model::DesiredPf;
using model::Difference;
using model::FunctionState;
using model::FunctionStatus;
using model::Inventory;
using model::PciFunction;
using model::Snapshot;

std::vector<Difference> differences_of_pf(const DesiredPf& desired, const PciFunction& pf, const Inventory& inventory) {
  std::vector<Difference> all;
  const unsigned have = pf.sriov ? pf.sriov->num_vfs : 0;
  if (have != desired.num_vfs && !desired.externally_managed)
    all.push_back({"num_vfs", std::to_string(have), std::to_string(desired.num_vfs)});
  if (desired.eswitch_mode && pf.eswitch_mode.value_or(model::EswitchMode::legacy) != *desired.eswitch_mode)
    all.push_back({"eswitch_mode", std::string{pf.eswitch_mode ? word(*pf.eswitch_mode) : "none"},
                   std::string{word(*desired.eswitch_mode)}});
  if (desired.mtu)
    for (const auto* net : inventory.net_devices_of(pf.address))
      if (desired.given_back ? net->mtu != *desired.mtu : net->mtu < *desired.mtu)
        all.push_back({"mtu of " + net->name, std::to_string(net->mtu), std::to_string(*desired.mtu)});
  return all;
}

std::vector<Difference> differences_of_vf(const model::DesiredVf& wish, const PciFunction& vf,
                                          const Inventory& inventory) {
  std::vector<Difference> all;
  if (!has_right_driver(wish, vf))
    all.push_back({"driver", vf.driver.value_or("none"), std::string{wanted_driver(wish)}});
  const auto change = change_once_free(wish, vf, inventory);  // what is left to a user is shown
  auto changes = change.addresses;
  lay_over(changes, change.others);
  const auto* net_of_pf = vf.physfn ? speaker(inventory, *vf.physfn) : nullptr;
  for (const auto& [name, value] : named(changes)) {
    std::string have = "unknown";
    if (net_of_pf != nullptr && vf.vf_index && net_of_pf->vfs.contains(*vf.vf_index))
      for (const auto& [known, now] : named(net_of_pf->vfs.at(*vf.vf_index)))
        if (known == name) have = now;
    all.push_back({std::string{name}, std::move(have), value});
  }
  if (wish.is_rdma && vf.in_use.empty() && !has_usable_rdma(inventory, vf.address))
    all.push_back(
        {"rdma", has_rdma_without_guid(inventory, vf.address) ? "a device without a GUID" : "none", "a device"});
  if (wish.vdpa_type) {
    const auto* device = vdpa_device_of(vf);
    if (device == nullptr || device->driver != vdpa_driver(*wish.vdpa_type))
      all.push_back({"vdpa_type", device == nullptr || device->driver.empty() ? "none" : device->driver,
                     std::string{word(*wish.vdpa_type)}});
  }
  if (wish.mtu && wish.device_type == model::DeviceType::netdevice)
    for (const auto* net : inventory.net_devices_of(vf.address))
      if (net->mtu != *wish.mtu)
        all.push_back({"mtu of " + net->name, std::to_string(net->mtu), std::to_string(*wish.mtu)});
  return all;
}

const model::PfPlan* plan_of(const model::Plan& plan, const model::PciAddress& pf) {
  const auto found = std::ranges::find(plan.pfs, pf, &model::PfPlan::pf);
  return found == plan.pfs.end() ? nullptr : &*found;
}

std::string pending_text(const model::PfPlan& plan) {
  for (const auto& step : plan.steps)
    if (!step.waits_for) return fmt::format("{} step{} to do", plan.steps.size(), plan.steps.size() == 1 ? "" : "s");
  return "waiting for " + *plan.steps.front().waits_for;
}

std::string drift_text(const std::vector<Difference>& differences) {
  constexpr std::string_view kWhy = "changed by somebody else and only observed (on_drift); nicctl apply puts it right";
  if (differences.empty()) return std::string{kWhy};
  const auto& first = differences.front();
  return fmt::format("{} is {} instead of {}, {}", first.what, first.have, first.want, kWhy);
}

// The first thing on the list that is true is the state of the PF.
void judge_pf(FunctionStatus& status, const model::PfPlan* plan, const PfWork& work, const model::Error* conflict) {
  const auto say = [&](FunctionState state, std::string text) {
    status.state = state;
    status.text = std::move(text);
  };
  status.last_error = work.failure;
  if (work.failure) {
    status.failed_usec = work.failed_usec;
    status.retry_usec = work.retry_usec;
  }
  if (work.stuck) return say(FunctionState::stuck, "a kernel call has not come back; no further steps until it does");
  if (conflict != nullptr) {
    status.last_error = *conflict;
    return say(FunctionState::failed, conflict->text());
  }
  if (work.applying) return say(FunctionState::applying, "being configured");
  if (work.failure) return say(FunctionState::failed, work.failure->text());
  if (plan != nullptr && !plan->refusals.empty()) {
    const auto& refusal = plan->refusals.front();
    status.last_error = refusal.error;
    return say(refusal.error.code == model::Code::protected_ ? FunctionState::protected_ : FunctionState::failed,
               refusal.error.text());
  }
  if (plan != nullptr && !plan->steps.empty() && work.only_observed)
    return say(FunctionState::drifted, drift_text(status.differences));
  if (plan != nullptr && !plan->steps.empty()) return say(FunctionState::pending, pending_text(*plan));
  say(FunctionState::ok, "as configured");
}

std::vector<Difference> differences_of_pcie(const model::DesiredPcie& wish, const model::PcieFunction& function) {
  std::vector<Difference> all;
  const auto& config = function.config;
  if (wish.acs_redirects && config.acs) {
    const auto have = static_cast<std::uint16_t>(config.acs->control & config.acs->capability & model::kAcsRedirects);
    const auto want = static_cast<std::uint16_t>(*wish.acs_redirects & config.acs->capability);
    if (have != want) all.push_back({"acs redirects", model::acs_text(have), model::acs_text(want)});
  }
  if (wish.max_read_request && config.express && config.express->max_read_request != *wish.max_read_request)
    all.push_back(
        {"max_read_request", std::to_string(config.express->max_read_request), std::to_string(*wish.max_read_request)});
  return all;
}

// A bridge, or a NIC of which nothing else is asked, is worth a word only while something is to be done to it.
void judge_pcie(FunctionStatus& status, const model::DesiredPcie& wish, const Inventory& inventory,
                const model::Plan& plan, const std::map<model::PciAddress, PfWork>& work) {
  if (const auto* function = inventory.pcie.function(wish.function); function != nullptr)
    std::ranges::move(differences_of_pcie(wish, *function), std::back_inserter(status.differences));
  if (status.state != FunctionState::unmanaged) return;
  FunctionStatus now = status;
  const auto known = work.find(wish.function);
  judge_pf(now, plan_of(plan, wish.function), known == work.end() ? PfWork{} : known->second, nullptr);
  if (now.state != FunctionState::ok) status = std::move(now);
}

}  // namespace

std::map<model::PciAddress, FunctionStatus> judge_functions(const Desired& desired, const Inventory& inventory,
                                                            const model::Plan& plan,
                                                            const std::map<model::PciAddress, PfWork>& work) {
  std::map<model::PciAddress, FunctionStatus> result;
  const auto protected_functions = protection(inventory, desired.protected_functions);
  std::map<model::PciAddress, const model::Error*> conflicts;
  for (const auto& conflict : desired.conflicts)
    if (conflict.pf) conflicts.emplace(*conflict.pf, &conflict.error);
  for (const auto& [address, function] : inventory.functions) {
    FunctionStatus status;
    status.health = broken_reporters(function);
    if (const auto guarded = protected_functions.find(address); guarded != protected_functions.end())
      status.protection = guarded->second;
    const auto conflict = conflicts.find(address);
    if (const auto wanted = desired.pfs.find(address); wanted != desired.pfs.end() || conflict != conflicts.end()) {
      if (wanted != desired.pfs.end()) status.differences = differences_of_pf(wanted->second, function, inventory);
      const auto known = work.find(address);
      judge_pf(status, plan_of(plan, address), known == work.end() ? PfWork{} : known->second,
               conflict == conflicts.end() ? nullptr : conflict->second);
    } else if (const auto kept = desired.kept.find(address); kept != desired.kept.end()) {
      status.text = "owned, and kept as it is: " + kept->second.why;
    } else if (function.physfn && function.vf_index && desired.pfs.contains(*function.physfn)) {
      const auto& wishes = desired.pfs.at(*function.physfn).vfs;
      if (const auto wish = wishes.find(*function.vf_index); wish != wishes.end()) {
        status.differences = differences_of_vf(wish->second, function, inventory);
        const bool right = status.differences.empty();
        status.state = right || !function.in_use.empty() ? FunctionState::ok : FunctionState::pending;
        status.text = right ? "as configured" : "not configured yet";
        if (!right && !function.in_use.empty())
          status.text = "left to its user as it is until it is free: " + function.in_use;
      }
    }
    result.emplace(address, std::move(status));
  }
  for (const auto& [address, wish] : desired.pcie) judge_pcie(result[address], wish, inventory, plan, work);
  return result;
}

namespace {

Component configuration(const Snapshot& s) {
  if (!s.config_errors.empty())
    return {"configuration", ComponentState::error,
            s.config_errors.front().text() +
                (s.config_errors.size() > 1 ? fmt::format(" (and {} more)", s.config_errors.size() - 1) : "")};
  const auto files = s.config ? s.config->sources.size() : 0;
  auto text = fmt::format("generation {}, {} source{}", s.config_generation, files, files == 1 ? "" : "s");
  const auto warnings = s.config ? s.config->warnings.size() : 0;
  if (warnings > 0)
    text += fmt::format(", {} warning{}: {}", warnings, warnings == 1 ? "" : "s", s.config->warnings.front());
  return {"configuration", ComponentState::ready, std::move(text)};
}

Component modules(const Snapshot& s, const Circumstances& circumstances) {
  unsigned wanted = 0;
  for (const auto& module : s.modules) {
    if (!module.wanted) continue;
    ++wanted;
    if (module.loaded() && module.verdict != model::Verdict::fail) continue;
    std::string why = module.blacklisted_by.empty() ? "" : "blacklisted by " + module.blacklisted_by;
    for (const auto& failure : circumstances.module_failures)
      if (model::kernel_name(failure.object) == module.name) why = failure.text();
    for (const auto& finding : module.findings)
      if (why.empty() && finding.severity == model::Verdict::fail) why = finding.text;
    return {"modules", ComponentState::error, fmt::format("{}: {}", module.name, why.empty() ? "not loaded" : why)};
  }
  if (!circumstances.module_failures.empty())
    return {"modules", ComponentState::error, circumstances.module_failures.front().text()};
  if (wanted == 0) return {"modules", ComponentState::ignore, "none required"};
  return {"modules", ComponentState::ready, fmt::format("{} required, all loaded", wanted)};
}

// Modules that are required have a component of their own; here is what no single one tells.
Component drivers(const Snapshot& s, const Circumstances& circumstances) {
  const auto& status = s.drivers;
  for (const auto& finding : status.findings)
    if (finding.severity == model::Verdict::fail) return {"drivers", ComponentState::error, finding.text};
  for (const auto& [module, why] : circumstances.not_reloaded)
    return {"drivers", ComponentState::ready,
            fmt::format("{} runs in another build than the one on disk and is not loaded anew: {}", module, why)};
  const bool rdma = !s.inventory.rdma_devices.empty() || status.running != model::Provider::unknown;
  if (!rdma) return {"drivers", ComponentState::ignore, "no RDMA stack runs"};
  std::string text = fmt::format("{} RDMA stack", word(status.running));
  if (!status.version.empty()) text += " " + status.version;
  if (!s.inventory.rdma_devices.empty()) text += fmt::format(", {} RDMA devices", s.inventory.rdma_devices.size());
  for (const auto& finding : status.findings)
    if (finding.severity == model::Verdict::warn) return {"drivers", ComponentState::ready, finding.text};
  return {"drivers", ComponentState::ready, std::move(text)};
}

Component rdma(const Snapshot& s) {
  if (s.rdma_problem) return {"rdma", ComponentState::error, s.rdma_problem->text()};
  const auto& wanted = s.desired.rdma_netns;
  if (!wanted || !wanted->mode || wanted->given_back)
    return {"rdma", ComponentState::ignore, "no network-namespace mode is asked for"};
  if (!s.inventory.rdma_subsystem)
    return {"rdma", ComponentState::ignore, "ib_core is not loaded: its network-namespace mode is set when it is"};
  const auto have = s.inventory.rdma_netns_mode;
  if (have == wanted->mode)
    return {"rdma", ComponentState::ready, fmt::format("network-namespace mode {}", word(*have))};
  return {"rdma", ComponentState::not_ready,
          fmt::format("network-namespace mode {} instead of {}{}", have ? word(*have) : "unknown", word(*wanted->mode),
                      s.reboot_reasons.empty() ? "" : ": the machine has to start anew")};
}

Component sriov(const Snapshot& s) {
  unsigned ok = 0, waiting = 0;
  const std::pair<const model::PciAddress, FunctionStatus>* broken = nullptr;
  const std::pair<const model::PciAddress, FunctionStatus>* drifted = nullptr;
  for (const auto& entry : s.functions) {
    const auto* function = s.inventory.function(entry.first);
    if (function == nullptr || function->physfn) continue;
    switch (entry.second.state) {
      case FunctionState::unmanaged: break;
      case FunctionState::ok: ++ok; break;
      case FunctionState::pending:
      case FunctionState::applying: ++waiting; break;
      case FunctionState::drifted: drifted = drifted == nullptr ? &entry : drifted; break;
      case FunctionState::failed:
      case FunctionState::stuck:
      case FunctionState::protected_: broken = broken == nullptr ? &entry : broken; break;
    }
  }
  if (broken != nullptr)
    return {"sriov", ComponentState::error, fmt::format("{}: {}", broken->first.text(), broken->second.text)};
  for (const auto& conflict : s.desired.conflicts)
    if (!conflict.pf) return {"sriov", ComponentState::error, conflict.error.text()};
  if (drifted != nullptr)
    return {"sriov", ComponentState::not_ready, fmt::format("{}: {}", drifted->first.text(), drifted->second.text)};
  if (waiting > 0)
    return {"sriov", ComponentState::not_ready, fmt::format("{} of {} PFs configured", ok, ok + waiting)};
  if (!s.desired.notes.empty()) return {"sriov", ComponentState::not_ready, s.desired.notes.front()};
  if (ok == 0) return {"sriov", ComponentState::ignore, "no PF is configured"};
  return {"sriov", ComponentState::ready, fmt::format("{} PF{} as configured", ok, ok == 1 ? "" : "s")};
}

Component gpudirect(const Snapshot& s) {
  if (s.inventory.pcie.gpus.empty()) return {"gpudirect", ComponentState::ignore, "no GPU"};
  for (const auto& [address, wish] : s.desired.pcie) {
    const auto status = s.functions.find(address);
    if (status == s.functions.end()) continue;
    const auto state = status->second.state;
    const auto text = fmt::format("{}: {}", address.text(), status->second.text);
    if (state == FunctionState::failed || state == FunctionState::stuck || state == FunctionState::protected_)
      return {"gpudirect", ComponentState::error, text};
    if (!status->second.differences.empty()) return {"gpudirect", ComponentState::not_ready, text};
  }
  const auto warned = std::ranges::count(s.gpu_paths, model::Verdict::warn, &model::GpuPath::verdict);
  return {"gpudirect", ComponentState::ready,
          fmt::format("{} GPU{}, {} of {} paths to NICs with a warning (nicctl gpus)", s.inventory.pcie.gpus.size(),
                      s.inventory.pcie.gpus.size() == 1 ? "" : "s", warned, s.gpu_paths.size())};
}

Component resources(const Snapshot& s) {
  if (s.pools.empty()) return {"resources", ComponentState::ignore, "none configured"};
  unsigned devices = 0;
  for (const auto& pool : s.pools) {
    devices += pool.capacity;
    if (pool.capacity > 0 && pool.healthy > 0) continue;
    if (pool.capacity > 0)
      return {"resources", ComponentState::not_ready,
              fmt::format("{} has nothing healthy: {}", pool.resource.name,
                          pool.devices.empty()
                              ? pool.unhealthy
                              : fmt::format("{}: {}", pool.devices.front().id, pool.devices.front().unhealthy))};
    const std::string why = pool.not_ready.empty()
                                ? "no function matches its selectors"
                                : fmt::format("{}: {}", pool.not_ready.front().what, pool.not_ready.front().have);
    return {"resources", ComponentState::not_ready, fmt::format("{} is empty: {}", pool.resource.name, why)};
  }
  for (const auto& pool : s.pools)
    if (!pool.warnings.empty()) return {"resources", ComponentState::ready, pool.warnings.front()};
  return {"resources", ComponentState::ready, fmt::format("{} with {} devices", s.pools.size(), devices)};
}

Component kubelet(const Snapshot& s, const Circumstances& circumstances) {
  if (!s.config || !s.config->kubelet.enabled) return {"kubelet", ComponentState::ignore, "switched off"};
  if (s.pools.empty()) return {"kubelet", ComponentState::ignore, "nothing to offer"};
  if (!circumstances.kubelet_present)
    return {"kubelet", ComponentState::ignore, "there is no " + s.config->kubelet.root};
  for (const auto& pool : s.pools) {
    const auto endpoint = s.endpoints.find(pool.resource.name);
    if (endpoint == s.endpoints.end())
      return {"kubelet", ComponentState::not_ready, pool.resource.name + " is not offered yet"};
    if (endpoint->second.standing_by)
      return {"kubelet", ComponentState::not_ready,
              fmt::format("{}: stands by until the plugin on {} goes", pool.resource.name, endpoint->second.rival)};
    if (endpoint->second.last_error)
      return {"kubelet", ComponentState::error, pool.resource.name + ": " + endpoint->second.last_error->text()};
    if (endpoint->second.disagreement)
      return {"kubelet", ComponentState::error, pool.resource.name + ": " + endpoint->second.disagreement->text()};
    if (endpoint->second.state != model::KubeletState::streaming)
      return {"kubelet", ComponentState::not_ready,
              fmt::format("{} is {}: the kubelet does not follow it yet", pool.resource.name,
                          word(endpoint->second.state))};
  }
  return {"kubelet", ComponentState::ready, "follows every resource"};
}

}  // namespace

std::vector<Component> judge_components(const Snapshot& snapshot, const Circumstances& circumstances) {
  Component machine{"machine", ComponentState::ready,
                    fmt::format("{} NIC functions", snapshot.inventory.functions.size())};
  if (!circumstances.observed) machine = {"machine", ComponentState::not_ready, "not read yet"};
  if (circumstances.observation) machine = {"machine", ComponentState::error, circumstances.observation->text()};
  return {std::move(machine),
          configuration(snapshot),
          modules(snapshot, circumstances),
          drivers(snapshot, circumstances),
          rdma(snapshot),
          sriov(snapshot),
          gpudirect(snapshot),
          resources(snapshot),
          kubelet(snapshot, circumstances)};
}

std::optional<model::Error> what_is_wrong(const Snapshot& s) {
  const auto wrong = [](model::Code code, std::string operation, std::string object, std::string advice) {
    return model::Error{code, 0, std::move(operation), std::move(object), std::move(advice)};
  };
  for (const auto& component : s.components)
    if (component.state == ComponentState::error)
      return wrong(model::Code::internal, "verify", component.name, component.text);
  for (const auto& step : s.plan.modules)
    return wrong(model::Code::internal, "verify", model::target(step.action),
                 model::describe(step.action) + " is left to do");
  for (const auto& pf : s.plan.pfs) {
    if (!pf.refusals.empty()) return pf.refusals.front().error;
    if (!pf.steps.empty())
      return wrong(model::Code::internal, "verify", pf.pf.text(),
                   model::describe(pf.steps.front().action) + " is left to do");
  }
  if (s.drivers.verdict == model::Verdict::fail || s.drivers.verdict == model::Verdict::unknown) {
    const auto it_is = [&](const model::Finding& finding) { return finding.severity == s.drivers.verdict; };
    if (const auto found = std::ranges::find_if(s.drivers.findings, it_is); found != s.drivers.findings.end())
      return wrong(model::Code::internal, "verify", "drivers", found->text);
    for (const auto& module : s.modules)
      if (const auto found = std::ranges::find_if(module.findings, it_is);
          module.wanted && found != module.findings.end())
        return wrong(model::Code::internal, "verify", module.name, found->text);
  }
  return std::nullopt;
}

model::ComponentState overall(const std::vector<Component>& components) {
  auto worst = ComponentState::ready;
  for (const auto& component : components) {
    if (component.state == ComponentState::error) return ComponentState::error;
    if (component.state == ComponentState::not_ready) worst = ComponentState::not_ready;
  }
  return worst;
}

}  // namespace nic::core
