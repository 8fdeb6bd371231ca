// The part of the reconciler that carries plans out: lanes are begun, told of, and come to their end.
#include "apply/reconciler.hpp"
#include "core/ownership.hpp"
#include "loop/log.hpp"
#include "model/names.hpp"

#include <fmt/format.h>

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

std::vector<Step> doable(const std::vector<Step>& steps) {
  std::vector<Step> result;
  std::ranges::copy_if(steps, std::back_inserter(result), [](const Step& step) { return !step.waits_for; });
  return result;
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
  if (lane.error) {
    backoff_.failed(name, lane.steps, std::chrono::steady_clock::now(), lane.for_good);
    // A configuration that came since the step failed has forgotten that it did.
    if (!lane.reload) failed(lane, lane.steps.front(), *lane.error);
  } else {
    backoff_.forget(name);
  }
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

}  // namespace nic::apply
