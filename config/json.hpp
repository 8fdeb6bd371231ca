// JSON text, from anybody, as a tree in which every value knows its place. Pure. Thread: any. Source: RFC 8259; a key
// that stands twice in an object is refused, unless the caller wants to see both.
#pragma once

#include "config/node.hpp"
#include "config/tree_builder.hpp"

#include <expected>
#include <string_view>

namespace nic::config {

[[nodiscard]] std::expected<Node, Unreadable> read_json(std::string_view text, Keys keys = Keys::unique);

}  // namespace nic::config
