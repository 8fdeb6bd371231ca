// The one seam between the agent and the machine: the real one (agent/programs) and the simulated one (tests/lib).
// Thread: every call blocks and is made on a worker thread; calls may run side by side.
#pragma once

#include "model/dirty.hpp"
#include "model/driver_status.hpp"
#include "model/error.hpp"
#include "model/inventory.hpp"
#include "model/plan.hpp"
#include "model/reload.hpp"

#include <expected>
#include <map>
#include <string>
#include <vector>

namespace nic::apply {

class Machine {
 public:
  Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  virtual ~Machine() = default;

  // What is: `previous` with everything that is dirty read again.
  [[nodiscard]] virtual model::Inventory observe(const model::Inventory& previous, const model::Dirty& dirty) = 0;
  // One step. Success means that the kernel accepted it and shows it.
  [[nodiscard]] virtual std::expected<void, model::Error> perform(const model::Action& action) = 0;
  // Who uses these functions at this moment; those that nobody uses are not in it.
  [[nodiscard]] virtual std::map<model::PciAddress, std::string> in_use(
      const std::vector<model::PciAddress>& functions) = 0;
  // Reports on the wanted modules (any spelling) and on the RDMA modules that are loaded, and what else the module
  // files tell.
  [[nodiscard]] virtual model::DriverFacts inspect(const std::vector<std::string>& wanted,
                                                   const model::Inventory& inventory) = 0;
  // What would be wrong after the next boot: may take seconds where an initramfs has changed.
  [[nodiscard]] virtual std::vector<model::Finding> look_ahead() = 0;
  // Who uses the drivers, as far as the inventory does not tell it.
  [[nodiscard]] virtual model::ReloadFacts reload_facts() = 0;
  // What would keep the plan's modules, as they stand on disk, from being loaded again.
  [[nodiscard]] virtual std::vector<model::Obstacle> load_obstacles(const model::ReloadPlan& plan,
                                                                    const model::Inventory& inventory) = 0;
  // What rtnetlink tells of interfaces (ifindex to name) that are about to go, by ifindex.
  [[nodiscard]] virtual std::expected<std::map<unsigned, model::SavedMessages>, model::Error> save_interfaces(
      const std::map<unsigned, std::string>& going) = 0;
  // Opens and queries an RDMA device as user space does.
  [[nodiscard]] virtual std::expected<void, model::Error> ask_rdma_device(const std::string& name) = 0;
};

}  // namespace nic::apply
