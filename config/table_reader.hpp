// One TOML table read key by key: types are checked, mistakes are collected with their place, and what was not asked
// for is unknown. Thread: any. Only config/ sees toml++.
#pragma once

#include <stdexcept>

namespace nic::config {
// toml++'s own assertions fail on some hostile texts ("[[[["): that is a mistake in the text, not the end of the
// daemon.
[[noreturn]] inline void contradiction(const char* what) { throw std::logic_error{what}; }
}  // namespace nic::config

#ifdef NDEBUG
#error "toml++ would take its assertions for granted: config/ is compiled without NDEBUG"
#endif
#define TOML_ASSERT(expression) ((expression) ? static_cast<void>(0) : ::nic::config::contradiction(#expression))
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#include "config/words.hpp"
#include "model/config.hpp"
#include "model/error.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::config {

// Where mistakes go, and which file is being read.
struct Mistakes {
  std::string file;
  std::vector<model::Error> errors{};

  [[nodiscard]] model::Place place(const toml::node& node) const {
    return {file, node.source().begin.line, node.source().begin.column};
  }
  void add(const model::Place& where, std::string what) {
    errors.push_back({model::Code::invalid, 0, where.text(), "", std::move(what)});
  }
};

class TableReader {
 public:
  // `name` as in the schema ("sriov.policy"); keys that it does not list are reported at once.
  TableReader(const toml::table& table, std::string_view name, Mistakes& mistakes);

  [[nodiscard]] model::Place place() const { return mistakes_.place(table_); }
  [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }
  [[nodiscard]] bool empty_list(std::string_view key) const {
    const auto* list = table_.get_as<toml::array>(key);
    return list != nullptr && list->empty();
  }

  [[nodiscard]] const toml::table* table(std::string_view key);
  // [[key]]; `each` is called for every table.
  void tables(std::string_view key, const std::function<void(const toml::table&)>& each);
  // A table, or a list of tables.
  void table_or_list(std::string_view key, const std::function<void(const toml::table&)>& each);

  [[nodiscard]] std::optional<bool> boolean(std::string_view key);
  [[nodiscard]] std::optional<unsigned> number(std::string_view key, unsigned least, unsigned most);
  template <class Parse>
  [[nodiscard]] auto text(std::string_view key, Parse parse)
      -> std::optional<typename decltype(parse(std::string_view{}))::value_type> {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    return parsed(*node, key, parse);
  }
  template <class Parse>
  [[nodiscard]] auto texts(std::string_view key, Parse parse)
      -> std::vector<typename decltype(parse(std::string_view{}))::value_type> {
    std::vector<typename decltype(parse(std::string_view{}))::value_type> all;
    for (const toml::node* node : elements(key))
      if (auto value = parsed(*node, key, parse)) all.push_back(std::move(*value));
    return all;
  }
  // One text, or a list of them.
  template <class Parse>
  [[nodiscard]] auto text_or_texts(std::string_view key, Parse parse)
      -> std::vector<typename decltype(parse(std::string_view{}))::value_type> {
    const toml::node* node = table_.get(key);
    if (node == nullptr || node->as_string() == nullptr) return texts(key, parse);
    if (auto value = parsed(*node, key, parse)) return {std::move(*value)};
    return {};
  }
  // Says that a key is missing, or that its value does not do.
  void require(std::string_view key);
  void refuse(std::string_view key, std::string why);

 private:
  [[nodiscard]] std::string in_table() const;
  [[nodiscard]] std::vector<const toml::node*> elements(std::string_view key);
  void wrong_type(const toml::node& node, std::string_view key, std::string_view wanted);

  template <class Parse>
  auto parsed(const toml::node& node, std::string_view key, Parse parse)
      -> std::optional<typename decltype(parse(std::string_view{}))::value_type> {
    const auto* text = node.as_string();
    if (text == nullptr) {
      wrong_type(node, key, "a text in quotation marks");
      return std::nullopt;
    }
    auto value = parse(std::string_view{text->get()});
    if (value) return std::move(*value);
    mistakes_.add(mistakes_.place(node), fmt::format("{}: {}", key, value.error()));
    return std::nullopt;
  }

  const toml::table& table_;
  std::string_view name_;
  Mistakes& mistakes_;
};

}  // namespace nic::config
