// Which functions a selector means. Pure. OR inside a list, AND across lists; names are compared exactly, PCI
// addresses and ids by value. A PF is never matched by a resource's pf_names or root_devices: these name its VFs.
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

// Why a resource's selectors do not take a function; nullopt when they do.
[[nodiscard]] std::optional<std::string> mismatch(const model::Selectors& selectors, const model::PciFunction& function,
                                                  const model::Inventory& inventory);

}  // namespace nic::core
