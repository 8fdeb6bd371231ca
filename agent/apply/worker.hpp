// Carries out the steps of one PF (or module, or of the RDMA subsystem), in order, beside the loop, and tells the loop
// of each. VFs that are bound one after the other in that order are bound side by side, and where one cannot be, the
// others are all the same. Thread: the loop's. What a step changes is noted first, in `record` and on disk. The first
// step that passes its deadline (or is at work for `longest`) is reported as late; the worker goes on when the kernel
// call returns, but takes no further step then.
#pragma once

#include "apply/machine.hpp"
#include "apply/records.hpp"
#include "apply/task.hpp"
#include "loop/loop.hpp"
#include "model/owned.hpp"
#include "model/plan.hpp"

#include <atomic>
#include <chrono>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace nic::apply {

class Worker {
 public:
  struct Callbacks {
    std::function<void(const model::Step&)> started;
    std::function<void(const model::Step&, const std::expected<void, model::Error>&)> finished;
    std::function<void(const model::Step&)> late;
    std::function<void(const model::Record&)> noted;  // this is on disk now, and what it is about may be changed next
    std::function<void()> over;  // all steps done, or stopped at the first that failed, was late or canceled
  };

  Worker(sd_event* event, const loop::Mailbox::Post& post, std::shared_ptr<Machine> machine,
         std::shared_ptr<const Records> records, model::Record record, model::FoundVfs vfs,
         std::vector<model::Step> steps, std::chrono::seconds longest, Callbacks callbacks);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void cancel();  // no step is begun after this
  [[nodiscard]] bool stuck() const { return stuck_; }

 private:
  struct Shared;
  class Run;
  void begun(std::size_t step);
  void ended(std::size_t step, const std::expected<void, model::Error>& result);
  void watch();
  [[nodiscard]] std::map<std::size_t, std::chrono::steady_clock::time_point>::const_iterator next_late() const;

  std::shared_ptr<Shared> shared_;
  Callbacks callbacks_;
  std::chrono::seconds longest_;
  bool stuck_{false};
  std::map<std::size_t, std::chrono::steady_clock::time_point> under_way_;  // step -> when it is late
  loop::Timer deadline_;
  std::unique_ptr<Task> task_;
};

}  // namespace nic::apply
