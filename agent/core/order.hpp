// Kernel knowledge that planning needs, as tables: what a driver's VF creation disturbs, which driver its VFs get,
// which drivers hand a function to user space.
#pragma once

#include "model/plan.hpp"

#include <array>
#include <string_view>

namespace nic::core {

struct DriverFacts {
  std::string_view pf_driver;
  std::string_view vf_driver;
  // What the PF's own traffic notices when VFs are made where there were none. igb, ixgbe and i40e reset the port
  // (drivers/net/ethernet/intel/*/…_sriov_configure); mlx5 adds vports beside the running one.
  model::Disruption first_vfs;
};

inline constexpr std::array kDriverFacts{
    DriverFacts{"mlx5_core", "mlx5_core", model::Disruption::live},
    DriverFacts{"igb", "igbvf", model::Disruption::pf_disruptive},
    DriverFacts{"ixgbe", "ixgbevf", model::Disruption::pf_disruptive},
    DriverFacts{"i40e", "iavf", model::Disruption::pf_disruptive},
    DriverFacts{"ice", "iavf", model::Disruption::pf_disruptive},
    DriverFacts{"bnxt_en", "bnxt_en", model::Disruption::pf_disruptive},
};

// A driver that is not in the table is taken to disturb its PF, and to drive its own VFs.
[[nodiscard]] constexpr DriverFacts driver_facts(std::string_view pf_driver) {
  for (const auto& facts : kDriverFacts)
    if (facts.pf_driver == pf_driver) return facts;
  return {pf_driver, pf_driver, model::Disruption::pf_disruptive};
}

}  // namespace nic::core
