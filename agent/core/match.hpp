// Which functions a selector means. Pure. OR inside a list, AND across lists; an empty list is no constraint. PCI
// addresses and ids are compared by value. A PF is never matched by a resource's pf_names or root_devices: these name
// its VFs and scalable functions.
#pragma once

#include "model/config.hpp"
#include "model/inventory.hpp"

#include <optional>
#include <string>
#include <vector>

namespace nic::core {

// A policy's selectors on a PF: nullopt when it is not meant; else the VF ranges it names (empty: all VFs).
[[nodiscard]] std::optional<std::vector<model::IndexRange>> match_pf(const model::Selectors& selectors,
                                                                     const model::PciFunction& pf,
                                                                     const model::Inventory& inventory);

// The link of its interface, of its RDMA ports, of its PF, or what its PCI class says.
[[nodiscard]] model::LinkType link_type_of(const model::PciFunction& function, const model::Inventory& inventory);

// The interfaces that a PF is called by: in switchdev mode its uplink, else all of its own.
[[nodiscard]] std::vector<const model::NetDevice*> uplinks_of(const model::PciFunction& pf,
                                                              const model::Inventory& inventory);

// match_resource.cpp: why a resource's selectors do not take a function; nullopt when they do. Names of PFs are
// compared as sriov-network-device-plugin does, without regard to case; a function with several interfaces is matched
// by any of them; what only its driver shows (an RDMA device that moved into a pod) counts as being there.
[[nodiscard]] std::optional<std::string> mismatch(const model::Selectors& selectors, const model::PciFunction& function,
                                                  const model::Inventory& inventory);
// The same of a scalable function: ids and driver are those of the function that it stands on, which counts as its PF,
// and ranges are of its number (sfnum).
[[nodiscard]] std::optional<std::string> mismatch(const model::Selectors& selectors, const model::PciFunction& parent,
                                                  const model::AuxiliaryDevice& device,
                                                  const model::Inventory& inventory);

}  // namespace nic::core
