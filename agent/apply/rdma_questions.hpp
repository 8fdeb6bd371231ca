// Asks every RDMA device once, when it appears, whether it answers user space; and again when somebody wants to know.
// Thread: the loop's; each question has a Task of its own, so that a device that hangs holds up no other.
#pragma once

#include "apply/machine.hpp"
#include "apply/task.hpp"
#include "loop/loop.hpp"
#include "model/driver_status.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace nic::apply {

class RdmaQuestions {
 public:
  // `changed` is called when an answer has come, or has not come in time.
  RdmaQuestions(sd_event* event, loop::Mailbox::Post post, std::shared_ptr<Machine> machine,
                std::chrono::milliseconds deadline, std::function<void()> changed);

  // Asks the devices that are new here, and forgets those that are gone.
  void keep(const model::Inventory& inventory);
  // Asks all of them again, but for those whose earlier question has not come back: threads would pile up in the
  // kernel. The earlier answers stand until the new ones come.
  void ask_again(const model::Inventory& inventory);

  [[nodiscard]] const model::RdmaAnswers& answers() const { return answers_; }
  // An answer may still come in time.
  [[nodiscard]] bool asking() const;

 private:
  struct Question {
    bool late{false};
    std::unique_ptr<loop::Timer> deadline;
    std::unique_ptr<Task> task;
  };
  void ask(const model::RdmaDevice& device);
  void late(const std::string& device);
  void answered(const std::string& device, std::optional<model::Error> error);

  sd_event* event_;
  loop::Mailbox::Post post_;
  std::shared_ptr<Machine> machine_;
  std::chrono::milliseconds deadline_;
  std::function<void()> changed_;
  std::map<std::string, unsigned> known_;  // name to RDMA_NLDEV_ATTR_DEV_INDEX: another device may take the name
  std::map<std::string, Question> questions_;
  model::RdmaAnswers answers_;
};

}  // namespace nic::apply
