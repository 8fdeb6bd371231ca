// A machine of a given size for benchmarks: PFs with 15 VFs each (16 functions a PF), an RDMA device on every PF.
#pragma once

#include "core/predict.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"

#include <fmt/format.h>

namespace nic::test {

struct Fleet {
  model::Inventory inventory;
  model::Config config;
};

// `functions` is a multiple of 16. Without `made`, the VFs are still to be created.
inline Fleet fleet(unsigned functions, bool made) {
  Fleet result;
  Host host;
  model::SriovPolicy policy = test::policy("all", {}, 15);
  policy.selectors.vendors = {0x8086};
  policy.groups = {vfio({{0, 7}})};
  for (unsigned pf = 0; pf < functions / 16; ++pf)
    host.pf(fmt::format("{:04x}:01:00.0", pf), fmt::format("ens{}", pf), 16, "mlx5_core")
        .rxe(fmt::format("mlx5_{}", pf), fmt::format("ens{}", pf));
  host.module("vfio_pci");
  result.inventory = host;
  if (made)
    for (unsigned pf = 0; pf < functions / 16; ++pf) {
      const auto address = pci(fmt::format("{:04x}:01:00.0", pf));
      core::predict(result.inventory, model::SetNumVfs{address, 0, 15});
      const auto virtfns = result.inventory.functions.at(address).sriov->virtfns;
      for (const auto& [index, vf] : virtfns)
        core::predict(
            result.inventory,
            model::BindDriver{vf, index, index < 8 ? model::DeviceType::vfio_pci : model::DeviceType::netdevice, {}});
    }
  model::Selectors dpdk;
  dpdk.drivers = {"vfio-pci"};
  model::Selectors rdma;
  rdma.is_rdma = true;
  result.config.policies = {policy};
  result.config.resources = {shared("example.com/rdma", 1000, rdma), exclusive("example.com/dpdk", dpdk)};
  return result;
}

}  // namespace nic::test
