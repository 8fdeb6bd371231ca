// Kernel knowledge that planning needs, as tables: what a driver's VF creation disturbs, which driver its VFs get,
// when a VF has the right one.
#pragma once

#include "model/desired.hpp"
#include "model/drivers.hpp"
#include "model/inventory.hpp"
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

// The function has the driver that is wished for it.
[[nodiscard]] inline bool has_right_driver(const model::DesiredVf& wish, const model::PciFunction& function) {
  if (wish.device_type == model::DeviceType::vfio_pci) return function.driver == "vfio-pci";
  return function.driver && (wish.only_if_unbound || !model::is_user_space_driver(*function.driver));
}

}  // namespace nic::core
