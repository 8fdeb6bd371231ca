// What processes have open, as /proc shows it. Thread: a worker; blocking. Source: proc(5).
#pragma once

#include "model/roots.hpp"

#include <functional>
#include <string>

namespace nic::host {

// `each` is called for every descriptor of every process: its process id, and where its link points. Processes that end
// meanwhile, or that we may not look at, are passed over.
void for_each_open_file(const model::Roots& roots,
                        const std::function<void(const std::string& pid, const std::string& target)>& each);

// comm, in printable ASCII; "a process" where it is gone.
[[nodiscard]] std::string process_name(const model::Roots& roots, const std::string& pid);

}  // namespace nic::host
