// Link aggregation in the card. Pure. mlx5 makes one RDMA device of both PFs of a card that are ports of one bond, and
// gives it up when one of them gets VFs in legacy mode. Source: drivers/net/ethernet/mellanox/mlx5/core/lag/lag.c
// (mlx5_lag_check_prereq).
#pragma once

#include "model/inventory.hpp"

namespace nic::core {

[[nodiscard]] bool aggregates_in_card(const model::PciFunction& pf, const model::Inventory& inventory);

}  // namespace nic::core
