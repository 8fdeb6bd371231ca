// The kernel modules that a configuration needs on this machine: those that it requires, and those without which a
// policy cannot be carried out. Pure.
#pragma once

#include "model/config.hpp"
#include "model/desired.hpp"
#include "model/inventory.hpp"

#include <string>
#include <vector>

namespace nic::core {

// The modules that the configuration names, sets taken apart.
[[nodiscard]] std::vector<model::RequiredModule> required_modules(const model::Config& config);

struct WantedModule {
  std::string name;  // in the kernel's spelling
  std::string why;   // "required by /etc/nic-agent/nic-agent.toml:3:1"

  bool operator==(const WantedModule&) const = default;
};

// Each once, in the order of the first that wants it.
[[nodiscard]] std::vector<WantedModule> wanted_modules(const model::Desired& desired,
                                                       const model::Inventory& inventory);

}  // namespace nic::core
