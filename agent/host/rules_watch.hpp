// Tells when somebody changes or removes the agent's udev rules, which no kernel event does. Thread: the loop's;
// nothing here blocks. Source: inotify(7).
#pragma once

#include "loop/loop.hpp"
#include "model/dirty.hpp"
#include "model/pci_address.hpp"
#include "model/roots.hpp"

#include <systemd/sd-event.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

namespace nic::host {

class RulesWatch {
 public:
  // Without udev there are no rules, and nothing is told.
  RulesWatch(sd_event* event, const model::Roots& roots, std::function<void(const model::Dirty&)> changed);
  RulesWatch(const RulesWatch&) = delete;
  RulesWatch& operator=(const RulesWatch&) = delete;

 private:
  void watch_rules();
  void tell(std::string_view name);

  sd_event* event_;
  std::filesystem::path folder_;
  std::function<void(const model::Dirty&)> changed_;
  std::optional<loop::DirectoryWatch> rules_, above_;  // the folder may come later, with the first rules of anybody
};

// The PF whose rules are in a file of this name.
[[nodiscard]] std::optional<model::PciAddress> pf_of_rules(std::string_view name);

}  // namespace nic::host
