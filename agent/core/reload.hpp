// What unloading and loading kernel modules anew means for this machine: which modules in which order, what goes away
// with them, and what stands in the way. Pure. Source of the order: the holders of /proc/modules; a module that is
// referred to more often than it has holders is used by something that no unloading of modules ends.
#pragma once

#include "core/protect.hpp"
#include "model/error.hpp"
#include "model/inventory.hpp"
#include "model/reload.hpp"

#include <expected>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace nic::core {

// Those of the named modules that are live, and every live module that holds on to one of them.
[[nodiscard]] std::set<std::string, std::less<>> unloaded_with(const std::vector<std::string>& names,
                                                               const model::Inventory& inventory);

// `names` are modules in any spelling, or sets ("@mlx5"). Unloaded are those that are live and every live module that
// holds on to one of them; loaded afterwards are all of these and what was asked for and is not live. Errors: invalid
// (no such set, nothing named), not_found (none of them is live).
[[nodiscard]] std::expected<model::ReloadPlan, model::Error> plan_reload(const std::vector<std::string>& names,
                                                                         const model::Inventory& inventory,
                                                                         const model::ReloadFacts& facts,
                                                                         const Listed& protected_functions);

}  // namespace nic::core
