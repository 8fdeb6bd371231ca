// The keys that policies and their groups share: what the PF is told of its VFs. Internal to config/.
#pragma once

#include "config/table_reader.hpp"

namespace nic::config {

[[nodiscard]] model::VfOptions vf_options(TableReader& reader);

}  // namespace nic::config
