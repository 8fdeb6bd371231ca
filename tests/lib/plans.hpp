// From policies to plans as a person reads them, for tests.
#pragma once

#include "core/resolve.hpp"
#include "model/plan.hpp"

#include <string>
#include <utility>
#include <vector>

namespace nic::test {

// What these policies, and nothing else, ask of a machine.
inline model::Desired want(const model::Inventory& host, std::vector<model::SriovPolicy> policies) {
  model::Config config;
  config.policies = std::move(policies);
  return core::resolve(config, host);
}

inline std::vector<std::string> lines(const model::Plan& plan) {
  std::vector<std::string> all;
  for (const auto* machine : {&plan.modules, &plan.rdma})
    for (const auto& step : *machine) all.push_back(model::describe(step.action));
  for (const auto& pf : plan.pfs)
    for (const auto& step : pf.steps) all.push_back(model::describe(step.action));
  return all;
}

}  // namespace nic::test
