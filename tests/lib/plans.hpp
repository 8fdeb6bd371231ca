// Plans as a person reads them, for tests.
#pragma once

#include "model/plan.hpp"

#include <string>
#include <vector>

namespace nic::test {

inline std::vector<std::string> lines(const model::Plan& plan) {
  std::vector<std::string> all;
  for (const auto& step : plan.modules) all.push_back(model::describe(step.action));
  for (const auto& pf : plan.pfs)
    for (const auto& step : pf.steps) all.push_back(model::describe(step.action));
  return all;
}

}  // namespace nic::test
