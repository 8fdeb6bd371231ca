// What a policy claims of a PF. Internal to core::resolve. Thread: any (values).
#pragma once

#include "model/config.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace nic::core {

// Strongest first: by priority, then by the order of the configuration.
struct Claim {
  const model::SriovPolicy* policy;
  std::vector<model::IndexRange> vfs;  // empty: all
  unsigned pfs{1};                     // that the policy matches
};

[[nodiscard]] inline std::string quoted(const model::SriovPolicy& policy) {
  return fmt::format("policy \"{}\" ({})", policy.name, policy.place.text());
}

// The group of the policy that has this VF; nullptr where none has.
[[nodiscard]] inline const model::VfGroup* group_of(const model::SriovPolicy& policy, unsigned index) {
  for (const auto& group : policy.groups)
    if (model::contains(group.vfs, index)) return &group;
  return nullptr;
}

}  // namespace nic::core
