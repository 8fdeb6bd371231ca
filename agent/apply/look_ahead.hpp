// Asks the machine what would be wrong after the next boot, beside everything else: reading an initramfs takes longer
// than any driver should wait for.
// Thread: the loop's; the look has a Task of its own, one at a time.
#pragma once

#include "apply/machine.hpp"
#include "apply/task.hpp"
#include "loop/loop.hpp"
#include "model/module.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace nic::apply {

class LookAhead {
 public:
  using Seen = std::function<void(std::vector<model::Finding>)>;
  LookAhead(loop::Mailbox::Post post, std::shared_ptr<Machine> machine, Seen seen);

  // While a look is under way, another one follows it.
  void look();
  [[nodiscard]] bool looking() const { return looking_; }

 private:
  loop::Mailbox::Post post_;
  std::shared_ptr<Machine> machine_;
  Seen seen_;
  bool looking_{false}, again_{false};
  std::unique_ptr<Task> task_;
};

}  // namespace nic::apply
