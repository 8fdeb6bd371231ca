// The part of the reconciler that loads drivers anew by itself: [kernel_modules] reload = "when-safe".
#include "core/reload_policy.hpp"

#include "apply/reconciler.hpp"
#include "core/drivers.hpp"
#include "loop/log.hpp"
#include "model/names.hpp"

#include <fmt/format.h>

#include <utility>

namespace nic::apply {

using loop::Event;
using model::Code;

bool Reconciler::may_reload_unasked() const {
  return circumstances_.observed && inspected_ && !inspecting_ && !observing_ && dirty_.empty() && !held_ &&
         !stopping_ && !reloading_ && lanes_.empty() && awaited_.modules().empty() && !ownership_.at_work();
}

// Asked again whenever the drivers were looked at, and by the safety net: that a program lets go is no event.
void Reconciler::reload_unasked() {
  auto& own = own_reload_;
  if (config_->drivers.reload == model::ReloadPolicy::never || !config_->auto_apply) {
    own.due = false;
    return leave_as_it_runs({});
  }
  if (!own.due || own.asking || !may_reload_unasked()) return;
  own.due = false;
  const auto builds = core::rebuilt(drivers_.modules);
  NotReloaded refused;
  for (const auto& [module, build] : builds)
    refused[module] =
        "its build on disk was loaded by the agent once already, and another one runs all the same: see "
        "nicctl modules; nicctl reload-drivers tries again";
  const auto names = core::untried(builds, own.tried);
  if (names.empty()) return leave_as_it_runs(std::move(refused));
  own.asking = true;
  ask_in_turn(core::together(names, inventory_), builds, std::move(refused));
}

// Drivers that nothing has to do with each other do not wait for each other: the first that may be loaded anew is, and
// its end asks again.
void Reconciler::ask_in_turn(std::vector<std::vector<std::string>> left, const model::Builds& builds,
                             NotReloaded refused) {
  if (left.empty() || reloading_) {
    own_reload_.asking = false;
    leave_as_it_runs(std::move(refused));
    return reconsider();
  }
  const auto names = std::move(left.back());
  left.pop_back();
  gather_reload(names, [this, names, left = std::move(left), builds, refused = std::move(refused)](
                           const PlanOrError& plan, const model::ReloadFacts& facts) {
    if (stopping_) return;
    // Something else has begun meanwhile, or other builds are there: it is considered anew.
    if (!may_reload_unasked() || core::rebuilt(drivers_.modules) != builds ||
        config_->drivers.reload == model::ReloadPolicy::never) {
      own_reload_.asking = false;
      own_reload_.due = true;
      return reconsider();
    }
    ask_in_turn(left, builds, begin_unasked(names, builds, plan, facts, refused));
  });
}

// What is not loaded anew, and why.
Reconciler::NotReloaded Reconciler::begin_unasked(const std::vector<std::string>& names, const model::Builds& builds,
                                                  const PlanOrError& plan, const model::ReloadFacts& facts,
                                                  NotReloaded refused) {
  const auto all_of = [&](const std::string& why) {
    for (const auto& name : names) refused[name] = why;
    return refused;
  };
  if (core::mixed_on_disk(drivers_.modules))
    return all_of("the RDMA stack on disk is mixed: modules of the out-of-tree one beside others");
  auto tried = own_reload_.tried;
  for (const auto& name : names) tried[name] = builds.at(name);
  const auto job = begin_reload({names, false, 0}, plan, facts, tried);
  if (!job) {
    if (job.error().code == Code::busy) own_reload_.due = true;
    return all_of(job.error().text());
  }
  own_reload_.tried = std::move(tried);
  for (const auto& name : names) {
    refused.erase(name);
    loop::log(Event::note, {{names::kFieldModule, name}},
              fmt::format("{} runs in another build than the one on disk, and nothing stands in the way: it is loaded "
                          "anew, as [kernel_modules] reload asks",
                          name));
  }
  return refused;
}

void Reconciler::leave_as_it_runs(NotReloaded refused) {
  auto& shown = circumstances_.not_reloaded;
  if (refused == shown) return;
  for (const auto& [module, why] : refused)
    if (const auto known = shown.find(module); known == shown.end() || known->second != why)
      loop::log(Event::problem, {{names::kFieldModule, module}},
                fmt::format("{} runs in another build than the one on disk and is not loaded anew: {}", module, why));
  shown = std::move(refused);
  publish();
}

}  // namespace nic::apply
