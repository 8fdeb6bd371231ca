// A piece of blocking work beside the loop. Thread: made and destroyed on the loop's thread; `work` runs on its own.
// A kernel call that hangs cannot be interrupted: a Task that is destroyed before its work returned leaves the thread
// behind, and `done` is then never called. So `work` may hold only what it shares ownership of.
#pragma once

#include "loop/loop.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

namespace nic::apply {

class Task {
 public:
  // `done` is called on the loop's thread after `work` returned.
  Task(const loop::Mailbox::Post& post, std::function<void()> work, std::function<void()> done);
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

 private:
  struct State {
    std::atomic<bool> returned{false};  // `work` is over and `done` was posted
    std::atomic<bool> wanted{true};     // the Task is still there
  };
  std::shared_ptr<State> state_{std::make_shared<State>()};
  std::thread thread_;
};

}  // namespace nic::apply
