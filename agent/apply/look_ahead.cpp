#include "apply/look_ahead.hpp"

#include <utility>

namespace nic::apply {

LookAhead::LookAhead(loop::Mailbox::Post post, std::shared_ptr<Machine> machine, Seen seen)
    : post_{std::move(post)}, machine_{std::move(machine)}, seen_{std::move(seen)} {}

void LookAhead::look() {
  again_ = looking_;
  if (std::exchange(looking_, true)) return;
  auto findings = std::make_shared<std::vector<model::Finding>>();
  task_ = std::make_unique<Task>(
      post_, [machine = machine_, findings] { *findings = machine->look_ahead(); },
      [this, findings] {
        looking_ = false;
        if (again_) look();
        seen_(std::move(*findings));
      });
}

}  // namespace nic::apply
