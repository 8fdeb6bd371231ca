// Brings the machine to what is configured and keeps it there, by events: observe -> resolve -> plan -> apply ->
// observe. Thread: the loop's; blocking work goes to workers. It publishes every change as a new Snapshot.
#pragma once

#include "apply/awaited.hpp"
#include "apply/drift.hpp"
#include "apply/jobs.hpp"
#include "apply/look_ahead.hpp"
#include "apply/machine.hpp"
#include "apply/ownership.hpp"
#include "apply/rdma_questions.hpp"
#include "apply/records.hpp"
#include "apply/retry.hpp"
#include "apply/task.hpp"
#include "apply/worker.hpp"
#include "core/device_health.hpp"
#include "core/judge.hpp"
#include "core/plan.hpp"
#include "core/put_back.hpp"
#include "loop/loop.hpp"
#include "model/reload.hpp"
#include "model/snapshot.hpp"

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nic::apply {

class Reconciler {
 public:
  struct Timing {
    std::chrono::microseconds quiet{50'000};        // a burst is over after this much silence
    std::chrono::microseconds most{250'000};        // and is not waited for longer than this
    std::chrono::microseconds rescan{600'000'000};  // safety net: everything is read again
    std::chrono::microseconds observe{30'000'000};  // reading the machine should be back by then
    std::chrono::milliseconds rdma{15'000};         // an RDMA device should have answered by then
    std::chrono::microseconds bind{20'000'000};     // what a module was loaded for should be there by then
    std::chrono::microseconds drift{2'000'000};     // what others change stays for this long before it is put right
    std::chrono::seconds step{3600};                // no step is waited for longer, whatever its own deadline
    std::chrono::microseconds reload{120'000'000};  // what drivers that were loaded anew made should be back by then
    Retry retry{};
    core::Damping damping{};  // of the health of devices
  };
  struct Faces {
    std::function<void(const std::shared_ptr<const model::Snapshot>& before,
                       const std::shared_ptr<const model::Snapshot>& after)>
        publish;
    std::function<void(const model::Job&)> job_finished;
  };

  Reconciler(sd_event* event, const loop::Mailbox::Post& post, std::shared_ptr<Machine> machine,
             std::shared_ptr<const Records> records, model::SnapshotCell& cell, Faces faces, Timing timing);
  ~Reconciler();
  Reconciler(const Reconciler&) = delete;
  Reconciler& operator=(const Reconciler&) = delete;

  // Puts right what an interrupted run left, reads the machine, begins.
  void start();
  // While held, the machine is looked at and nothing is begun by itself: its devices may not have their names yet.
  void hold(bool held);
  // No step is begun any more. `quiet` is called when no worker runs.
  void stop(std::function<void()> quiet);

  void changed(const model::Dirty& dirty);          // kernel events
  void resumed() { changed(model::Dirty::all()); }  // after suspend, or by the safety net
  void modules_indexed();                           // other module files, or rules of modprobe.d, may be in force
  void configure(model::Config config);             // a good configuration takes force
  void reject(std::vector<model::Error> errors);    // a bad one leaves the last good one in force
  void endpoint_changed(const std::string& resource, const model::EndpointStatus& status);
  void kubelet_present(bool present);
  void events_lost(const model::Error& error);  // those of one source: shown, the rescan goes on

  struct ApplyRequest {
    std::set<model::PciAddress> devices;  // empty: all
    bool force{false};
    std::uint32_t caller_uid{0};
  };
  [[nodiscard]] std::expected<std::uint32_t, model::Error> apply(const ApplyRequest& request);
  [[nodiscard]] std::uint32_t rescan(std::uint32_t caller_uid);
  // Reads the machine, the module files and the RDMA devices anew; the job fails where anything is not as it should be.
  [[nodiscard]] std::uint32_t verify(std::uint32_t caller_uid);
  [[nodiscard]] std::expected<std::uint32_t, model::Error> load_modules(const std::vector<std::string>& names,
                                                                        std::uint32_t caller_uid);
  // What unloading and loading these modules anew would do, and what stands in its way: answered on the loop's thread,
  // when /proc has been looked through.
  template <class T>
  using Later = std::function<void(const std::expected<T, model::Error>&)>;
  void plan_reload(const std::vector<std::string>& names, Later<model::ReloadPlan> done);
  struct ReloadRequest {
    std::vector<std::string> names;  // modules, and sets
    bool force{false};
    std::uint32_t caller_uid{0};
  };
  // Does it. All that goes with the drivers is noted before and put back after, also when the agent dies meanwhile.
  // Refused (Code::protected_) where something stands in the way, or (Code::busy) is at work on what is affected.
  void reload_drivers(const ReloadRequest& request, Later<std::uint32_t> done);
  struct ReleaseRequest {
    model::PciAddress device;
    bool restore{false};  // give back what was found; without it the PF stays as it is and the record goes
    std::uint32_t caller_uid{0};
  };
  // Ends the agent's ownership of a PF. Refused while a policy asks for it.
  [[nodiscard]] std::expected<std::uint32_t, model::Error> release(const ReleaseRequest& request);
  [[nodiscard]] std::expected<void, model::Error> cancel(std::uint32_t job);
  // What Apply would do now.
  [[nodiscard]] model::Plan plan(const core::PlanOptions& options) const;

 private:
  static constexpr const char* kScanLane = "scan";
  static constexpr const char* kRdmaLane = "rdma";
  [[nodiscard]] static std::string module_lane(const std::string& name) { return "module " + name; }
  static constexpr const char* kReloadLane = "reload";             // modules, and what belongs to no function
  static constexpr const char* kReloadJobLane = "reload drivers";  // of the job, until all is over
  // Work under way: a PF's steps, one module, or the RDMA subsystem's. They go side by side, the steps of one in order.
  struct Lane {
    std::optional<model::PciAddress> pf;
    std::vector<model::Step> steps;
    std::unique_ptr<Worker> worker;
    std::uint32_t job{0};
    std::optional<model::Error> error;
    bool for_good{false};  // trying again cannot help
    bool reload{false};    // a part of loading drivers anew
  };
  // Drivers that are being loaded anew.
  enum class ReloadPhase : std::uint8_t { noting, unloading, loading, putting_back };
  struct Reloading {
    ReloadPhase phase{ReloadPhase::noting};
    std::uint32_t job{0};
    std::vector<std::string> unload;  // when all is noted
    model::ReloadRecord record;
    std::set<model::PciAddress> busy;  // nothing else is begun on these functions
    core::PutBackSoFar so_far;
    std::vector<std::string> waits;               // what is still missing
    std::map<std::string, model::Error> reasons;  // lane -> why its last attempt failed
    std::optional<model::Error> error;            // the first that goes on being one
  };
  using FactsOrError = std::expected<model::ReloadFacts, model::Error>;
  using WithFacts = std::function<void(const FactsOrError&)>;
  void gather_reload_facts(WithFacts then);
  void reload_facts_known(const FactsOrError& facts);
  using PlanOrError = std::expected<model::ReloadPlan, model::Error>;
  using WithPlan = std::function<void(const PlanOrError&, const model::ReloadFacts&)>;
  // With all that stands in its way, also in that of loading the modules again.
  void gather_reload(const std::vector<std::string>& names, WithPlan then);
  void look_at_loading(const std::vector<std::string>& names, const model::ReloadFacts& facts, WithPlan then);
  [[nodiscard]] std::expected<void, model::Error> may_reload(const std::set<model::PciAddress>& functions) const;
  // `tried`: what is noted of the agent's own tries before; nullopt where somebody has asked for it.
  [[nodiscard]] std::expected<std::uint32_t, model::Error> begin_reload(const ReloadRequest& request,
                                                                        const PlanOrError& plan,
                                                                        const model::ReloadFacts& facts,
                                                                        const std::optional<model::Builds>& tried = {});
  void note_reload(const model::ReloadPlan& plan, const model::ReloadFacts& facts,
                   const std::optional<model::Builds>& tried);
  // Loading drivers anew unasked, where the configuration lets the agent.
  struct OwnReload {
    model::Builds tried;  // each build once
    bool due{false};      // something has changed since that was last considered
    bool asking{false};   // what stands in the way is being found out
  };
  using NotReloaded = std::map<std::string, std::string>;  // module: why
  [[nodiscard]] bool may_reload_unasked() const;
  void reload_unasked();
  void ask_in_turn(std::vector<std::vector<std::string>> left, const model::Builds& builds, NotReloaded refused);
  [[nodiscard]] NotReloaded begin_unasked(const std::vector<std::string>& names, const model::Builds& builds,
                                          const PlanOrError& plan, const model::ReloadFacts& facts,
                                          NotReloaded refused);
  void leave_as_it_runs(NotReloaded refused);
  void unload_if_free();
  // Looking at RDMA devices would hold on to the modules that are being unloaded.
  [[nodiscard]] bool looks_away() const;
  void resume_reload(model::ReloadRecord record);
  void run_reload(ReloadPhase phase, std::vector<model::Step> steps);
  void load_again();
  void reload_lane_over(const std::string& name, const Lane& lane);
  void put_back();
  void end_reload(std::optional<model::Error> error);
  // It is being loaded anew, or (without one) anything is.
  [[nodiscard]] bool reloads(const std::optional<model::PciAddress>& pf) const {
    return reloading_ && (!pf || reloading_->busy.contains(*pf));
  }
  void observe();
  void observed(model::Inventory inventory, std::uint64_t scan);
  void inspect();
  [[nodiscard]] model::Desired resolved() const;
  void reconsider();
  void publish();
  [[nodiscard]] std::vector<model::Pool> pools();
  void forget_what_is_over();
  void watch_drift();
  unsigned submit(const model::Plan& plan, std::uint32_t job, bool by_hand);
  bool run(const std::string& name, Lane lane, bool by_hand);
  [[nodiscard]] model::Record record_for(const std::string& name, const Lane& lane) const;
  void failed(const Lane& lane, const model::Step& step, const model::Error& error);
  void step_finished(Lane& lane, const model::Step& step, const std::expected<void, model::Error>& result);
  void step_late(Lane& lane, const model::Step& step);
  void lane_over(const std::string& name);
  [[nodiscard]] std::expected<void, model::Error> without_work(const model::PciAddress& device, const char* what) const;
  [[nodiscard]] std::expected<void, model::Error> releasable(const model::PciAddress& pf) const;
  [[nodiscard]] std::expected<std::uint32_t, model::Error> restore(const ReleaseRequest& request);
  [[nodiscard]] std::uint32_t scan_everything(const char* kind, std::uint32_t caller_uid);
  void end_verifications(const model::Snapshot& snapshot);
  [[nodiscard]] bool shown(const std::string& lane) const;
  [[nodiscard]] bool at_rest() const;
  [[nodiscard]] std::vector<std::string> wanted_modules() const;

  sd_event* event_;
  loop::Mailbox::Post post_;
  std::shared_ptr<Machine> machine_;
  std::shared_ptr<const Records> records_;
  model::SnapshotCell& cell_;
  Faces faces_;
  Timing timing_;

  model::Inventory inventory_;
  std::shared_ptr<const model::Config> config_{std::make_shared<const model::Config>()};
  std::uint64_t config_generation_{0}, applied_generation_{0};
  std::vector<model::Error> config_errors_;
  model::DriverFacts drivers_;
  std::vector<std::string> inspected_for_;  // the modules that `drivers_` was asked for
  std::map<std::string, model::EndpointStatus> endpoints_;
  core::Circumstances circumstances_;
  Ownership ownership_;
  model::Desired desired_;
  model::Plan plan_;
  std::vector<model::GpuPath> gpu_paths_;

  Jobs jobs_;
  Backoff<std::string> backoff_;
  Drift drift_;
  core::DeviceHealth device_health_;
  std::map<std::string, Lane> lanes_;
  std::map<std::string, model::Error> module_failures_;
  std::optional<model::Error> rdma_failure_;
  std::map<model::PciAddress, core::PfWork> work_;
  std::map<std::string, std::uint64_t> needs_scan_;  // lane -> the first scan that shows what it did

  model::Dirty dirty_{model::Dirty::all()};
  std::uint64_t scans_begun_{0}, scans_seen_{0};
  bool observing_{false}, inspecting_{false}, inspected_{false}, inspect_again_{false}, stopping_{false};
  bool held_{false}, settled_{false}, endpoints_unpublished_{false};
  bool recovered_{false};  // what an earlier run left is read and put right: nothing is looked at, nor begun, before
  std::map<std::uint32_t, std::uint64_t> scan_jobs_;    // rescan job -> the scan that answers it
  std::map<std::uint32_t, std::uint64_t> verify_jobs_;  // the same of jobs that wait for more than the scan
  std::function<void()> quiet_;
  std::optional<Reloading> reloading_;
  OwnReload own_reload_;
  std::vector<WithFacts> want_reload_facts_;
  std::map<unsigned, std::unique_ptr<Task>> looks_at_loading_;
  unsigned last_look_at_loading_{0};
  std::unique_ptr<Task> recovery_, observation_, inspection_, reload_facts_, reload_note_;
  RdmaQuestions rdma_;
  LookAhead ahead_;
  Awaited awaited_;
  loop::Debounce debounce_, index_debounce_;
  loop::Timer safety_net_, retry_, drift_timer_, health_timer_, observation_deadline_, reload_deadline_,
      reload_facts_deadline_;
};

}  // namespace nic::apply
