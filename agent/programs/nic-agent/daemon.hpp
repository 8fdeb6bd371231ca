// The daemon as a whole: the parts, wired. Thread: the caller's becomes the loop's.
#pragma once

#include "model/roots.hpp"

#include <string>

namespace nic::daemon {

struct Options {
  model::Roots roots;
  std::string bus_address;  // empty: the system bus
};

// Runs until SIGTERM or SIGINT; the process's exit status. Does not return when a kernel call hangs at the end: the
// process is left at once then, for a thread in an uninterruptible call cannot be waited for.
[[nodiscard]] int run(const Options& options);

}  // namespace nic::daemon
