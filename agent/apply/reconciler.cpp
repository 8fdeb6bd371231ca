#include "apply/reconciler.hpp"

#include "core/bound.hpp"
#include "core/drivers.hpp"
#include "core/gpu_path.hpp"
#include "core/ownership.hpp"
#include "core/peer_memory.hpp"
#include "core/pools.hpp"
#include "core/rdma_netns.hpp"
#include "core/resolve.hpp"
#include "core/wanted_modules.hpp"
#include "loop/log.hpp"
#include "model/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace nic::apply {
namespace {

using loop::Event;
using model::Code;
using model::Dirty;
using model::Error;
using model::PciAddress;
using model::Step;

// Counts of references come and go with every bind; they change no report.
bool same_modules(const std::vector<model::LoadedModule>& a, const std::vector<model::LoadedModule>& b) {
  return std::ranges::equal(a, b, [](const auto& one, const auto& other) {
    return one.name == other.name && one.state == other.state && one.build_id == other.build_id;
  });
}

// A function is there that was not there when the module tree was asked for its modules.
bool new_kind(const model::Inventory& inventory, const model::ModulesOfDevices& known) {
  return std::ranges::any_of(inventory.functions, [&](const auto& entry) {
    return !entry.second.physfn && !known.contains(entry.second.modalias);
  });
}

}  // namespace

Reconciler::Reconciler(sd_event* event, const loop::Mailbox::Post& post, std::shared_ptr<Machine> machine,
                       std::shared_ptr<const Records> records, model::SnapshotCell& cell, Faces faces, Timing timing)
    : event_{event},
      post_{post},
      machine_{std::move(machine)},
      records_{std::move(records)},
      cell_{cell},
      faces_{std::move(faces)},
      timing_{timing},
      ownership_{post, records_, [this] { reconsider(); }},
      jobs_{[this](const model::Job& job) { faces_.job_finished(job); }},
      backoff_{timing.retry},
      drift_{timing.drift},
      rdma_{event, post, machine_, timing.rdma,
            [this] {
              publish();
              unload_if_free();
            }},
      ahead_{post, machine_,
             [this](std::vector<model::Finding> findings) {
               drivers_.next_boot = std::move(findings);
               publish();
             }},
      awaited_{event, timing.bind, [this] { reconsider(); }},
      debounce_{event, timing.quiet, timing.most, [this] { observe(); }},
      index_debounce_{event, timing.quiet, timing.most,
                      [this] {
                        if (circumstances_.observed && !stopping_) inspect();
                      }},
      safety_net_{event,
                  [this] {
                    own_reload_.due = true;
                    resumed();
                    safety_net_.arm(timing_.rescan);
                  }},
      retry_{event, [this] { reconsider(); }},
      drift_timer_{event, [this] { resumed(); }},
      health_timer_{event, [this] { publish(); }},
      observation_deadline_{event,
                            [this] {
                              circumstances_.observation =
                                  Error{Code::stuck, 0, "reading the machine", "",
                                        "a kernel call has not come back; the kernel log may say why"};
                              loop::log(Event::problem, {}, *circumstances_.observation);
                              publish();
                            }},
      reload_deadline_{event,
                       [this] {
                         std::vector<std::string> missing = reloading_->waits;
                         for (const auto& [lane, error] : reloading_->reasons) missing.push_back(error.text());
                         end_reload(Error{Code::timed_out, 0, "put back what the drivers made", "",
                                          fmt::format("still missing: {}", fmt::join(missing, "; "))});
                       }},
      reload_facts_deadline_{
          event, [this] {
            reload_facts_known(std::unexpected(Error{Code::stuck, 0, "find out who uses the drivers", "",
                                                     "a kernel call has not come back; the kernel log may say why"}));
          }} {}

Reconciler::~Reconciler() = default;

void Reconciler::start() {
  // Nothing is right for want of knowledge, and the ready file must not come and go.
  drivers_.next_boot = {{model::Verdict::unknown, "What the next boot would bring is being looked at."}};
  safety_net_.arm(timing_.rescan);
  auto owned = std::make_shared<OwnedRecords::Read>();
  auto rdma_netns = std::make_shared<RdmaNetnsRecord::Read>();
  auto of_operator = std::make_shared<OwnedRecords::OfOperator>();
  auto reload = std::make_shared<ReloadRecordFile::Read>();
  auto tried = std::make_shared<TriedReloads::Read>();
  recovery_ = std::make_unique<Task>(
      post_,
      [machine = machine_, records = records_, owned, rdma_netns, of_operator, reload, tried] {
        *owned = records->owned.read();
        *rdma_netns = records->rdma_netns.read();
        *reload = records->reload.read();
        *tried = records->tried_reloads.read();
        if (tried->set_aside) loop::log(Event::state_set_aside, {}, *tried->set_aside);
        if (reload->set_aside) loop::log(Event::state_set_aside, {}, *reload->set_aside);
        if (rdma_netns->set_aside) loop::log(Event::state_set_aside, {}, *rdma_netns->set_aside);
        *of_operator = records->owned.of_operator();
        for (const auto& error : owned->set_aside) loop::log(Event::state_set_aside, {}, error);
        for (const auto& error : of_operator->damaged) loop::log(Event::problem, {}, error);
        const auto found = records->interrupted();
        for (const auto& error : found.set_aside) loop::log(Event::state_set_aside, {}, error);
        for (const auto& [pf, autoprobe] : found.interrupted) {
          const auto done = machine->perform(model::SetAutoprobe{pf, autoprobe});
          // A PF that is gone took the setting with it.
          if (!done && done.error().code != Code::not_found)
            loop::log(Event::step_failed, {{names::kFieldPci, pf.text()}}, done.error());
          else if (const auto ended = records->end(pf); !ended)
            loop::log(Event::problem, {{names::kFieldPci, pf.text()}}, ended.error());
          else
            loop::log(Event::note, {{names::kFieldPci, pf.text()}},
                      fmt::format("put back sriov_drivers_autoprobe of {}: making its VFs was interrupted", pf.text()));
        }
      },
      [this, owned, rdma_netns, of_operator, reload, tried] {
        // What was changed is looked at, also where the GPU that it was for has gone meanwhile.
        for (const auto& [address, record] : owned->owned)
          if (!record.found.of_pcie().nothing()) inventory_.pcie.functions[address].address = address;
        ownership_.begin(std::move(owned->owned), rdma_netns->owned, std::move(of_operator->records));
        own_reload_.tried = std::move(tried->tried);
        recovered_ = true;
        if (reload->interrupted) resume_reload(std::move(*reload->interrupted));
        observe();
      });
}

void Reconciler::stop(std::function<void()> quiet) {
  stopping_ = true;
  for (auto& [name, lane] : lanes_) lane.worker->cancel();
  if (lanes_.empty())
    quiet();
  else
    quiet_ = std::move(quiet);
}

void Reconciler::hold(bool held) {
  const bool released = std::exchange(held_, held) && !held;
  if (released) resumed();
}

void Reconciler::changed(const Dirty& dirty) {
  dirty_.merge(dirty);
  debounce_.touch();
}

// depmod puts a dozen files into their places.
void Reconciler::modules_indexed() { index_debounce_.touch(); }

void Reconciler::observe() {
  if (!recovered_ || observing_ || stopping_ || dirty_.empty() || looks_away()) return;
  observing_ = true;
  const std::uint64_t scan = ++scans_begun_;
  auto result = std::make_shared<model::Inventory>();
  observation_deadline_.arm(timing_.observe);
  observation_ = std::make_unique<Task>(
      post_,
      [machine = machine_, result, before = inventory_, dirty = std::exchange(dirty_, {})] {
        *result = machine->observe(before, dirty);
      },
      [this, result, scan] { observed(std::move(*result), scan); });
}

void Reconciler::observed(model::Inventory inventory, std::uint64_t scan) {
  observing_ = false;
  observation_deadline_.disarm();
  if (circumstances_.observation && circumstances_.observation->code == Code::stuck) circumstances_.observation.reset();
  const bool modules_changed = !same_modules(inventory.modules, inventory_.modules);
  // What runs at the first look was loaded by others, before.
  if (circumstances_.observed) awaited_.seen(inventory_.modules, inventory.modules);
  inventory_ = std::move(inventory);
  scans_seen_ = scan;
  circumstances_.observed = true;
  rdma_.keep(inventory_);
  desired_ = resolved();
  if (modules_changed || !inspected_ || !verify_jobs_.empty() || wanted_modules() != inspected_for_ ||
      new_kind(inventory_, drivers_.modules_of))
    inspect();
  for (auto job = scan_jobs_.begin(); job != scan_jobs_.end();) {
    if (job->second > scan) {
      ++job;
      continue;
    }
    jobs_.lane_ended(job->first, kScanLane, {});
    job = scan_jobs_.erase(job);
  }
  reconsider();
  unload_if_free();
  if (!dirty_.empty()) debounce_.touch();
}

// Those of the configuration, the one that GPU memory is registered by on this machine, and those without which a
// policy cannot be carried out.
std::vector<std::string> Reconciler::wanted_modules() const {
  std::vector<std::string> names;
  for (auto& module : core::wanted_modules(desired_, inventory_)) names.push_back(std::move(module.name));
  return names;
}

void Reconciler::inspect() {
  if (inspecting_) {
    inspect_again_ = true;
    return;
  }
  inspecting_ = true;
  inspect_again_ = false;
  inspected_for_ = wanted_modules();
  auto result = std::make_shared<model::DriverFacts>();
  inspection_ = std::make_unique<Task>(
      post_,
      [machine = machine_, result, wanted = inspected_for_, inventory = inventory_] {
        *result = machine->inspect(wanted, inventory);
      },
      [this, result] {
        inspecting_ = false;
        inspected_ = true;
        result->next_boot = std::move(drivers_.next_boot);
        drivers_ = std::move(*result);
        own_reload_.due = true;
        ahead_.look();
        desired_ = resolved();
        if (inspect_again_ || wanted_modules() != inspected_for_) inspect();
        reconsider();
      });
}

void Reconciler::configure(model::Config config) {
  config_errors_ = config.problems;
  config_ = std::make_shared<const model::Config>(std::move(config));
  ++config_generation_;
  settled_ = false;
  own_reload_.due = true;
  backoff_.forget_all();
  module_failures_.clear();
  std::erase_if(endpoints_, [&](const auto& entry) {
    return std::ranges::find(config_->resources, entry.first, &model::Resource::name) == config_->resources.end();
  });
  rdma_failure_.reset();
  for (auto& [pf, work] : work_) work.failure.reset();
  if (circumstances_.observed) desired_ = resolved();
  if (circumstances_.observed && wanted_modules() != inspected_for_) inspect();
  reconsider();
}

void Reconciler::reject(std::vector<Error> errors) {
  config_errors_ = std::move(errors);
  publish();
}

void Reconciler::endpoint_changed(const std::string& resource, const model::EndpointStatus& status) {
  if (std::ranges::find(config_->resources, resource, &model::Resource::name) == config_->resources.end()) {
    endpoints_.erase(resource);
  } else {
    endpoints_[resource] = status;
  }
  // 64 resources are registered at the same moment: once for all of them.
  if (std::exchange(endpoints_unpublished_, true)) return;
  post_([this] {
    endpoints_unpublished_ = false;
    publish();
  });
}

void Reconciler::kubelet_present(bool present) {
  circumstances_.kubelet_present = present;
  publish();
}

void Reconciler::events_lost(const Error& error) {
  if (!circumstances_.observation) circumstances_.observation = error;
  publish();
}

model::Desired Reconciler::resolved() const {
  // Until a configuration was read nobody knows which PFs it asks for: none has left it.
  auto desired = config_generation_ == 0
                     ? core::resolve(*config_, inventory_)
                     : core::resolve(*config_, inventory_, ownership_.pfs(), ownership_.rdma_netns());
  if (auto module = core::peer_memory_module(config_->peer_memory, drivers_.peer_memory))
    desired.modules.push_back({std::move(*module), {.file = "[gpudirect] peer_memory"}});
  return desired;
}

void Reconciler::reconsider() {
  if (!circumstances_.observed) return publish();
  desired_ = resolved();
  if (inspected_ && wanted_modules() != inspected_for_) inspect();
  plan_ = core::plan(desired_, inventory_, drivers_.modules);
  if (!inspecting_) awaited_.missing(core::unmade(inventory_, drivers_.modules, drivers_.modules_of));
  forget_what_is_over();
  watch_drift();
  gpu_paths_ = core::gpu_paths(inventory_, config_->gpudirect);
  if (!stopping_ && !held_) {
    ownership_.settle(desired_, plan_, inventory_, [this](const PciAddress& pf) {
      return !lanes_.contains(pf.text()) && shown(pf.text()) && !reloads(pf);
    });
    if (!reloading_ && !lanes_.contains(kRdmaLane) && shown(kRdmaLane)) ownership_.settle_rdma(desired_, inventory_);
  }
  if (!stopping_) put_back();
  if (config_->auto_apply && !stopping_ && !held_) submit(plan_, 0, false);
  reload_unasked();
  const bool refused = std::ranges::any_of(plan_.pfs, [](const auto& pf) { return !pf.refusals.empty(); });
  const auto rdma = core::judge_rdma(desired_, inventory_, rdma_failure_);
  if (inspected_ && plan_.empty() && !refused && desired_.conflicts.empty() && lanes_.empty() && !rdma.problem &&
      !rdma.reboot && !reloading_)
    applied_generation_ = config_generation_;
  settled_ = settled_ || at_rest();
  publish();
  const auto now = std::chrono::steady_clock::now();
  if (const auto next = backoff_.next(now); next && !stopping_)
    retry_.arm(std::chrono::duration_cast<std::chrono::microseconds>(*next - now));
  // A fresh look tells whether it is still so.
  if (const auto next = drift_.next(); next && *next > now && !stopping_)
    drift_timer_.arm(std::chrono::duration_cast<std::chrono::microseconds>(*next - now));
}

// Failures are kept until the plan no longer asks for what failed.
void Reconciler::forget_what_is_over() {
  std::erase_if(work_, [&](auto& entry) {
    const auto name = entry.first.text();
    if (lanes_.contains(name) || !shown(name) || reloads(entry.first)) return false;
    const bool asked =
        std::ranges::any_of(plan_.pfs, [&](const auto& pf) { return pf.pf == entry.first && !pf.steps.empty(); });
    if (!asked) backoff_.forget(name);
    return !asked;
  });
  std::erase_if(module_failures_, [&](const auto& entry) {
    const bool asked =
        std::ranges::any_of(plan_.modules, [&](const Step& step) { return model::target(step.action) == entry.first; });
    if (!asked) backoff_.forget(module_lane(entry.first));
    return !asked;
  });
  if (plan_.rdma.empty() && !lanes_.contains(kRdmaLane) && shown(kRdmaLane)) {
    rdma_failure_.reset();
    backoff_.forget(kRdmaLane);
  }
}

// Which PFs are as desired now: what is wrong with them later, others did.
void Reconciler::watch_drift() {
  drift_.keep(desired_.pfs);
  for (const auto& [address, desired] : desired_.pfs) {
    const auto name = address.text();
    const bool asked = std::ranges::find(plan_.pfs, address, &model::PfPlan::pf) != plan_.pfs.end();
    if (!asked && !lanes_.contains(name) && shown(name)) drift_.right(desired);
  }
}

// What the lane did stands in the inventory.
bool Reconciler::shown(const std::string& lane) const {
  const auto found = needs_scan_.find(lane);
  return found == needs_scan_.end() || scans_seen_ >= found->second;
}

bool Reconciler::at_rest() const {
  return circumstances_.observed && inspected_ && !held_ && !observing_ && !inspecting_ && dirty_.empty() &&
         lanes_.empty() && awaited_.modules().empty() && !ownership_.at_work() && !reloading_ && !own_reload_.asking &&
         !own_reload_.due && !backoff_.failed_once();
}

// With what was before: faults that come and go, and devices that went with somebody at work on them.
std::vector<model::Pool> Reconciler::pools() {
  const auto now = std::chrono::steady_clock::now();
  auto followed =
      core::follow_health(device_health_, core::pools(*config_, inventory_, plan_), inventory_, now, timing_.damping);
  device_health_ = std::move(followed.health);
  if (followed.next && !stopping_)
    health_timer_.arm(std::chrono::ceil<std::chrono::microseconds>(*followed.next - now));
  else
    health_timer_.disarm();
  return std::move(followed.pools);
}

void Reconciler::publish() {
  const auto before = cell_.load();
  model::Snapshot next;
  next.generation = before->generation;
  next.inventory = inventory_;
  next.config = config_;
  next.config_generation = config_generation_;
  next.applied_generation = applied_generation_;
  next.settled = settled_;
  next.reloading = reloading_.has_value();
  next.config_errors = config_errors_;
  next.desired = desired_;
  next.plan = plan_;
  next.owned = ownership_.pfs();
  next.gpu_paths = gpu_paths_;
  auto work = work_;
  for (const auto& [address, desired] : desired_.pfs) work[address].only_observed = drift_.only_observed(desired);
  next.functions = core::judge_functions(desired_, inventory_, plan_, work);
  next.modules = core::judge_modules(*config_, drivers_.modules);
  auto rdma = core::judge_rdma(desired_, inventory_, rdma_failure_);
  next.rdma_problem = std::move(rdma.problem);
  if (rdma.reboot) next.reboot_reasons = {std::move(*rdma.reboot)};
  next.pools = pools();
  next.endpoints = endpoints_;
  std::erase_if(next.endpoints, [&](const auto& entry) { return next.pool(entry.first) == nullptr; });
  next.jobs = jobs_.list();
  circumstances_.module_failures.clear();
  for (const auto& [name, error] : module_failures_) {
    circumstances_.module_failures.push_back(error);
    const auto report = std::ranges::find(next.modules, name, &model::ModuleReport::name);
    if (report == next.modules.end()) continue;
    report->errors = {error};
    report->verdict = model::Verdict::fail;
  }
  for (const auto& [module, why] : circumstances_.not_reloaded)
    if (const auto report = std::ranges::find(next.modules, module, &model::ModuleReport::name);
        report != next.modules.end()) {
      report->findings.push_back({model::Verdict::warn, fmt::format("It is not loaded anew by itself: {}.", why)});
      report->verdict = model::worst(report->findings, report->verdict);
    }
  if (inspected_)
    next.drivers =
        core::judge_drivers(*config_, inventory_, next.modules, drivers_, rdma_.answers(), awaited_.modules());
  next.components = core::judge_components(next, circumstances_);
  next.state = core::overall(next.components);
  if (next == *before) return end_verifications(*before);
  ++next.generation;
  const auto after = std::make_shared<const model::Snapshot>(std::move(next));
  cell_.store(after);
  faces_.publish(before, after);
  end_verifications(*after);
}

}  // namespace nic::apply
