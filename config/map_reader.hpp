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

  [[nodiscard]] model::Place place(Position at) const { return {file, at.line, at.column}; }
  void mistake(Position at, std::string what) {
    mistakes.push_back({model::Code::invalid, 0, place(at).text(), "", std::move(what)});
  }
  void warn(Position at, std::string what) { warnings.push_back({place(at), std::move(what)}); }
};

class MapReader {
 public:
  // `object` as in fields.hpp. A node that is no map has no fields, and that is a mistake.
  MapReader(const Node& map, std::string_view object, Findings& findings);

  [[nodiscard]] model::Place place() const { return findings_.place(map_.key_at); }
  // Empty values are as good as none.
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }

  [[nodiscard]] const Node* map(std::string_view name) const;
  [[nodiscard]] const std::vector<Node>& list(std::string_view name) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view name) const;
  [[nodiscard]] std::optional<unsigned> number(std::string_view name, unsigned least, unsigned most) const;
  template <class Parse>
  [[nodiscard]] auto text(std::string_view name, Parse parse) const {
    const Node* node = find(name);
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

 private:
  [[nodiscard]] const Node* find(std::string_view name) const;
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
    findings_.mistake(node.at, fmt::format("{}: {}", name, value.error()));
    return std::nullopt;
  }

  const Node& map_;
  std::string_view object_;
  Findings& findings_;
};

}  // namespace nic::config
