// From what is to what is desired: the steps, in order, and the refusals. Pure; `nicctl plan`, the D-Bus dry run, the
// tests and the daemon use this one function. An unchanged machine gives an empty plan.
#pragma once

#include "core/protect.hpp"
#include "model/desired.hpp"
#include "model/inventory.hpp"
#include "model/module.hpp"
#include "model/plan.hpp"

#include <set>
#include <span>

namespace nic::core {

struct PlanOptions {
  bool force{false};                   // do also what is refused for protection
  std::set<model::PciAddress> only{};  // these PFs, and nothing of the RDMA subsystem; empty: all
  bool again{false};                   // try also what waits for the next start of the machine
};

[[nodiscard]] model::Plan plan(const model::Desired& desired, const model::Inventory& inventory,
                               std::span<const model::ModuleReport> modules, const PlanOptions& options = {});

}  // namespace nic::core
