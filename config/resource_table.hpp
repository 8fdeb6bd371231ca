// [[resource]] of a configuration, and the selectors that it has in common with policies. Thread: any.
#pragma once

#include "config/table_reader.hpp"
#include "model/config.hpp"

namespace nic::config {

[[nodiscard]] model::Resource resource(const toml::table& table, Mistakes& mistakes);

// vendors, devices, pf_names, root_devices, link_types.
[[nodiscard]] model::Selectors common_selectors(TableReader& reader);

}  // namespace nic::config
