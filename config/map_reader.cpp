#include "config/map_reader.hpp"

#include "config/fields.hpp"
#include "config/words.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace nic::config {
namespace {

std::vector<std::string_view> names_of(std::string_view object) {
  std::vector<std::string_view> names;
  for (const auto& field : kFields)
    if (field.object == object) names.push_back(field.name);
  return names;
}

const Field* field_of(std::string_view object, std::string_view name) {
  const auto found =
      std::ranges::find_if(kFields, [&](const Field& field) { return field.object == object && field.name == name; });
  return found == kFields.end() ? nullptr : &*found;
}

// A field that is there and asks for what is so anyway.
bool asks_for_nothing(const Node& node) {
  return node.empty() || (node.kind == Node::Kind::boolean && (node.text[0] == 'f' || node.text[0] == 'F'));
}

std::string_view word(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::boolean: return "true or false";
    case Node::Kind::number: return "a number";
    case Node::Kind::text: return "a text";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a map of fields";
  }
  std::unreachable();
}

}  // namespace

MapReader::MapReader(const Node& map, std::string_view object, Findings& findings, std::string path)
    : map_{map}, object_{object}, findings_{findings}, path_{std::move(path)} {
  if (map.kind == Node::Kind::map) {
    check_names();
    return;
  }
  const std::string_view name = map.key.empty() ? "this" : std::string_view{map.key};
  findings.mistake(map.key_at, fmt::format("{} must be a map of fields", path_.empty() ? name : path_));
}

std::string MapReader::full_name(std::string_view name) const {
  return path_.empty() ? std::string{name} : fmt::format("{}.{}", path_, name);
}

void MapReader::check_names() const {
  for (const Node& item : map_.items) {
    const Field* field = field_of(object_, item.key);
    if (field == nullptr) {
      const auto near = nearest(item.key, names_of(object_));
      auto what = fmt::format("unknown field \"{}\"{}", full_name(item.key.substr(0, 64)),
                              near ? fmt::format("; did you mean \"{}\"?", *near) : "");
      if (findings_.of_plugin)
        findings_.warn(item.key_at, std::move(what));
      else
        findings_.mistake(item.key_at, std::move(what));
    } else if (field->fate == Fate::not_taken && !asks_for_nothing(item)) {
      findings_.warn(item.key_at, fmt::format("{}: not taken over: {}", full_name(item.key), field->why));
    }
  }
}

const Node* MapReader::find(std::string_view name) const {
  const Node* node = map_.member(name);
  return node == nullptr || node->empty() ? nullptr : node;
}

const Node* MapReader::find(std::string_view name, Node::Kind kind) const {
  const Node* node = map_.member(name);
  if (node == nullptr || !node->empty()) return node;
  if (findings_.of_plugin && node->kind != Node::Kind::null && node->kind != kind) wrong_type(*node, name, word(kind));
  return nullptr;
}

Position MapReader::position_of(std::string_view name) const {
  const Node* node = map_.member(name);
  return node == nullptr ? map_.key_at : node->key_at;
}

void MapReader::wrong_type(const Node& node, std::string_view name, std::string_view wanted) const {
  findings_.mistake(node.at, fmt::format("{} must be {}", full_name(name), wanted));
}

const Node* MapReader::map(std::string_view name) const {
  const Node* node = find(name, Node::Kind::map);
  if (node == nullptr || node->kind == Node::Kind::map) return node;
  wrong_type(*node, name, word(Node::Kind::map));
  return nullptr;
}

const std::vector<Node>& MapReader::list(std::string_view name) const {
  static const std::vector<Node> none;
  const Node* node = find(name, Node::Kind::list);
  if (node == nullptr) return none;
  if (node->kind == Node::Kind::list) return node->items;
  wrong_type(*node, name, word(Node::Kind::list));
  return none;
}

std::optional<bool> MapReader::boolean(std::string_view name) const {
  const Node* node = find(name, Node::Kind::boolean);
  if (node == nullptr) return std::nullopt;
  if (node->kind == Node::Kind::boolean) return node->text[0] == 't' || node->text[0] == 'T';
  wrong_type(*node, name, word(Node::Kind::boolean));
  return std::nullopt;
}

std::optional<unsigned> MapReader::number(std::string_view name, unsigned least, unsigned most) const {
  const Node* node = find(name, Node::Kind::number);
  if (node == nullptr) return std::nullopt;
  const std::string& text = node->text;
  const bool octal = text.size() > 1 && text.front() == '0';  // to YAML 1.1, in which Kubernetes reads
  unsigned value{};
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (node->kind == Node::Kind::number && !octal && failure == std::errc{} && stop == text.data() + text.size() &&
      value >= least && value <= most)
    return value;
  wrong_type(*node, name, fmt::format("a whole number from {} to {}", least, most));
  return std::nullopt;
}

void MapReader::require(std::string_view name) const {
  if (!has(name)) findings_.mistake(position_of(name), fmt::format("{} is missing", full_name(name)));
}

void MapReader::refuse(std::string_view name, std::string_view why) const {
  findings_.mistake(position_of(name), fmt::format("{}: {}", full_name(name), why));
}

void MapReader::warn(std::string_view name, std::string_view what) const {
  findings_.warn(position_of(name), fmt::format("{}: {}", full_name(name), what));
}

void MapReader::note(std::string_view name, std::string_view what) const {
  findings_.note(position_of(name), fmt::format("{}: {}", full_name(name), what));
}

}  // namespace nic::config
