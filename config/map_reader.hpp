// One map of a document read field by field: types are checked, mistakes and warnings are collected with their place,
// and fields that fields.hpp does not know are mistakes. Thread: any.
#pragma once

#include "config/node.hpp"
#include "model/config.hpp"
#include "model/error.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::config {

// Something that a person should know; it keeps nobody from going on.
struct Warning {
  model::Place place;
  std::string text;

  bool operator==(const Warning&) const = default;
};

// What is found out about one file.
struct Findings {
  std::string file;
  std::vector<model::Error> mistakes{};
  std::vector<Warning> warnings{};
  std::vector<Warning> notes{};  // less than a warning: nothing is wrong
  // As the device plugins read: a field that fields.hpp does not know is a warning, and a value that is there has to be
  // of the right type even if it is empty.
  bool of_plugin{false};

  [[nodiscard]] model::Place place(Position at) const { return {file, at.line, at.column}; }
  void mistake(Position at, std::string what) {
    mistakes.push_back({model::Code::invalid, 0, place(at).text(), "", std::move(what)});
  }
  void warn(Position at, std::string what) { warnings.push_back({place(at), std::move(what)}); }
  void note(Position at, std::string what) { notes.push_back({place(at), std::move(what)}); }
};

class MapReader {
 public:
  // `object` as in fields.hpp. A node that is no map has no fields, and that is a mistake. `path` is what messages call
  // it, "resourceList[1]"; without one they have the names of fields alone.
  MapReader(const Node& map, std::string_view object, Findings& findings, std::string path = {});

  [[nodiscard]] model::Place place() const { return findings_.place(map_.key_at); }
  // Empty values are as good as none.
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }

  [[nodiscard]] const Node* map(std::string_view name) const;
  [[nodiscard]] const std::vector<Node>& list(std::string_view name) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view name) const;
  [[nodiscard]] std::optional<unsigned> number(std::string_view name, unsigned least, unsigned most) const;
  template <class Parse>
  [[nodiscard]] auto text(std::string_view name, Parse parse) const {
    const Node* node = find(name, Node::Kind::text);
    return node == nullptr ? decltype(parsed(*node, name, parse)){} : parsed(*node, name, parse);
  }
  template <class Parse>
  [[nodiscard]] auto texts(std::string_view name, Parse parse) const {
    std::vector<typename decltype(parse(std::string_view{}))::value_type> all;
    for (const Node& node : list(name))
      if (auto value = parsed(node, name, parse)) all.push_back(std::move(*value));
    return all;
  }
  // Says that a field is missing, or that its value does not do.
  void require(std::string_view name) const;
  void refuse(std::string_view name, std::string_view why) const;
  void warn(std::string_view name, std::string_view what) const;
  void note(std::string_view name, std::string_view what) const;
  [[nodiscard]] std::string full_name(std::string_view name) const;

 private:
  [[nodiscard]] const Node* find(std::string_view name) const;
  [[nodiscard]] const Node* find(std::string_view name, Node::Kind kind) const;
  [[nodiscard]] Position position_of(std::string_view name) const;
  void check_names() const;
  void wrong_type(const Node& node, std::string_view name, std::string_view wanted) const;

  template <class Parse>
  auto parsed(const Node& node, std::string_view name, Parse parse) const
      -> std::optional<typename decltype(parse(std::string_view{}))::value_type> {
    if (node.kind != Node::Kind::text) {
      wrong_type(node, name, "a text; put it into quotation marks");
      return std::nullopt;
    }
    auto value = parse(std::string_view{node.text});
    if (value) return std::move(*value);
    findings_.mistake(node.at, fmt::format("{}: {}", full_name(name), value.error()));
    return std::nullopt;
  }

  const Node& map_;
  std::string_view object_;
  Findings& findings_;
  std::string path_;
};

}  // namespace nic::config
