// What was given, as text that outlives the agent. Pure.
#pragma once

#include "kubelet/container_files.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace nic::kubelet {

[[nodiscard]] std::string to_text(const Given& given);  // JSON
// nullopt for what to_text did not write. Nodes come back with their paths alone.
[[nodiscard]] std::optional<Given> parse_given(std::string_view text);

}  // namespace nic::kubelet
