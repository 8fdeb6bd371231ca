// Whether the drivers of this machine are right: what the configuration asks of modules, the RDMA stack as a whole,
// what the drivers made of the machine's functions. Pure.
#pragma once

#include "model/config.hpp"
#include "model/driver_status.hpp"
#include "model/inventory.hpp"

#include <set>
#include <string>
#include <vector>

namespace nic::core {

// The reports with what the configuration's rules say of each: versions, signatures.
[[nodiscard]] std::vector<model::ModuleReport> judge_modules(const model::Config& config,
                                                             std::vector<model::ModuleReport> modules);

// Once all of it is loaded from disk, modules of the out-of-tree RDMA stack would run beside others.
[[nodiscard]] bool mixed_on_disk(const std::vector<model::ModuleReport>& modules);

// `modules` as judge_modules gives them. The verdict is the worst of the required modules and of the findings, which
// are about what no single module tells; other modules only warn there. What one of the `awaited` modules has not made
// yet is unknown.
[[nodiscard]] model::DriverStatus judge_drivers(const model::Config& config, const model::Inventory& inventory,
                                                const std::vector<model::ModuleReport>& modules,
                                                const model::DriverFacts& facts, const model::RdmaAnswers& answers,
                                                const std::set<std::string>& awaited = {});

}  // namespace nic::core
