#include "apply/worker.hpp"

#include "apply/probing.hpp"
#include "core/ownership.hpp"
#include "core/rdma_netns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <variant>

namespace nic::apply {

struct Worker::Shared {
  std::vector<model::Step> steps;
  std::shared_ptr<Machine> machine;
  std::shared_ptr<const Records> records;
  std::mutex noting;     // what follows
  model::Record record;  // the threads'
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

// Side by side at most: a driver's probe of a VF mostly waits for the card, which answers so many at a time.
constexpr std::size_t kAbreast = 8;

// Behind the last of the steps from `first` on that do not wait for each other: bindings of different functions.
std::size_t abreast(const std::vector<model::Step>& steps, std::size_t first) {
  std::set<model::PciAddress> functions;
  auto end = first;
  for (; end < steps.size(); ++end) {
    const auto* bind = std::get_if<model::BindDriver>(&steps[end].action);
    if (bind == nullptr || !functions.insert(bind->function).second) break;
  }
  return std::max(end, first + 1);
}

}  // namespace

// The side of the threads.
class Worker::Run {
 public:
  // On the loop, where somebody still listens.
  using Tell = std::function<void(std::function<void(Worker&)>)>;
  Run(Shared& shared, Tell tell)
      : shared_{shared}, tell_{std::move(tell)}, probing_{*shared.machine, *shared.records} {}

  void all() {
    for (std::size_t step = 0; step < shared_.steps.size() && go_on_ && !shared_.canceled;) {
      const auto end = abreast(shared_.steps, step);
      side_by_side(step, end);
      step = end;
    }
  }

 private:
  void side_by_side(std::size_t first, std::size_t end) {
    std::atomic<std::size_t> next{first};
    const auto work = [&] {
      for (auto step = next++; step < end && !shared_.canceled; step = next++) one(step);
    };
    std::vector<std::jthread> others(std::min(end - first, kAbreast) - 1);
    for (auto& other : others) other = std::jthread{work};
    work();
  }

  void one(std::size_t number) {
    const auto& step = shared_.steps[number];
    tell_([number](Worker& worker) { worker.begun(number); });
    auto result = still_free(*shared_.machine, step);
    if (result) result = note(step.action);
    if (result) result = probing_.perform(step.action);
    if (!result && !step.independent) go_on_ = false;
    tell_([number, result = std::move(result)](Worker& worker) { worker.ended(number, result); });
  }

  std::expected<void, model::Error> note(const model::Action& action) {
    const std::lock_guard lock{shared_.noting};
    auto more = more_to_note(shared_.record, action, shared_.vfs);
    if (!more) return {};
    if (auto noted = shared_.records->note(*more); !noted) return noted;
    tell_([record = *more](Worker& worker) { worker.callbacks_.noted(record); });
    shared_.record = std::move(*more);
    return {};
  }

  Shared& shared_;
  Tell tell_;
  Probing probing_;
  std::atomic<bool> go_on_{true};
};

Worker::Worker(sd_event* event, const loop::Mailbox::Post& post, std::shared_ptr<Machine> machine,
               std::shared_ptr<const Records> records, model::Record record, model::FoundVfs vfs,
               std::vector<model::Step> steps, std::chrono::seconds longest, Callbacks callbacks)
    : shared_{std::make_shared<Shared>()},
      callbacks_{std::move(callbacks)},
      longest_{longest},
      deadline_{event, [this] {
                  stuck_ = true;
                  callbacks_.late(shared_->steps.at(next_late()->first));
                }} {
  shared_->steps = std::move(steps);
  shared_->machine = std::move(machine);
  shared_->records = std::move(records);
  shared_->record = std::move(record);
  shared_->vfs = std::move(vfs);
  task_ = std::make_unique<Task>(
      post,
      [this, post, shared = shared_] {
        Run{*shared,
            [this, post, shared](std::function<void(Worker&)> message) {
              post([this, shared, message = std::move(message)] {
                if (shared->watched) message(*this);
              });
            }}
            .all();
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
  under_way_[step] = std::chrono::steady_clock::now() + std::min(shared_->steps[step].deadline, longest_);
  watch();
  callbacks_.started(shared_->steps[step]);
}

void Worker::ended(std::size_t step, const std::expected<void, model::Error>& result) {
  under_way_.erase(step);
  if (stuck_) shared_->canceled = true;
  watch();
  callbacks_.finished(shared_->steps[step], result);
}

std::map<std::size_t, std::chrono::steady_clock::time_point>::const_iterator Worker::next_late() const {
  return std::ranges::min_element(under_way_, {}, [](const auto& entry) { return entry.second; });
}

void Worker::watch() {
  if (under_way_.empty() || stuck_) return deadline_.disarm();
  const auto left = next_late()->second - std::chrono::steady_clock::now();
  deadline_.arm(std::max(std::chrono::ceil<std::chrono::microseconds>(left), std::chrono::microseconds{0}));
}

}  // namespace nic::apply
