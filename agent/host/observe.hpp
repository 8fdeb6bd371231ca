// The inventory of the machine. Thread: any worker; BLOCKING (sysfs, netlink dumps). Never fails as a whole: what
// cannot be read stands in `problems`, what vanished between two reads is absent. Only what is dirty is read again.
#pragma once

#include "host/netlink_facts.hpp"
#include "model/dirty.hpp"
#include "model/inventory.hpp"
#include "model/roots.hpp"

namespace nic::host {

[[nodiscard]] model::Inventory observe(const model::Roots& roots, const NetlinkSource& netlink,
                                       const model::Inventory& previous, const model::Dirty& dirty);

[[nodiscard]] inline model::Inventory observe(const model::Roots& roots, const model::Inventory& previous,
                                              const model::Dirty& dirty) {
  return observe(roots, netlink_of(roots), previous, dirty);
}

// The parts, each in the file of its kernel interface.
[[nodiscard]] std::vector<model::NetDevice> join_net_devices(const model::Roots& roots, std::vector<Link> links);
[[nodiscard]] std::vector<model::RdmaDevice> read_rdma_devices(const model::Roots& roots, const RdmaFacts& facts);
[[nodiscard]] std::optional<model::CharDevice> read_rdma_cm(const model::Roots& roots);
[[nodiscard]] std::vector<model::LoadedModule> read_modules(const model::Roots& roots);
// A software device belongs to the function under the interface of its port.
void tie_software_rdma(model::Inventory& inventory);

}  // namespace nic::host
