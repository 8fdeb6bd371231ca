// A document that somebody else wrote, YAML or JSON, as a tree in which every value knows its place. Thread: any
// (values).
#pragma once

#include "config/ascii_text.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nic::config {

inline constexpr std::size_t kMostNodes = 300'000;
inline constexpr std::size_t kDeepest = 32;

struct Node {
  enum class Kind : std::uint8_t { null, boolean, number, text, list, map };  // YAML 1.2 core schema; number: any

  Kind kind{Kind::null};
  Position at;
  std::string text;         // of a scalar, as written (quotes and escapes undone)
  std::string key;          // of a member of a map, unique there unless the reader was told otherwise
  Position key_at;          // where the key stands; the node itself elsewhere
  std::vector<Node> items;  // of a list or a map, in the order of the text

  [[nodiscard]] const Node* member(std::string_view name) const;
  // Null, an empty text, list or map: what Kubernetes takes for not being there.
  [[nodiscard]] bool empty() const;
};

struct Unreadable {
  Position at;
  std::string why;
};

}  // namespace nic::config
