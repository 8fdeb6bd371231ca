// Driver probing of new VFs is off from their making until the steps of their PF are over. Else the module that udev
// loads for them would take them before their PF was told who they are. What was there before is on disk meanwhile, so
// that being killed in between is put right at the next start. Thread: a worker.
#pragma once

#include "apply/machine.hpp"
#include "apply/records.hpp"

#include <expected>
#include <optional>

namespace nic::apply {

class Probing {
 public:
  Probing(Machine& machine, const Records& records) : machine_{machine}, records_{records} {}
  ~Probing();  // puts back what it found; what cannot be put back stays noted, and is logged
  Probing(const Probing&) = delete;
  Probing& operator=(const Probing&) = delete;

  // One step of the PF.
  [[nodiscard]] std::expected<void, model::Error> perform(const model::Action& action);

 private:
  Machine& machine_;
  const Records& records_;
  std::optional<Interrupted> noted_;
};

}  // namespace nic::apply
