#include "config/import/document.hpp"

#include "config/tree_builder.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>

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

// Hands the parser's events on, with the places and kinds that they have in YAML.
class Events final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override { tree.begin_document(); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { tree.scalar(position(mark), Kind::null); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Unreadable{position(mark), "aliases (\"*name\") are not taken: write out what is meant"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    if (!is_one_of(tag, {"", "?", "!", "tag:yaml.org,2002:str"}))
      throw Unreadable{position(mark), "tags (\"!name\") are not taken: put a text into quotation marks"};
    const bool plain = is_one_of(tag, {"", "?"});
    if (tree.awaits_key()) return tree.key(position(mark), value);
    tree.scalar(position(mark), plain ? kind_of_plain(value) : Kind::text, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    tree.open(position(mark), Kind::list);
  }
  void OnSequenceEnd() override { tree.close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    tree.open(position(mark), Kind::map);
  }
  void OnMapEnd() override { tree.close(); }

  TreeBuilder tree;
};

// YAML allows no others, and yaml-cpp would take one of them for the end of the text.
std::optional<Position> control_character(std::string_view text) {
  const auto found = std::ranges::find_if(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
  });
  if (found == text.end()) return std::nullopt;
  return position_behind(text.substr(0, static_cast<std::size_t>(found - text.begin())));
}

}  // namespace

std::expected<std::vector<Node>, Unreadable> read_documents(std::string_view text) {
  if (text.size() > kMostDocumentBytes)
    return std::unexpected(Unreadable{{}, fmt::format("it is larger than {} bytes", kMostDocumentBytes)});
  if (const auto at = control_character(text))
    return std::unexpected(Unreadable{*at, "a control character, which neither YAML nor JSON may have"});
  std::istringstream stream{std::string{text}};
  Events events;
  try {
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(events)) {
    }
  } catch (Unreadable& refused) {
    return std::unexpected(std::move(refused));
  } catch (const YAML::Exception& error) {
    return std::unexpected(Unreadable{position(error.mark), error.msg});
  }
  return events.tree.take_documents();
}

}  // namespace nic::config
