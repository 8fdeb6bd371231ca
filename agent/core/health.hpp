// What devlink's health reporters of a function mean for an administrator. Pure.
#pragma once

#include "model/error.hpp"
#include "model/inventory.hpp"

#include <vector>

namespace nic::core {

// One for each reporter that is broken, with what to do about it.
[[nodiscard]] std::vector<model::Error> broken_reporters(const model::PciFunction& function);

}  // namespace nic::core
