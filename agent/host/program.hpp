// A program run to its end, with a deadline. Thread: a worker; blocks. Source: posix_spawn(3), pidfd_open(2).
#pragma once

#include "model/error.hpp"

#include <chrono>
#include <expected>
#include <string>
#include <vector>

namespace nic::host {

// By its absolute path, without input, its output thrown away. An exit status other than 0 is Code::internal; one that
// is not over in time is killed: Code::timed_out.
[[nodiscard]] std::expected<void, model::Error> run_program(const std::vector<std::string>& command,
                                                            std::chrono::milliseconds deadline);

}  // namespace nic::host
