// The VFs in a record of ownership. Internal to apply/: see owned_text.hpp. Thread: any (pure).
#pragma once

#include "apply/json_members.hpp"
#include "model/owned.hpp"

#include <optional>

namespace nic::apply {

[[nodiscard]] Json to_json(const model::FoundVfs& vfs);
// Nullopt: damaged. No value at all is a record without VFs.
[[nodiscard]] std::optional<model::FoundVfs> found_vfs(const Json* value);

}  // namespace nic::apply
