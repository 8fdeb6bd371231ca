// Configuration files of the device plugins among the documents: as they are, or in the ConfigMap that the plugins'
// DaemonSets mount. Pure. Thread: any.
#pragma once

#include "config/map_reader.hpp"
#include "config/node.hpp"
#include "config/plugin_file.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace nic::config {

// Which file a text is; one that is no JSON, as long as it is plain what it was meant to be, too.
[[nodiscard]] std::optional<PluginForm> plugin_form_of(std::string_view text);

// The files in a ConfigMap; several of one plugin, of which a node has only one, are a mistake.
[[nodiscard]] std::vector<PluginDocument> plugins_in(const Node& config_map, std::string_view prefix,
                                                     Findings& findings);

}  // namespace nic::config
