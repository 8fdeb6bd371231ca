#include "apply/rdma_questions.hpp"

#include <algorithm>
#include <utility>

namespace nic::apply {
RdmaQuestions::RdmaQuestions(sd_event* event, loop::Mailbox::Post post, std::shared_ptr<Machine> machine,
                             std::chrono::milliseconds deadline, std::function<void()> changed)
    : event_{event},
      post_{std::move(post)},
      machine_{std::move(machine)},
      deadline_{deadline},
      changed_{std::move(changed)} {}

// Without user access no program can open it, which is told elsewhere.
void RdmaQuestions::keep(const model::Inventory& inventory) {
  const auto gone = [&](const std::string& name) {
    const auto device = std::ranges::find(inventory.rdma_devices, name, &model::RdmaDevice::name);
    return device == inventory.rdma_devices.end() || !device->user_access();
  };
  std::erase_if(known_, [&](const auto& entry) { return gone(entry.first); });
  std::erase_if(answers_, [&](const auto& entry) { return gone(entry.first); });
  std::erase_if(questions_, [&](const auto& entry) { return gone(entry.first); });
  for (const auto& device : inventory.rdma_devices) {
    if (!device.user_access()) continue;
    const auto known = known_.find(device.name);
    if (known == known_.end() || known->second != device.index) ask(device);
  }
}

void RdmaQuestions::ask_again(const model::Inventory& inventory) {
  for (const auto& device : inventory.rdma_devices)
    if (device.user_access() && !questions_.contains(device.name)) ask(device);
}

bool RdmaQuestions::asking() const {
  return std::ranges::any_of(questions_, [](const auto& entry) { return !entry.second.late; });
}

void RdmaQuestions::ask(const model::RdmaDevice& device) {
  const auto name = device.name;
  known_[name] = device.index;
  auto& question = questions_[name];
  question.late = false;
  auto result = std::make_shared<std::expected<void, model::Error>>();
  question.deadline = std::make_unique<loop::Timer>(event_, [this, name] { late(name); });
  question.deadline->arm(deadline_);
  question.task = std::make_unique<Task>(
      post_, [machine = machine_, result, name] { *result = machine->ask_rdma_device(name); },
      [this, name, result] { answered(name, *result ? std::nullopt : std::optional{result->error()}); });
}

void RdmaQuestions::late(const std::string& device) {
  questions_.at(device).late = true;
  answers_[device] = model::Error{model::Code::stuck, 0, "open and query the RDMA device", device,
                                  "it has not answered in time; its firmware may be dead: look at the kernel log"};
  changed_();
}

// However late: a device that answers again is well again.
void RdmaQuestions::answered(const std::string& device, std::optional<model::Error> error) {
  // The one who calls lives in what is taken out here: it goes when this is over.
  const auto over = questions_.extract(device);
  answers_[device] = std::move(error);
  changed_();
}

}  // namespace nic::apply
