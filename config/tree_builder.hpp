// Builds the tree of a document from a parser's events; it grows no larger and no deeper than the limits of node.hpp.
// Thread: any. What it does not take it throws as Unreadable: it is called back through parsers of others.
#pragma once

#include "config/node.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace nic::config {

// What becomes of a key that stands twice in a map: it is refused, or both members are kept.
enum class Keys : std::uint8_t { unique, all };

class TreeBuilder {
 public:
  explicit TreeBuilder(Keys keys = Keys::unique) : keys_{keys} {}
  // The next value is the key of a member.
  [[nodiscard]] bool awaits_key() const {
    return !open_.empty() && open_.back().node.kind == Node::Kind::map && !open_.back().key;
  }
  void key(Position at, const std::string& name);
  void scalar(Position at, Node::Kind kind, std::string text = {});
  void open(Position at, Node::Kind kind);  // a list or a map
  void close();
  // What was left open before belongs to no document.
  void begin_document() { open_.clear(); }
  // Those that hold something.
  [[nodiscard]] std::vector<Node> take_documents() { return std::move(documents_); }

 private:
  struct Open {
    Node node;
    std::optional<std::pair<std::string, Position>> key{};  // of a map: what its next member is called
    std::unordered_set<std::string> keys{};
  };
  Node make(Position at, Node::Kind kind);
  void add(Node node);

  Keys keys_;
  std::vector<Open> open_;
  std::vector<Node> documents_;
  std::size_t nodes_{0};
};

}  // namespace nic::config
