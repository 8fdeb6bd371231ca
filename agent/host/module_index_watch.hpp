// Tells when depmod(8) indexes the running kernel's modules anew, or somebody changes modprobe.d(5): what would load is
// another thing then, and no kernel event says so. Thread: the loop's; nothing here blocks. Source: inotify(7).
#pragma once

#include "loop/loop.hpp"
#include "model/roots.hpp"

#include <systemd/sd-event.h>

#include <functional>
#include <list>

namespace nic::host {

class ModuleIndexWatch {
 public:
  // A folder that is not there is not watched: a kernel without modules has none to tell of.
  ModuleIndexWatch(sd_event* event, const model::Roots& roots, std::function<void()> changed);
  ModuleIndexWatch(const ModuleIndexWatch&) = delete;
  ModuleIndexWatch& operator=(const ModuleIndexWatch&) = delete;

 private:
  std::function<void()> changed_;
  std::list<loop::DirectoryWatch> watches_;
};

}  // namespace nic::host
