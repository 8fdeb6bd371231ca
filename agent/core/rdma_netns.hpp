// The network-namespace mode of the RDMA subsystem: what is asked of it, the steps there, and what is to say of it.
// Pure. The kernel changes it only while no other network namespace has been made (rdma_compatdev_set in
// drivers/infiniband/core/device.c); else an option of ib_core does at the next start of the machine.
#pragma once

#include "model/desired.hpp"
#include "model/inventory.hpp"
#include "model/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace nic::core {

// nullopt: nobody knows what is asked, because there is no configuration at all.
[[nodiscard]] std::optional<model::DesiredRdmaNetns> rdma_netns(const model::Config& config,
                                                                const model::OwnedRdmaNetns& owned);

// `again`: also what waits for the next start is tried.
[[nodiscard]] std::vector<model::Step> rdma_steps(const model::Desired& desired, const model::Inventory& inventory,
                                                  bool again = false);

// The record as it has to stand on disk before `action` is carried out. What is noted already is the older truth.
[[nodiscard]] model::OwnedRdmaNetns noted(model::OwnedRdmaNetns before, const model::Action& action);

// The record has done its duty: the mode is as it was found, and nothing of the agent's is left.
[[nodiscard]] bool over(const model::OwnedRdmaNetns& owned, const model::Desired& desired,
                        const model::Inventory& inventory);

struct RdmaVerdict {
  std::optional<model::Error> problem;
  std::optional<std::string> reboot;  // why the machine has to start anew, where that will help

  bool operator==(const RdmaVerdict&) const = default;
};
// `failure` is that of the last step, if it failed.
[[nodiscard]] RdmaVerdict judge_rdma(const model::Desired& desired, const model::Inventory& inventory,
                                     const std::optional<model::Error>& failure);

}  // namespace nic::core
