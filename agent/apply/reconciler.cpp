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

std::string module_lane(const std::string& name) { return "module " + name; }
constexpr const char* kRdmaLane = "rdma";

std::vector<Step> doable(const std::vector<Step>& steps) {
  std::vector<Step> result;
  std::ranges::copy_if(steps, std::back_inserter(result), [](const Step& step) { return !step.waits_for; });
  return result;
}

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

// Binding to vfio-pci, RDMA devices and vDPA devices need their modules.
bool needs_modules(const Step& step) {
  const auto* bind = std::get_if<model::BindDriver>(&step.action);
  const auto* vdpa = std::get_if<model::SetVdpa>(&step.action);
  return (bind != nullptr && (bind->device_type == model::DeviceType::vfio_pci || bind->rdma)) ||
         (vdpa != nullptr && vdpa->to);
}

loop::Fields fields_of(const Step& step) {
  loop::Fields fields{{names::kFieldStep, model::describe(step.action)}};
  const auto target = model::target(step.action);
  if (std::holds_alternative<model::LoadModule>(step.action) ||
      std::holds_alternative<model::UnloadModule>(step.action))
    fields.emplace_back(names::kFieldModule, target);
  else if (PciAddress::parse(target))  // others are neither of a device nor of a module
    fields.emplace_back(names::kFieldPci, target);
  return fields;
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
      observation_deadline_{event,
                            [this] {
                              circumstances_.observation =
                                  Error{Code::stuck, 0, "reading the machine", "",
                                        "a kernel call has not come back; the kernel log may say why"};
                              loop::log(Event::problem, {}, *circumstances_.observation);
                              publish();
                            }},
      reload_deadline_{event, [this] {
                         std::vector<std::string> missing = reloading_->waits;
                         for (const auto& [lane, error] : reloading_->reasons) missing.push_back(error.text());
                         end_reload(Error{Code::timed_out, 0, "put back what the drivers made", "",
                                          fmt::format("still missing: {}", fmt::join(missing, "; "))});
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
  config_ = std::make_shared<const model::Config>(std::move(config));
  ++config_generation_;
  settled_ = false;
  own_reload_.due = true;
  config_errors_.clear();
  backoff_.forget_all();
  module_failures_.clear();
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
  endpoints_[resource] = status;
  publish();
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

// Begins what can be begun; gives how many lanes that were. Without a job (0) one is made for what the agent does
// itself.
unsigned Reconciler::submit(const model::Plan& plan, std::uint32_t job, bool by_hand) {
  unsigned begun = 0;
  const auto begin = [&](const std::string& name, std::optional<PciAddress> pf, std::vector<Step> steps) {
    if (steps.empty() || lanes_.contains(name) || reloads(pf) || (pf && ownership_.at_work(*pf))) return;
    if (name == kRdmaLane && ownership_.at_work_on_rdma()) return;
    if (!by_hand && (!shown(name) || !backoff_.may(name, steps, std::chrono::steady_clock::now()))) return;
    if (job == 0) job = jobs_.begin("apply", 0, realtime_usec());
    Lane lane;
    lane.pf = pf;
    lane.steps = std::move(steps);
    lane.job = job;
    begun += run(name, std::move(lane), by_hand) ? 1 : 0;
  };
  if (inspected_ || by_hand)
    for (const auto& step : plan.modules) begin(module_lane(model::target(step.action)), {}, {step});
  begin(kRdmaLane, {}, plan.rdma);
  const bool loading =
      std::ranges::any_of(lanes_, [](const auto& entry) { return !entry.second.pf && entry.first != kRdmaLane; });
  for (const auto& pf : plan.pfs) {
    if (reloads(pf.pf)) continue;
    // Such a PF comes after the modules, however their loading ends.
    const bool needs_module = std::ranges::any_of(pf.steps, needs_modules);
    if (needs_module && (loading || (!inspected_ && !plan.modules.empty()))) continue;
    const auto wanted = desired_.pfs.find(pf.pf);
    if (!by_hand && wanted != desired_.pfs.end() &&
        drift_.ask(wanted->second, std::chrono::steady_clock::now()) != Drift::Answer::begin)
      continue;
    begin(pf.pf.text(), pf.pf, doable(pf.steps));
  }
  return begun;
}

bool Reconciler::run(const std::string& name, Lane lane, bool by_hand) {
  if (by_hand) backoff_.forget(name);
  settled_ = false;
  // A bridge is no object that a job could name.
  const bool is_device = lane.pf && inventory_.function(*lane.pf) != nullptr;
  jobs_.add_lane(lane.job, name, static_cast<unsigned>(lane.steps.size()), is_device ? lane.pf : std::nullopt);
  if (lane.pf) {
    drift_.begun(*lane.pf);
    work_[*lane.pf].applying = true;
    work_[*lane.pf].failure.reset();
  }
  Lane& running = lanes_[name] = std::move(lane);
  const auto* pf = running.pf ? inventory_.function(*running.pf) : nullptr;
  running.worker = std::make_unique<Worker>(
      event_, post_, machine_, records_, record_for(name, running),
      pf == nullptr ? model::FoundVfs{} : core::vfs_as_they_are(*pf, inventory_), running.steps, timing_.step,
      Worker::Callbacks{
          [this, name](const Step& step) {
            jobs_.step_started(lanes_.at(name).job, model::describe(step.action));
            publish();
          },
          [this, name](const Step& step, const auto& result) { step_finished(lanes_.at(name), step, result); },
          [this, name](const Step& step) { step_late(lanes_.at(name), step); },
          [this](const model::Record& record) { ownership_.noted(record); },
          // The worker is still on the stack here: it is taken apart on the loop's next turn.
          [this, name] { post_([this, name] { lane_over(name); }); },
      });
  return true;
}

model::Record Reconciler::record_for(const std::string& name, const Lane& lane) const {
  if (name == kRdmaLane) return ownership_.rdma_netns();
  // What is put back after a reload is no change of what was found.
  if (!lane.pf || lane.reload) return {};
  // What is done to the VFs of somebody else's PF makes it nobody's.
  const auto wanted = desired_.pfs.find(*lane.pf);
  if (wanted != desired_.pfs.end() && wanted->second.externally_managed) return {};
  auto record = ownership_.record_of(*lane.pf, inventory_);
  return record ? model::Record{std::move(*record)} : model::Record{};
}

void Reconciler::failed(const Lane& lane, const Step& step, const Error& error) {
  if (lane.pf) {
    auto& work = work_[*lane.pf];
    work.failure = error;
    work.failed_usec = realtime_usec();
    work.retry_usec = 0;
  } else if (std::holds_alternative<model::SetRdmaNetns>(step.action)) {
    rdma_failure_ = error;
  } else {
    module_failures_[model::target(step.action)] = error;
  }
}

void Reconciler::step_finished(Lane& lane, const Step& step, const std::expected<void, Error>& result) {
  if (result) {
    if (lane.reload && reloading_) reloading_->so_far.note(step.action);
    loop::log(std::holds_alternative<model::LoadModule>(step.action) ? Event::module_loaded : Event::step_done,
              fields_of(step), fmt::format("{}: {}", model::describe(step.action), step.why));
    return;
  }
  Error error = result.error();
  error.operation = fmt::format("{}: {}", model::describe(step.action), error.operation);
  loop::log(std::holds_alternative<model::LoadModule>(step.action) ? Event::module_failed : Event::step_failed,
            fields_of(step), error);
  if (lane.error) return;  // the first failure is the one that is shown
  if (lane.reload) {
    lane.error = std::move(error);
    return;
  }
  failed(lane, step, error);
  // What the driver cannot do it will not do by itself. Only the first step found the machine as it was planned for.
  const bool hardware = std::holds_alternative<model::SetEswitchMode>(step.action) ||
                        std::holds_alternative<model::SetAcs>(step.action) ||
                        std::holds_alternative<model::SetMaxReadRequest>(step.action);
  lane.for_good = hardware && error.code == Code::unsupported && step == lane.steps.front();
  const auto* bind = std::get_if<model::BindDriver>(&step.action);
  lane.for_good |= bind != nullptr && bind->rdma && error.code == Code::unsupported;
  // That the last other network namespace goes is no event, and the next start of the machine is waited for anyway.
  const auto* rdma = std::get_if<model::SetRdmaNetns>(&step.action);
  lane.for_good |= rdma != nullptr && error.code == Code::busy &&
                   (!rdma->option || (desired_.rdma_netns && desired_.rdma_netns->rebooted));
  lane.error = std::move(error);
}

void Reconciler::step_late(Lane& lane, const Step& step) {
  const Error error{Code::timed_out, 0, model::describe(step.action), "",
                    fmt::format("the kernel has not answered for {} s; the kernel log may say why",
                                std::min(step.deadline, timing_.step).count())};
  loop::log(Event::step_abandoned, fields_of(step), error);
  lane.error = error;
  failed(lane, step, error);
  if (lane.pf) {
    work_[*lane.pf].applying = false;
    work_[*lane.pf].stuck = true;
  }
  publish();
  if (lane.reload) observe();
}

void Reconciler::lane_over(const std::string& name) {
  const auto found = lanes_.find(name);
  if (found == lanes_.end()) return;
  const Lane lane = std::move(found->second);
  lanes_.erase(found);
  if (lane.pf) {
    work_[*lane.pf].applying = false;
    work_[*lane.pf].stuck = false;
  }
  if (lane.error)
    backoff_.failed(name, lane.steps, std::chrono::steady_clock::now(), lane.for_good);
  else
    backoff_.forget(name);
  if (const auto delay = backoff_.delay(name); delay && lane.pf)
    work_[*lane.pf].retry_usec =
        realtime_usec() +
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(*delay).count());
  needs_scan_[name] = scans_begun_ + 1;
  // What a reload has not managed it tells when it ends.
  jobs_.lane_ended(lane.job, name, lane.reload ? std::nullopt : lane.error);
  if (lane.reload) reload_lane_over(name, lane);
  changed(Dirty::all());
  reconsider();
  if (stopping_ && lanes_.empty() && quiet_) std::exchange(quiet_, {})();
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
  next.pools = core::pools(*config_, inventory_, plan_);
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
