// Which out-of-tree RDMA stack the user space of this machine belongs to.
// Thread: any; reads one file. Source: ofed_info(1), a script that prints the version that stands in it.
#pragma once

#include "model/roots.hpp"

#include <string>
#include <string_view>

namespace nic::kmod {

// "MLNX_OFED_LINUX-24.10-0.7.0.0", "OFED-internal-24.10-0.7.0", "DOCA-..."; "" where none stands in the text.
[[nodiscard]] std::string stack_in(std::string_view ofed_info);
// Of this machine; "" where it is the distribution's.
[[nodiscard]] std::string user_space_stack(const model::Roots& roots);

}  // namespace nic::kmod
