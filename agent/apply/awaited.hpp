// Modules that have just become live, until they have made of the machine's functions what they make: a driver's probe
// goes on after its module is loaded, and udev makes the nodes after that. Kernel events tell of each; the deadline is
// for what never comes.
// Thread: the loop's.
#pragma once

#include "core/bound.hpp"
#include "loop/loop.hpp"
#include "model/inventory.hpp"

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace nic::apply {

class Awaited {
 public:
  // `over` is called when the deadline has passed and something is missing still.
  Awaited(sd_event* event, std::chrono::microseconds patience, std::function<void()> over);

  // What is live now and was not before is waited for, anew with each module.
  void seen(const std::vector<model::LoadedModule>& before, const std::vector<model::LoadedModule>& now);
  // Modules of which nothing is missing are not waited for any more.
  void missing(const std::vector<core::Unmade>& unmade);
  [[nodiscard]] const std::set<std::string>& modules() const { return modules_; }

 private:
  std::chrono::microseconds patience_;
  std::set<std::string> modules_;
  loop::Timer deadline_;
};

}  // namespace nic::apply
