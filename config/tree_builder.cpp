#include "config/tree_builder.hpp"

#include <fmt/format.h>

namespace nic::config {

void TreeBuilder::key(Position at, const std::string& name) {
  if (keys_ == Keys::unique && !open_.back().keys.insert(name).second)
    throw Unreadable{at, fmt::format("the key \"{}\" stands here twice", name.substr(0, 64))};
  open_.back().key.emplace(name, at);
}

void TreeBuilder::scalar(Position at, Node::Kind kind, std::string text) {
  Node node = make(at, kind);
  node.text = std::move(text);
  add(std::move(node));
}

void TreeBuilder::open(Position at, Node::Kind kind) {
  if (open_.size() >= kDeepest) throw Unreadable{at, fmt::format("it is nested deeper than {} levels", kDeepest)};
  if (awaits_key()) throw Unreadable{at, "a key must be a text"};
  open_.push_back({make(at, kind)});
}

void TreeBuilder::close() {
  Node node = std::move(open_.back().node);
  open_.pop_back();
  add(std::move(node));
}

Node TreeBuilder::make(Position at, Node::Kind kind) {
  if (++nodes_ > kMostNodes) throw Unreadable{at, fmt::format("there are more than {} values in it", kMostNodes)};
  Node node;
  node.kind = kind;
  node.at = node.key_at = at;
  return node;
}

void TreeBuilder::add(Node node) {
  if (awaits_key()) throw Unreadable{node.at, "a key must be a text"};
  if (open_.empty()) {
    if (node.kind != Node::Kind::null) documents_.push_back(std::move(node));
    return;
  }
  auto& parent = open_.back();
  if (auto key = std::exchange(parent.key, std::nullopt)) {
    node.key = std::move(key->first);
    node.key_at = key->second;
  }
  parent.node.items.push_back(std::move(node));
}

}  // namespace nic::config
