// What has to be said on the bus when one view follows another. Thread: any (pure).
#pragma once

#include "dbus/view.hpp"

#include <string>
#include <vector>

namespace nic::dbus {

// Interfaces of one object that came or went together.
struct Interfaces {
  std::string path;
  std::vector<const char*> names;
};

// Properties of one interface of one object that changed: one signal.
struct ChangedProperties {
  std::string path;
  const char* interface;
  std::vector<const char*> names;
};

// Removals are said before additions: an object whose identity changed (another card in the slot) is in both.
struct Changes {
  std::vector<Interfaces> removed, added;
  std::vector<ChangedProperties> changed;
  [[nodiscard]] bool empty() const { return removed.empty() && added.empty() && changed.empty(); }
};

[[nodiscard]] Changes changes(const View& before, const View& after);

}  // namespace nic::dbus
