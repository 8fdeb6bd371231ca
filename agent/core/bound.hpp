// Loaded is not driving: what the modules that run should have made of the machine's functions, and have not.
// Pure. Thread: any. VFs are left out: they are bound as policies say, and may be in other network namespaces.
#pragma once

#include "model/driver_status.hpp"
#include "model/inventory.hpp"

#include <string>
#include <vector>

namespace nic::core {

struct Unmade {
  std::string module;  // that should have, and runs
  bool wanted{false};  // it is required
  std::string what;    // "No driver is bound to 0000:3b:00.0 (15b3:1021), though mlx5_core is there"
  std::string advice;  // "the kernel log says why"

  bool operator==(const Unmade&) const = default;
};

// Every function that a module is for is bound to it, has its network interface or RDMA device, and its nodes.
[[nodiscard]] std::vector<Unmade> unmade(const model::Inventory& inventory,
                                         const std::vector<model::ModuleReport>& modules,
                                         const model::ModulesOfDevices& modules_of);

}  // namespace nic::core
