// What others ask of the reconciler, over D-Bus.
#include "apply/reconciler.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace nic::apply {
namespace {

using model::Code;
using model::Dirty;
using model::Error;
using model::PciAddress;
using model::Step;

constexpr const char* kReleaseLane = "release";

}  // namespace

std::expected<void, Error> Reconciler::without_work(const PciAddress& device, const char* what) const {
  if (reloads(device))
    return std::unexpected(Error{Code::busy, 0, what, device.text(), "its driver is being loaded anew"});
  const auto lane = lanes_.find(device.text());
  if (lane == lanes_.end() && !ownership_.at_work(device)) return {};
  const bool stuck = lane != lanes_.end() && lane->second.worker->stuck();
  return std::unexpected(
      Error{stuck ? Code::stuck : Code::busy, 0, what, device.text(), "it is being configured; see nicctl status"});
}

std::expected<std::uint32_t, Error> Reconciler::apply(const ApplyRequest& request) {
  for (const auto& device : request.devices) {
    if (inventory_.function(device) == nullptr)
      return std::unexpected(Error{Code::not_found, 0, "apply to", device.text(), "there is no such NIC function"});
    if (auto free = without_work(device, "apply to"); !free) return std::unexpected(std::move(free.error()));
  }
  const auto job = jobs_.begin("apply", request.caller_uid, realtime_usec());
  submit(core::plan(desired_, inventory_, drivers_.modules, {request.force, request.devices, true}), job, true);
  jobs_.settle(job);
  publish();
  return job;
}

std::expected<void, Error> Reconciler::releasable(const PciAddress& pf) const {
  const auto refuse = [&](Code code, std::string advice) {
    return std::unexpected(Error{code, 0, "release", pf.text(), std::move(advice)});
  };
  if (!ownership_.pfs().contains(pf))
    return refuse(Code::not_found, "it is not the agent's: nothing on it was changed, or it has been given back");
  if (config_generation_ == 0)
    return refuse(Code::busy, "no configuration could be read yet, and a policy of it may ask for the function");
  const auto wanted = desired_.pfs.find(pf);
  if (wanted != desired_.pfs.end() && !wanted->second.given_back)
    return refuse(Code::busy, fmt::format("policy \"{}\" asks for it: take it out of the policy first, or set "
                                          "externally_managed there",
                                          fmt::join(wanted->second.policies, "\" and \"")));
  if (const auto wish = desired_.pcie.find(pf); wish != desired_.pcie.end() && !wish->second.given_back)
    return refuse(Code::busy, wish->second.why);
  for (const auto& conflict : desired_.conflicts)
    if (conflict.pf == pf) return refuse(Code::busy, "policies ask for it: " + conflict.error.text());
  if (const auto kept = desired_.kept.find(pf); kept != desired_.kept.end() && kept->second.asked)
    return refuse(Code::busy, kept->second.why);
  return without_work(pf, "release");
}

std::expected<std::uint32_t, Error> Reconciler::release(const ReleaseRequest& request) {
  const auto& pf = request.device;
  if (auto may = releasable(pf); !may) return std::unexpected(std::move(may.error()));
  if (request.restore) return restore(request);
  const auto job = jobs_.begin("release", request.caller_uid, realtime_usec());
  jobs_.add_lane(job, kReleaseLane, 1, pf);
  ownership_.forget(pf, "released; it stays as it is", [this, job](const std::expected<void, Error>& gone) {
    jobs_.lane_ended(job, kReleaseLane, gone ? std::nullopt : std::optional{gone.error()});
    reconsider();
  });
  publish();
  return job;
}

std::expected<std::uint32_t, Error> Reconciler::restore(const ReleaseRequest& request) {
  const auto& pf = request.device;
  const auto refuse = [&](Code code, std::string advice) {
    return std::unexpected(Error{code, 0, "give back", pf.text(), std::move(advice)});
  };
  if (inventory_.function(pf) == nullptr && inventory_.pcie.function(pf) == nullptr)
    return refuse(Code::not_found, "the card is not there");
  if (const auto kept = desired_.kept.find(pf); kept != desired_.kept.end())
    return refuse(Code::busy, kept->second.why);
  const auto plan = core::plan(desired_, inventory_, drivers_.modules, {false, {pf}});
  for (const auto& back : plan.pfs) {
    if (!back.refusals.empty()) return std::unexpected(back.refusals.front().error);
    for (const auto& step : back.steps)
      if (step.waits_for) return refuse(Code::busy, "it waits for " + *step.waits_for);
  }
  const auto job = jobs_.begin("release", request.caller_uid, realtime_usec());
  submit({.modules = {}, .rdma = {}, .pfs = plan.pfs}, job, true);
  jobs_.settle(job);
  publish();
  return job;
}

std::uint32_t Reconciler::scan_everything(const char* kind, std::uint32_t caller_uid) {
  const auto job = jobs_.begin(kind, caller_uid, realtime_usec());
  jobs_.add_lane(job, kScanLane, 1, {});
  dirty_ = Dirty::all();
  return job;
}

std::uint32_t Reconciler::rescan(std::uint32_t caller_uid) {
  const auto job = scan_everything("rescan", caller_uid);
  scan_jobs_[job] = scans_begun_ + 1;
  observe();
  publish();
  return job;
}

std::uint32_t Reconciler::verify(std::uint32_t caller_uid) {
  const auto job = scan_everything("verify", caller_uid);
  verify_jobs_[job] = scans_begun_ + 1;
  rdma_.ask_again(inventory_);
  observe();
  publish();
  return job;
}

void Reconciler::end_verifications(const model::Snapshot& snapshot) {
  if (inspecting_ || ahead_.looking() || rdma_.asking() || !awaited_.modules().empty()) return;
  const auto wrong = core::what_is_wrong(snapshot);
  bool ended = false;
  for (auto job = verify_jobs_.begin(); job != verify_jobs_.end();) {
    if (job->second > scans_seen_) {
      ++job;
      continue;
    }
    const auto id = job->first;
    job = verify_jobs_.erase(job);
    jobs_.lane_ended(id, kScanLane, wrong);
    ended = true;
  }
  if (ended) publish();
}

std::expected<std::uint32_t, Error> Reconciler::load_modules(const std::vector<std::string>& names,
                                                             std::uint32_t caller_uid) {
  if (names.empty()) return std::unexpected(model::invalid("load modules", "", "no module is named"));
  if (reloading_)
    return std::unexpected(
        Error{Code::busy, 0, "load modules", "", "drivers are being loaded anew; wait for that job to end"});
  model::Plan plan;
  for (const auto& name : names) {
    Step step;
    step.action = model::LoadModule{model::kernel_name(name)};
    step.why = "asked for over D-Bus";
    step.deadline = std::chrono::seconds{120};
    plan.modules.push_back(std::move(step));
  }
  const auto job = jobs_.begin("load-modules", caller_uid, realtime_usec());
  submit(plan, job, true);
  jobs_.settle(job);
  publish();
  return job;
}

std::expected<void, Error> Reconciler::cancel(std::uint32_t job) {
  if (!jobs_.known(job))
    return std::unexpected(Error{Code::not_found, 0, "cancel", fmt::format("job {}", job), "it is over, or never was"});
  jobs_.cancel(job);
  for (const auto& name : jobs_.lanes(job))
    if (const auto lane = lanes_.find(name); lane != lanes_.end()) lane->second.worker->cancel();
  return {};
}

model::Plan Reconciler::plan(const core::PlanOptions& options) const {
  return core::plan(desired_, inventory_, drivers_.modules, options);
}

}  // namespace nic::apply
