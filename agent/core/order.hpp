// Kernel knowledge that planning needs, as tables: what a driver's VF creation disturbs, which driver its VFs get,
// when a VF has the right one, whether VFs or the eswitch mode come first.
#pragma once

#include "model/desired.hpp"
#include "model/drivers.hpp"
#include "model/inventory.hpp"
#include "model/plan.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace nic::core {

// When a driver switches the mode of its eswitch.
enum class EswitchOrder : std::uint8_t {
  none,        // it has no eswitch for devlink
  before_vfs,  // only while there are no VFs
  after_vfs,   // when the VFs are there, unbound; VFs are made in legacy mode
};

struct DriverFacts {
  std::string_view pf_driver;
  std::string_view vf_driver;
  // What the PF's own traffic notices when VFs are made where there were none. igb, ixgbe and i40e reset the port
  // (drivers/net/ethernet/intel/*/…_sriov_configure); mlx5 adds vports beside the running one.
  model::Disruption first_vfs;
  // ice answers EOPNOTSUPP while there are VFs (ice_eswitch_mode_set), bnxt_en before Linux 6.8 EPERM while there are
  // none (bnxt_dl_eswitch_mode_set); mlx5 makes representors for the VFs that are there.
  EswitchOrder eswitch;
  std::string_view rdma_module;  // makes RDMA devices of its functions; "" where there is none
  std::string_view vdpa_module;  // makes vDPA devices of its VFs
};

inline constexpr std::array kDriverFacts{
    DriverFacts{"mlx5_core", "mlx5_core", model::Disruption::live, EswitchOrder::after_vfs, "mlx5_ib", "mlx5_vdpa"},
    DriverFacts{"igb", "igbvf", model::Disruption::pf_disruptive, EswitchOrder::none, "", ""},
    DriverFacts{"ixgbe", "ixgbevf", model::Disruption::pf_disruptive, EswitchOrder::none, "", ""},
    DriverFacts{"i40e", "iavf", model::Disruption::pf_disruptive, EswitchOrder::none, "irdma", ""},
    DriverFacts{"ice", "iavf", model::Disruption::pf_disruptive, EswitchOrder::before_vfs, "irdma", ""},
    DriverFacts{"bnxt_en", "bnxt_en", model::Disruption::pf_disruptive, EswitchOrder::after_vfs, "bnxt_re", ""},
};

// A driver that is not in the table is taken to disturb its PF, to drive its own VFs, and to want its mode before them.
[[nodiscard]] constexpr DriverFacts driver_facts(std::string_view pf_driver) {
  for (const auto& facts : kDriverFacts)
    if (facts.pf_driver == pf_driver) return facts;
  return {pf_driver, pf_driver, model::Disruption::pf_disruptive, EswitchOrder::before_vfs, "", ""};
}

// Drivers that make their VFs when they are loaded, by module parameters: sriov_numvfs answers ENOENT with them
// (drivers/net/ethernet/mellanox/mlx4/main.c has no sriov_configure).
[[nodiscard]] constexpr bool makes_vfs_by_parameters(std::string_view pf_driver) { return pf_driver == "mlx4_core"; }

// What is wished to be bound to a VF, for people.
[[nodiscard]] inline std::string_view wanted_driver(const model::DesiredVf& wish) {
  return wish.no_driver ? "none" : word(wish.device_type);
}

// The function has the driver that is wished for it.
[[nodiscard]] inline bool has_right_driver(const model::DesiredVf& wish, const model::PciFunction& function) {
  if (wish.no_driver) return !function.driver;
  if (wish.device_type == model::DeviceType::vfio_pci) return function.driver == "vfio-pci";
  return function.driver && (wish.only_if_unbound || !model::is_user_space_driver(*function.driver));
}

}  // namespace nic::core
