// The command line of nicctl(1): options, commands, exit codes. Thread: one.
#pragma once

#include "ctl/client.hpp"
#include "ctl/terminal.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace nic::ctl {

// `arguments` without the program's name. SIGINT and SIGTERM must be blocked by the caller: watch waits for them.
[[nodiscard]] Exit run(std::vector<std::string> arguments, const Style& style, std::ostream& out, std::ostream& err);

}  // namespace nic::ctl
