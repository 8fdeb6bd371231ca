// The whole reconciler on a simulated machine, on the test's own thread. Waiting is for a condition, with a deadline.
#pragma once

#include "apply/reconciler.hpp"
#include "lib/sim_machine.hpp"
#include "lib/temporary_folder.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace nic::test {

class AgentOnSim {
 public:
  explicit AgentOnSim(model::Inventory host, const std::filesystem::path& state = {},
                      std::chrono::seconds longest_step = std::chrono::hours{1},
                      std::chrono::milliseconds rdma_answer = std::chrono::hours{1},
                      std::chrono::milliseconds bind = std::chrono::milliseconds{1},
                      std::chrono::milliseconds observe = std::chrono::hours{1})
      : machine{std::make_shared<SimMachine>(std::move(host))} {
    model::Roots roots = model::Roots::below(folder_.path());
    if (!state.empty()) roots.state = state;
    records = std::make_shared<apply::Records>(roots);
    apply::Reconciler::Timing timing;
    timing.quiet = std::chrono::milliseconds{1};
    timing.most = std::chrono::milliseconds{5};
    timing.drift = std::chrono::milliseconds{2};
    timing.step = longest_step;
    timing.rdma = rdma_answer;
    timing.bind = bind;
    timing.observe = observe;
    timing.retry = {std::chrono::milliseconds{20}, std::chrono::milliseconds{200}};
    reconciler = std::make_unique<apply::Reconciler>(
        event.get(), mailbox.handle(), machine, records, cell,
        apply::Reconciler::Faces{[this](const auto&, const auto&) { ++published; },
                                 [this](const model::Job& job) { finished.push_back(job); }},
        timing);
    // A condition may look at the machine: the loop wakes for each step.
    machine->on_step([post = mailbox.handle()] { post([] {}); });
    // As kernel events do: from another thread, through the mailbox.
    machine->on_change([this, post = mailbox.handle()] { post([this] { reconciler->changed(model::Dirty::all()); }); });
  }
  ~AgentOnSim() {
    machine->on_change(nullptr);
    machine->release();
    static_cast<void>(run_until([this] { return idle(); }));
  }
  AgentOnSim(const AgentOnSim&) = delete;
  AgentOnSim& operator=(const AgentOnSim&) = delete;

  void configure(std::vector<model::SriovPolicy> policies) {
    model::Config config;
    config.policies = std::move(policies);
    config.sources = {"test.toml"};
    reconciler->configure(std::move(config));
  }
  // Where the machine's trees are, but for what the simulated machine is.
  [[nodiscard]] const std::filesystem::path& root() const { return folder_.path(); }
  [[nodiscard]] std::shared_ptr<const model::Snapshot> now() const { return cell.load(); }
  [[nodiscard]] const model::FunctionStatus& status(const model::PciAddress& address) const {
    static const model::FunctionStatus none{};
    seen_ = now();
    const auto found = seen_->functions.find(address);
    return found == seen_->functions.end() ? none : found->second;
  }
  [[nodiscard]] bool idle() const { return now()->jobs.empty(); }

  // Runs the loop until the condition holds; false when it does not within the deadline.
  [[nodiscard]] bool run_until(const std::function<bool()>& condition,
                               std::chrono::milliseconds within = std::chrono::seconds{10}) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    while (!condition()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      sd_event_run(event.get(), static_cast<std::uint64_t>(left.count()));
    }
    return true;
  }

 private:
  TemporaryFolder folder_;
  mutable std::shared_ptr<const model::Snapshot> seen_;

 public:
  loop::EventPtr event{loop::new_event()};
  loop::Mailbox mailbox{event.get()};
  model::SnapshotCell cell;
  std::shared_ptr<SimMachine> machine;
  std::shared_ptr<apply::Records> records;
  unsigned published{0};
  std::vector<model::Job> finished;
  std::unique_ptr<apply::Reconciler> reconciler;
};

}  // namespace nic::test
