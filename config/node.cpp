#include "config/node.hpp"

#include <algorithm>
#include <utility>

namespace nic::config {

const Node* Node::member(std::string_view name) const {
  if (kind != Kind::map) return nullptr;
  const auto found = std::ranges::find(items, name, &Node::key);
  return found == items.end() ? nullptr : &*found;
}

bool Node::empty() const {
  switch (kind) {
    case Kind::null: return true;
    case Kind::boolean:
    case Kind::number: return false;
    case Kind::text: return text.empty();
    case Kind::list:
    case Kind::map: return items.empty();
  }
  std::unreachable();
}

}  // namespace nic::config
