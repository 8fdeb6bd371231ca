// Looking at the machine: kernel facts into a model::Inventory.
// Thread: an observer thread; observe() BLOCKS (files, netlink). It never takes a PCI device lock, which a running
// sriov_numvfs write or driver probe holds for seconds: so sriov_numvfs, driver_override, uevent and vpd are not read.
// devlink's own lock is held as long: PFs that are `busy` with a step keep the eswitch mode that they had.
// Errors: none as a whole. What could not be read stands in `problems` of the function or of the inventory; what
// vanished while it was being read is simply not there.
#pragma once

#include "host/netlink_facts.hpp"
#include "model/dirty.hpp"
#include "model/inventory.hpp"
#include "model/roots.hpp"

#include <set>

namespace nic::host {

// What is dirty is read again, all else is kept from `previous`. A dirty VF brings its PF along and a PF its VFs.
[[nodiscard]] model::Inventory observe(const model::Roots& roots, const model::Inventory& previous,
                                       const model::Dirty& dirty, const std::set<model::PciAddress>& busy = {});
// The same with the netlink facts from elsewhere.
[[nodiscard]] model::Inventory observe(const model::Roots& roots, const NetlinkSource& netlink,
                                       const model::Inventory& previous, const model::Dirty& dirty,
                                       const std::set<model::PciAddress>& busy = {});

}  // namespace nic::host
