// The part of the reconciler that unloads drivers and loads them anew.
#include "apply/reconciler.hpp"
#include "core/reload.hpp"
#include "loop/log.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace nic::apply {
namespace {

using loop::Event;
using model::Code;
using model::Dirty;
using model::Error;
using model::PciAddress;
using model::Step;

constexpr const char* kReloadDrivers = "reload the drivers";
// A driver with hundreds of VFs takes them down one by one.
constexpr std::chrono::seconds kModuleDeadline{300};

template <class Action>
std::vector<Step> module_steps(const std::vector<std::string>& names, const char* why, bool independent) {
  std::vector<Step> steps;
  for (const auto& name : names)
    steps.push_back({Action{name}, model::Disruption::pf_disruptive, why, {}, kModuleDeadline, {}, true, independent});
  return steps;
}

Error refusal(const model::ReloadPlan& plan, bool force) {
  std::vector<std::string> texts;
  bool helps = true;
  for (const auto& obstacle : plan.obstacles) {
    if (force && obstacle.forceable) continue;
    texts.push_back(obstacle.text);
    helps = helps && obstacle.forceable;
  }
  return {Code::protected_, 0, kReloadDrivers, fmt::format("{}", fmt::join(plan.unload, ", ")),
          fmt::format("{}{}", fmt::join(texts, ". "),
                      helps ? "; to do it all the same: nicctl reload-drivers --force" : "")};
}

}  // namespace

// Those who ask while /proc is looked through are answered together. Of VFs the kernel tells for which driver they are
// reserved only when nobody holds their lock.
void Reconciler::gather_reload_facts(WithFacts then) {
  want_reload_facts_.push_back(std::move(then));
  if (want_reload_facts_.size() == 1) reload_facts_deadline_.arm(timing_.observe);
  if (reload_facts_) return;
  auto result = std::make_shared<model::ReloadFacts>();
  reload_facts_ = std::make_unique<Task>(
      post_, [machine = machine_, result] { *result = machine->reload_facts(); },
      [this, result] {
        const auto task = std::move(reload_facts_);
        reload_facts_known(*result);
      });
}

void Reconciler::reload_facts_known(const FactsOrError& facts) {
  reload_facts_deadline_.disarm();
  for (const auto& answer : std::exchange(want_reload_facts_, {})) answer(facts);
}

void Reconciler::gather_reload(const std::vector<std::string>& names, WithPlan then) {
  gather_reload_facts([this, names, then = std::move(then)](const FactsOrError& facts) {
    if (!facts) return then(std::unexpected(facts.error()), {});
    look_at_loading(names, *facts, then);
  });
}

void Reconciler::look_at_loading(const std::vector<std::string>& names, const model::ReloadFacts& facts,
                                 WithPlan then) {
  const auto plan = core::plan_reload(names, inventory_, facts, desired_.protected_functions);
  if (!plan) return then(plan, facts);
  auto found = std::make_shared<std::vector<model::Obstacle>>();
  const auto id = ++last_look_at_loading_;
  looks_at_loading_[id] = std::make_unique<Task>(
      post_,
      [machine = machine_, plan = *plan, inventory = inventory_, found] {
        *found = machine->load_obstacles(plan, inventory);
      },
      [this, id, names, facts, looked_at = plan->load, found, then = std::move(then)] {
        const auto task = looks_at_loading_.extract(id);
        // The machine may have changed meanwhile.
        auto now = core::plan_reload(names, inventory_, facts, desired_.protected_functions);
        if (now && now->load != looked_at)
          now = std::unexpected(
              Error{Code::busy, 0, kReloadDrivers, "", "modules were just loaded or unloaded; try again"});
        if (now) now->obstacles.insert(now->obstacles.end(), found->begin(), found->end());
        then(now, facts);
      });
}

void Reconciler::plan_reload(const std::vector<std::string>& names, Later<model::ReloadPlan> done) {
  gather_reload(names, [done = std::move(done)](const auto& plan, const auto&) { done(plan); });
}

std::expected<void, Error> Reconciler::may_reload(const std::set<PciAddress>& functions) const {
  const auto busy = [](std::string advice) {
    return std::unexpected(Error{Code::busy, 0, kReloadDrivers, "", std::move(advice)});
  };
  if (stopping_ || held_ || !circumstances_.observed) return busy("the agent is just starting or stopping");
  if (reloading_) return busy("drivers are being loaded anew already; wait for that job to end");
  for (const auto& [name, lane] : lanes_)
    if (!lane.pf || functions.contains(*lane.pf))
      return busy(fmt::format("{} is being configured; wait for that job to end", name));
  for (const auto& function : functions)
    if (ownership_.at_work(function)) return busy(fmt::format("{} is being configured; try again", function.text()));
  return {};
}

void Reconciler::reload_drivers(const ReloadRequest& request, Later<std::uint32_t> done) {
  if (auto may = may_reload({}); !may) return done(std::unexpected(std::move(may.error())));
  gather_reload(request.names, [this, request, done = std::move(done)](const auto& plan, const auto& facts) {
    done(begin_reload(request, plan, facts));
  });
}

std::expected<std::uint32_t, Error> Reconciler::begin_reload(const ReloadRequest& request, const PlanOrError& plan,
                                                             const model::ReloadFacts& facts,
                                                             const std::optional<model::Builds>& tried) {
  if (!plan) return std::unexpected(plan.error());
  if (!plan->may(request.force)) return std::unexpected(refusal(*plan, request.force));
  Reloading reloading;
  reloading.busy = core::kept_busy(core::what_goes(*plan, inventory_, facts, {}));
  reloading.busy.insert(plan->functions.begin(), plan->functions.end());
  if (auto may = may_reload(reloading.busy); !may) return std::unexpected(std::move(may.error()));
  reloading.job = jobs_.begin("reload-drivers", request.caller_uid, realtime_usec());
  jobs_.add_lane(reloading.job, kReloadJobLane, 0, {});
  const auto job = reloading.job;
  reloading_ = std::move(reloading);
  settled_ = false;
  // Others on the node are told that the drivers are not ready before the first of them goes.
  publish();
  note_reload(*plan, facts, tried);
  return job;
}

void Reconciler::note_reload(const model::ReloadPlan& plan, const model::ReloadFacts& facts,
                             const std::optional<model::Builds>& tried) {
  struct Noted {
    model::ReloadRecord record;
    std::expected<void, Error> done;
  };
  auto noted = std::make_shared<Noted>();
  std::map<unsigned, std::string> going;
  for (std::size_t at = 0; at < plan.interfaces.size(); ++at) going[plan.interfaces[at]] = plan.interface_names[at];
  reload_note_ = std::make_unique<Task>(
      post_,
      [machine = machine_, records = records_, noted, going, plan, facts, tried, inventory = inventory_] {
        if (tried) noted->done = records->tried_reloads.note(*tried);
        if (!noted->done) return;
        const auto messages = machine->save_interfaces(going);
        if (!messages) {
          noted->done = std::unexpected(messages.error());
          return;
        }
        noted->record = core::what_goes(plan, inventory, facts, *messages);
        noted->done = records->reload.note(noted->record);
      },
      [this, noted, unload = plan.unload] {
        if (stopping_) return;
        if (!noted->done) return end_reload(noted->done.error());
        reloading_->record = std::move(noted->record);
        reloading_->unload = unload;
        unload_if_free();
      });
}

bool Reconciler::looks_away() const {
  if (!reloading_ || reloading_->phase != ReloadPhase::unloading) return false;
  const auto lane = lanes_.find(kReloadLane);
  return lane != lanes_.end() && !lane->second.worker->stuck();
}

// The agent itself may just have an RDMA device open, to ask whether it answers, or be looking at all of them: a socket
// of RDMA netlink is a reference on ib_core.
void Reconciler::unload_if_free() {
  if (!reloading_ || reloading_->phase != ReloadPhase::noting || reloading_->unload.empty() || stopping_) return;
  if (rdma_.asking() || observing_) return;
  run_reload(ReloadPhase::unloading,
             module_steps<model::UnloadModule>(reloading_->unload, "its drivers are loaded anew", false));
  publish();
}

// Interrupted: what was unloaded is loaded, and all of it put back.
void Reconciler::resume_reload(model::ReloadRecord record) {
  loop::log(Event::note, {}, "loading drivers anew was interrupted: going on with it");
  Reloading reloading;
  reloading.busy = core::kept_busy(record);
  reloading.record = std::move(record);
  reloading.job = jobs_.begin("reload-drivers", 0, realtime_usec());
  jobs_.add_lane(reloading.job, kReloadJobLane, 0, {});
  reloading_ = std::move(reloading);
  load_again();
}

void Reconciler::run_reload(ReloadPhase phase, std::vector<Step> steps) {
  reloading_->phase = phase;
  Lane lane;
  lane.steps = std::move(steps);
  lane.job = reloading_->job;
  lane.reload = true;
  run(kReloadLane, std::move(lane), true);
}

void Reconciler::load_again() {
  run_reload(ReloadPhase::loading,
             module_steps<model::LoadModule>(reloading_->record.load, "its drivers are loaded anew", true));
}

void Reconciler::reload_lane_over(const std::string& name, const Lane& lane) {
  if (!reloading_ || stopping_) return;
  auto& now = *reloading_;
  if (now.phase == ReloadPhase::putting_back) {
    if (lane.error)
      now.reasons[name] = *lane.error;
    else
      now.reasons.erase(name);
    return;
  }
  if (lane.error && !now.error) now.error = lane.error;
  // Where unloading stopped, what has gone comes back all the same.
  if (now.phase == ReloadPhase::unloading) return load_again();
  backoff_.forget(kReloadLane);
  now.phase = ReloadPhase::putting_back;
  reload_deadline_.arm(timing_.reload);
}

// What has come back is put back, as far as a look at the machine after the loading shows it.
void Reconciler::put_back() {
  if (!reloading_ || reloading_->phase != ReloadPhase::putting_back || !shown(kReloadLane)) return;
  auto now = core::put_back(reloading_->record, reloading_->so_far, inventory_);
  reloading_->waits = now.waits;
  bool at_work = false;
  for (auto& [pf, steps] : now.lanes) {
    const std::string name = pf ? pf->text() : kReloadLane;
    const bool may = shown(name) && backoff_.may(name, steps, std::chrono::steady_clock::now());
    if (!lanes_.contains(name) && may) {
      Lane lane;
      lane.pf = pf;
      lane.steps = std::move(steps);
      lane.job = reloading_->job;
      lane.reload = true;
      run(name, std::move(lane), false);
    }
  }
  for (const auto& [name, lane] : lanes_) at_work = at_work || lane.reload;
  // A look at the machine while it was at work may have seen something in between.
  for (const auto& function : reloading_->busy) at_work = at_work || !shown(function.text());
  if (now.over() && !at_work) end_reload(reloading_->error);
}

void Reconciler::end_reload(std::optional<Error> error) {
  reload_deadline_.disarm();
  const auto over = std::exchange(reloading_, {});
  for (const auto& function : over->busy) backoff_.forget(function.text());
  backoff_.forget(kReloadLane);
  own_reload_.due = true;
  reload_note_ = std::make_unique<Task>(
      post_,
      [records = records_] {
        if (const auto gone = records->reload.forget(); !gone) loop::log(Event::problem, {}, gone.error());
      },
      [this] { changed(Dirty::all()); });
  if (error) {
    loop::log(Event::problem, {}, error->during(kReloadDrivers));
    jobs_.lane_ended(over->job, kReloadJobLane, std::move(error));
  } else {
    loop::log(Event::note, {}, "the drivers are loaded anew, and what they made has been put back");
    // The job ends with what Verify says.
    jobs_.add_lane(over->job, kScanLane, 1, {});
    jobs_.lane_ended(over->job, kReloadJobLane, {});
    verify_jobs_[over->job] = scans_begun_ + 1;
    rdma_.ask_again(inventory_);
  }
  changed(Dirty::all());
  publish();
}

}  // namespace nic::apply
