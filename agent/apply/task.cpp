#include "apply/task.hpp"

#include <utility>

namespace nic::apply {

Task::Task(const loop::Mailbox::Post& post, std::function<void()> work, std::function<void()> done)
    : thread_{[state = state_, post, work = std::move(work), done = std::move(done)] {
        work();
        post([state, done] {
          if (state->wanted) done();
        });
        state->returned = true;
      }} {}

Task::~Task() {
  state_->wanted = false;
  if (state_->returned)
    thread_.join();
  else
    thread_.detach();
}

}  // namespace nic::apply
