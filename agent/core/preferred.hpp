// Which of the free devices of an exclusive resource a container should get. Pure.
// The answer is a hint that the kubelet checks and fills up; it is as good as can be for whatever was asked, never an
// error: an error would fail the pod.
#pragma once

#include "model/inventory.hpp"
#include "model/snapshot.hpp"

#include <span>
#include <string>
#include <vector>

namespace nic::core {

struct Choice {
  std::span<const std::string> available;     // device ids that the kubelet may give, `must_include` among them
  std::span<const std::string> must_include;  // given already (to an init container, or by the topology manager)
  std::size_t size{0};                        // how many it is to be
};

// Exactly `size` ids, each once, `must_include` first, as long as `available` has so many; empty where the resource has
// no preference. Ids that are not in the pool come last.
[[nodiscard]] std::vector<std::string> preferred(const model::Inventory& inventory, const model::Pool& pool,
                                                 const Choice& choice);

}  // namespace nic::core
