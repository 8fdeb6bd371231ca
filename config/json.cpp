#include "config/json.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace nic::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Walks the text for the parser and keeps how far it has come: the parser's events do not tell their places.
class Counting {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Counting(std::string_view::const_iterator at, std::size_t* read) : at_{at}, read_{read} {}
  reference operator*() const { return *at_; }
  Counting& operator++() {
    ++at_;
    ++*read_;
    return *this;
  }
  Counting operator++(int) {
    const Counting before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Counting& other) const { return at_ == other.at_; }

 private:
  std::string_view::const_iterator at_;
  std::size_t* read_;
};

// The parser's events with their places: a value begins behind the one before it, past blanks, commas and colons.
class Events final : public nlohmann::json::json_sax_t {
 public:
  Events(std::string_view text, Keys keys) : tree{keys}, text_{text} {}

  bool null() override { return scalar(Node::Kind::null); }
  bool boolean(bool on) override { return scalar(Node::Kind::boolean, on ? "true" : "false"); }
  bool number_integer(number_integer_t number) override { return scalar(Node::Kind::number, std::to_string(number)); }
  bool number_unsigned(number_unsigned_t number) override { return scalar(Node::Kind::number, std::to_string(number)); }
  bool number_float(number_float_t, const string_t& written) override { return scalar(Node::Kind::number, written); }
  bool string(string_t& value) override { return scalar(Node::Kind::text, value); }
  bool binary(binary_t&) override { return false; }  // is in no text
  bool start_object(std::size_t) override { return open(Node::Kind::map); }
  bool start_array(std::size_t) override { return open(Node::Kind::list); }
  bool key(string_t& name) override {
    tree.key(begin(), name);
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    const Position at = begin();
    throw Unreadable{at, "from here on it is no JSON" + mistaken_for()};
  }

  std::size_t read{0};
  TreeBuilder tree;

 private:
  bool scalar(Node::Kind kind, std::string text = {}) {
    tree.scalar(begin(), kind, std::move(text));
    return true;
  }
  bool open(Node::Kind kind) {
    tree.open(begin(), kind);
    return true;
  }
  bool close() {
    begin();
    tree.close();
    return true;
  }

  // What other languages have and JSON has not, where what was just read begins.
  [[nodiscard]] std::string mistaken_for() const {
    if (seen_ >= text_.size()) return ": it ends in the middle";
    const auto before = text_.substr(0, seen_).find_last_not_of(" \t\r\n");
    const bool comma = before != std::string_view::npos && text_[before] == ',';
    if (comma && (text_[seen_] == ']' || text_[seen_] == '}')) return ": a comma stands before the end";
    return text_[seen_] == '/' || text_[seen_] == '#' ? ": it has no comments" : "";
  }

  // Where what was just read begins.
  Position begin() {
    const auto first = std::min(text_.find_first_not_of(" \t\r\n,:", end_), text_.size());
    const auto step = position_behind(text_.substr(seen_, first - seen_));
    at_ = step.line == 1 ? Position{at_.line, at_.column + step.column - 1}
                         : Position{at_.line + step.line - 1, step.column};
    seen_ = first;
    end_ = std::max(read, first);
    return at_;
  }

  std::string_view text_;
  std::size_t end_{0};   // of what was read before
  std::size_t seen_{0};  // where `at_` is
  Position at_;
};

}  // namespace

std::expected<Node, Unreadable> read_json(std::string_view text, Keys keys) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Events events{text, keys};
  try {
    nlohmann::json::sax_parse(Counting{text.begin(), &events.read}, Counting{text.end(), &events.read}, &events);
  } catch (Unreadable& refused) {
    return std::unexpected(std::move(refused));
  }
  auto documents = events.tree.take_documents();
  if (documents.empty()) return Node{};
  return std::move(documents.front());
}

}  // namespace nic::config
