// Which devices belong to which resource now, and why the others do not. Pure.
// Rules (nic-agent.toml(5), section "Resources"): exclusive resources are asked in the order of the configuration, and
// the first one whose selectors match a device has it; a shared resource takes every matched function that has an RDMA
// device, also one that another resource has, and an exclusive one that has it too, or a part of it, gets a warning.
// A device that a plan still has to touch is not offered.
#pragma once

#include "core/protect.hpp"
#include "model/snapshot.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::core {

// As the machine is at this moment: what has been before is device_health.hpp's.
[[nodiscard]] std::vector<model::Pool> pools(const model::Config& config, const model::Inventory& inventory,
                                             const model::Plan& plan);

// What an exclusive resource is asked about: a PCI function, or a scalable function on it.
struct Candidate {
  const model::PciFunction* function{nullptr};
  const model::AuxiliaryDevice* auxiliary{nullptr};

  [[nodiscard]] std::string id() const;
};

// In the order in which devices are listed: by address, then by number.
[[nodiscard]] std::vector<Candidate> candidates(model::DeviceClass device_class, const model::Inventory& inventory);
// What the host itself needs.
struct HostNeeds {
  Protection functions;
  std::map<unsigned, std::string> interfaces;  // by ifindex
};
[[nodiscard]] HostNeeds host_needs(const model::Inventory& inventory, const Listed& listed);
// Why an exclusive resource is not asked about it at all: it has VFs, or the host needs it.
[[nodiscard]] std::optional<std::string> no_candidate(const model::Resource& resource, const Candidate& candidate,
                                                      const model::Inventory& inventory, const HostNeeds& needs);
// Which of the resource's selectors takes it, from 0; else why the first one does not.
struct Selected {
  std::optional<unsigned> selector;
  std::string mismatch;
};
[[nodiscard]] Selected selected(const model::Resource& resource, const Candidate& candidate,
                                const model::Inventory& inventory);

// Devices in the order in which they are listed.
[[nodiscard]] bool listed_before(const model::PoolDevice& a, const model::PoolDevice& b);

// explain.cpp: why a function, or the auxiliary device of that name on it, is or is not in a resource, in sentences;
// `pool` must be one of the snapshot's.
[[nodiscard]] std::string explain(const model::Snapshot& snapshot, const model::PciAddress& function,
                                  const model::Pool& pool, std::string_view auxiliary = {});

}  // namespace nic::core
