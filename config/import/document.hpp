// YAML 1.2 or JSON text, from anybody, as a tree in which every node knows its place. JSON is read as the YAML that it
// is. Pure. Thread: any. No aliases, no tags but !!str, no keys but texts: none of them is in what Kubernetes prints,
// and so nothing can grow larger than the text.
#pragma once

#include "config/node.hpp"

#include <expected>
#include <string_view>
#include <vector>

namespace nic::config {

inline constexpr std::size_t kMostDocumentBytes = 4U << 20U;

// The documents of a text that hold something.
[[nodiscard]] std::expected<std::vector<Node>, Unreadable> read_documents(std::string_view text);

}  // namespace nic::config
