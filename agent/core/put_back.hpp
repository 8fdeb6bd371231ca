// Putting back what unloading drivers took away: what has to be remembered before, and, step by step as functions and
// interfaces come back, what can be put back now. Pure. Putting back what is there already changes nothing, so it may
// begin anew at any point.
#pragma once

#include "model/inventory.hpp"
#include "model/plan.hpp"
#include "model/reload.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace nic::core {

// `messages`: what rtnetlink tells of the interfaces that go away, by ifindex.
[[nodiscard]] model::ReloadRecord what_goes(const model::ReloadPlan& plan, const model::Inventory& inventory,
                                            const model::ReloadFacts& facts,
                                            const std::map<unsigned, model::SavedMessages>& messages);

// Of the PF, the VF's PF, or (without a function) of neither: what goes in order.
using PutBackLane = std::optional<model::PciAddress>;

struct PuttingBack {
  std::map<PutBackLane, std::vector<model::Step>> lanes;  // side by side; each has something to do now
  std::vector<std::string> waits;                         // for: "network interface enp1s0 of 0000:01:00.0"

  bool operator==(const PuttingBack&) const = default;
  [[nodiscard]] bool over() const { return lanes.empty() && waits.empty(); }
};

// What of the record has been put back and is not looked at again: names of interfaces and of RDMA devices, and VFs
// that are reserved for a driver, which the inventory does not tell.
struct PutBackSoFar {
  std::set<std::string> interfaces, rdma_devices;
  std::set<model::PciAddress> overrides;
  void note(const model::Action& done);
};

[[nodiscard]] PuttingBack put_back(const model::ReloadRecord& record, const PutBackSoFar& so_far,
                                   const model::Inventory& inventory);

// The functions that are not free for anything else meanwhile: PFs, and the PFs of VFs.
[[nodiscard]] std::set<model::PciAddress> kept_busy(const model::ReloadRecord& record);

}  // namespace nic::core
