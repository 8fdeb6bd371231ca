#include "apply/worker.hpp"

#include "apply/probing.hpp"
#include "core/ownership.hpp"
#include "core/rdma_netns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

namespace nic::apply {

struct Worker::Shared {
  std::vector<model::Step> steps;
  std::shared_ptr<Machine> machine;
  std::shared_ptr<const Records> records;
  model::Record record;  // the thread's
  model::FoundVfs vfs;   // of the PF, as they were when the steps were planned
  std::atomic<bool> canceled{false};
  std::atomic<bool> watched{true};  // the Worker is still there to be told
};

namespace {

// What was free when the plan was made may have been taken since.
std::expected<void, model::Error> still_free(Machine& machine, const model::Step& step) {
  if (step.forced || step.hits.empty() || step.disruption < model::Disruption::vf_disruptive) return {};
  const auto users = machine.in_use(step.hits);
  if (users.empty()) return {};
  std::string who;
  for (const auto& [function, reason] : users)
    who += fmt::format("{}{} is in use: {}", who.empty() ? "" : "; ", function.text(), reason);
  return std::unexpected(model::Error{model::Code::protected_, 0, "leave alone what is in use", "",
                                      who + "; to do it all the same: nicctl apply --force"});
}

// The record that has to be on disk before the action, where the one that is there does not say enough.
std::optional<model::Record> more_to_note(const model::Record& record, const model::Action& action,
                                          const model::FoundVfs& vfs) {
  const auto changed = [&](const auto& before, auto after) {
    return after == before ? std::nullopt : std::optional{model::Record{std::move(after)}};
  };
  if (const auto* owned = std::get_if<model::Owned>(&record)) return changed(*owned, core::noted(*owned, action, vfs));
  if (const auto* rdma = std::get_if<model::OwnedRdmaNetns>(&record)) return changed(*rdma, core::noted(*rdma, action));
  return std::nullopt;
}

}  // namespace

Worker::Worker(sd_event* event, const loop::Mailbox::Post& post, std::shared_ptr<Machine> machine,
               std::shared_ptr<const Records> records, model::Record record, model::FoundVfs vfs,
               std::vector<model::Step> steps, std::chrono::seconds longest, Callbacks callbacks)
    : shared_{std::make_shared<Shared>()},
      callbacks_{std::move(callbacks)},
      longest_{longest},
      deadline_{event, [this] {
                  stuck_ = true;
                  callbacks_.late(shared_->steps.at(current_));
                }} {
  shared_->steps = std::move(steps);
  shared_->machine = std::move(machine);
  shared_->records = std::move(records);
  shared_->record = std::move(record);
  shared_->vfs = std::move(vfs);
  const auto tell = [post, shared = shared_](std::function<void()> message) {
    post([shared, message = std::move(message)] {
      if (shared->watched) message();
    });
  };
  task_ = std::make_unique<Task>(
      post,
      [this, shared = shared_, tell] {
        Probing probing{*shared->machine, *shared->records};
        for (std::size_t i = 0; i < shared->steps.size() && !shared->canceled; ++i) {
          tell([this, i] { begun(i); });
          auto result = still_free(*shared->machine, shared->steps[i]);
          if (auto more = result ? more_to_note(shared->record, shared->steps[i].action, shared->vfs) : std::nullopt) {
            result = shared->records->note(*more);
            if (result) {
              tell([this, record = *more] { callbacks_.noted(record); });
              shared->record = std::move(*more);
            }
          }
          if (result) result = probing.perform(shared->steps[i].action);
          const bool failed = !result;
          tell([this, i, result = std::move(result)] { ended(i, result); });
          if (failed && !shared->steps[i].independent) break;
        }
      },
      [this] {
        deadline_.disarm();
        callbacks_.over();
      });
}

Worker::~Worker() {
  shared_->watched = false;
  shared_->canceled = true;
}

void Worker::cancel() { shared_->canceled = true; }

void Worker::begun(std::size_t step) {
  current_ = step;
  deadline_.arm(std::min(shared_->steps[step].deadline, longest_));
  callbacks_.started(shared_->steps[step]);
}

void Worker::ended(std::size_t step, const std::expected<void, model::Error>& result) {
  deadline_.disarm();
  if (stuck_) shared_->canceled = true;
  callbacks_.finished(shared_->steps[step], result);
}

}  // namespace nic::apply
