#include "config/import/document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <unordered_set>
#include <utility>

namespace nic::config {
namespace {

using Kind = Node::Kind;

Position position(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1};
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

bool all_in(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

constexpr std::string_view kDigits = "0123456789";

// "12", "1.5", ".5", "-1e3": sign, digits with one dot, exponent.
bool is_decimal(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const auto exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    auto power = text.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (!all_in(power, kDigits)) return false;
    text = text.substr(0, exponent);
  }
  const auto dot = text.find('.');
  const auto whole = text.substr(0, dot);
  const auto part = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  return (!whole.empty() || !part.empty()) && (whole.empty() || all_in(whole, kDigits)) &&
         (part.empty() || all_in(part, kDigits));
}

// What a scalar without quotes is. Source: YAML 1.2.2, 10.3.2 "Tag Resolution" of the core schema.
Kind kind_of_plain(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return Kind::null;
  if (is_one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) return Kind::boolean;
  if (text.starts_with("0x") && all_in(text.substr(2), "0123456789abcdefABCDEF")) return Kind::number;
  if (text.starts_with("0o") && all_in(text.substr(2), "01234567")) return Kind::number;
  const auto unsigned_text = text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
  if (is_one_of(unsigned_text, {".inf", ".Inf", ".INF"}) || is_one_of(text, {".nan", ".NaN", ".NAN"}))
    return Kind::number;
  return is_decimal(text) ? Kind::number : Kind::text;
}

// Builds the tree from the parser's events. What it does not take it throws as Unreadable, through the parser.
class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override { open_.clear(); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(make(mark, Kind::null)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Unreadable{position(mark), "aliases (\"*name\") are not taken: write out what is meant"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    if (!is_one_of(tag, {"", "?", "!", "tag:yaml.org,2002:str"}))
      throw Unreadable{position(mark), "tags (\"!name\") are not taken: put a text into quotation marks"};
    const bool plain = is_one_of(tag, {"", "?"});
    if (awaits_key()) return take_key(mark, value);
    Node node = make(mark, plain ? kind_of_plain(value) : Kind::text);
    node.text = value;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(mark, Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(mark, Kind::map);
  }
  void OnMapEnd() override { close(); }

  std::vector<Node> documents;

 private:
  struct Open {
    Node node;
    std::optional<std::pair<std::string, Position>> key{};  // of a map: what its next member is called
    std::unordered_set<std::string> keys{};
  };

  [[nodiscard]] bool awaits_key() const {
    return !open_.empty() && open_.back().node.kind == Kind::map && !open_.back().key;
  }

  void take_key(const YAML::Mark& mark, const std::string& key) {
    if (!open_.back().keys.insert(key).second)
      throw Unreadable{position(mark), fmt::format("the key \"{}\" stands here twice", key.substr(0, 64))};
    open_.back().key.emplace(key, position(mark));
  }

  Node make(const YAML::Mark& mark, Kind kind) {
    if (++nodes_ > kMostNodes)
      throw Unreadable{position(mark), fmt::format("there are more than {} values in it", kMostNodes)};
    Node node;
    node.kind = kind;
    node.at = node.key_at = position(mark);
    return node;
  }

  void open(const YAML::Mark& mark, Kind kind) {
    if (open_.size() >= kDeepest)
      throw Unreadable{position(mark), fmt::format("it is nested deeper than {} levels", kDeepest)};
    if (awaits_key()) throw Unreadable{position(mark), "a key must be a text"};
    open_.push_back({make(mark, kind)});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (awaits_key()) throw Unreadable{node.at, "a key must be a text"};
    if (open_.empty()) {
      if (node.kind != Kind::null) documents.push_back(std::move(node));
      return;
    }
    auto& parent = open_.back();
    if (auto key = std::exchange(parent.key, std::nullopt)) {
      node.key = std::move(key->first);
      node.key_at = key->second;
    }
    parent.node.items.push_back(std::move(node));
  }

  std::vector<Open> open_;
  std::size_t nodes_{0};
};

Position position_at(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto line = static_cast<unsigned>(std::ranges::count(before, '\n'));
  const auto begin = line == 0 ? 0 : before.rfind('\n') + 1;
  return {line + 1, static_cast<unsigned>(offset - begin) + 1};
}

// YAML allows no others, and yaml-cpp would take one of them for the end of the text.
std::optional<Position> control_character(std::string_view text) {
  const auto found = std::ranges::find_if(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
  });
  if (found == text.end()) return std::nullopt;
  return position_at(text, static_cast<std::size_t>(found - text.begin()));
}

}  // namespace

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

std::expected<std::vector<Node>, Unreadable> read_documents(std::string_view text) {
  if (text.size() > kMostDocumentBytes)
    return std::unexpected(Unreadable{{}, fmt::format("it is larger than {} bytes", kMostDocumentBytes)});
  if (const auto at = control_character(text))
    return std::unexpected(Unreadable{*at, "a control character, which neither YAML nor JSON may have"});
  std::istringstream stream{std::string{text}};
  Builder builder;
  try {
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (Unreadable& refused) {
    return std::unexpected(std::move(refused));
  } catch (const YAML::Exception& error) {
    return std::unexpected(Unreadable{position(error.mark), error.msg});
  }
  return std::move(builder.documents);
}

}  // namespace nic::config
