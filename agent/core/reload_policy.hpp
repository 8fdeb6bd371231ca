// [kernel_modules] reload = "when-safe": which modules run in another build than the one on disk, and whether the one
// on disk is worth loading. Pure.
#pragma once

#include "model/inventory.hpp"
#include "model/module.hpp"
#include "model/reload.hpp"

#include <string>
#include <vector>

namespace nic::core {

// Modules of the catalogue that are live in another build than their file: by build id, or, where one of the two has
// none, by other sources. Each with what tells the file's build.
[[nodiscard]] model::Builds rebuilt(const std::vector<model::ModuleReport>& modules);
// Those of `builds` that `tried` has not in this build, by name.
[[nodiscard]] std::vector<std::string> untried(const model::Builds& builds, const model::Builds& tried);

// `names` in groups that can only be loaded anew together: unloading one of them unloads another, or what holds on to
// both.
[[nodiscard]] std::vector<std::vector<std::string>> together(const std::vector<std::string>& names,
                                                             const model::Inventory& inventory);

}  // namespace nic::core
