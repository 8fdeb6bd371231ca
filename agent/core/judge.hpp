// What to say about the machine: the state of each function, of each component, and of the node. Pure.
#pragma once

#include "core/protect.hpp"
#include "model/snapshot.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nic::core {

// What only the daemon knows about a PF: work under way, and what came of the last one.
struct PfWork {
  bool applying{false};
  bool stuck{false};  // a kernel call passed its deadline and has not come back
  std::optional<model::Error> failure;
  std::uint64_t failed_usec{0};  // CLOCK_REALTIME, when that was
  std::uint64_t retry_usec{0};   // and when it is tried again; 0: not by itself
  bool only_observed{false};     // it was as configured, and is left as others have changed it

  bool operator==(const PfWork&) const = default;
};

[[nodiscard]] std::map<model::PciAddress, model::FunctionStatus> judge_functions(
    const model::Desired& desired, const model::Inventory& inventory, const model::Plan& plan,
    const std::map<model::PciAddress, PfWork>& work);

// What the daemon as a whole has met beside PFs.
struct Circumstances {
  bool observed{false};                             // the machine was read at least once
  std::optional<model::Error> observation;          // reading it does not come back, or events cannot be had
  std::vector<model::Error> module_failures;        // of the last attempts to load
  bool kubelet_present{false};                      // its root directory is there
  std::map<std::string, std::string> not_reloaded;  // module that the agent should load anew by itself: why it does not
};

// Components of the node in the order in which they are shown. Reads everything of the snapshot but `components`,
// `state`.
[[nodiscard]] std::vector<model::Component> judge_components(const model::Snapshot& snapshot,
                                                             const Circumstances& circumstances);
// What Verify says: the first thing that is not as it should be, a verdict of the drivers for want of knowledge
// included; nullopt where all is right.
[[nodiscard]] std::optional<model::Error> what_is_wrong(const model::Snapshot& snapshot);
[[nodiscard]] model::ComponentState overall(const std::vector<model::Component>& components);

}  // namespace nic::core
