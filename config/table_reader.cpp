#include "config/table_reader.hpp"

#include "config/schema.hpp"

#include <algorithm>

namespace nic::config {
namespace {

std::vector<std::string_view> keys_of(std::string_view table) {
  std::vector<std::string_view> names;
  for (const auto& key : kKeys)
    if (key.table == table) names.push_back(key.name);
  return names;
}

// A key that exists elsewhere helps more than a similar word.
std::string hint(std::string_view word, std::string_view table) {
  if (const auto near = nearest(word, keys_of(table))) return fmt::format("; did you mean \"{}\"?", *near);
  for (const auto& key : kKeys)
    if (key.name == word) return fmt::format("; it belongs into [{}]", key.table.empty() ? "the top level" : key.table);
  std::string all;
  for (const auto name : keys_of(table)) all += (all.empty() ? "" : ", ") + std::string{name};
  return fmt::format("; its keys are {}", all);
}

}  // namespace

TableReader::TableReader(const toml::table& table, std::string_view name, Mistakes& mistakes)
    : table_{table}, name_{name}, mistakes_{mistakes} {
  const auto known = keys_of(name);
  for (const auto& [key, value] : table) {
    if (std::ranges::find(known, key.str()) != known.end()) continue;
    const auto& source = key.source();
    mistakes_.add({mistakes_.file, source.begin.line, source.begin.column},
                  fmt::format("unknown key \"{}\"{}{}", key.str().substr(0, 64), in_table(), hint(key.str(), name)));
  }
}

std::string TableReader::in_table() const { return name_.empty() ? "" : fmt::format(" in [{}]", name_); }

void TableReader::wrong_type(const toml::node& node, std::string_view key, std::string_view wanted) {
  mistakes_.add(mistakes_.place(node), fmt::format("{}{} must be {}", key, in_table(), wanted));
}

const toml::table* TableReader::table(std::string_view key) {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return nullptr;
  if (node->as_table() == nullptr) wrong_type(*node, key, "a table");
  return node->as_table();
}

void TableReader::tables(std::string_view key, const std::function<void(const toml::table&)>& each) {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return;
  const auto* list = node->as_array();
  if (list == nullptr)
    return wrong_type(*node, key,
                      fmt::format("a list of tables: write [[{}{}{}]]", name_, name_.empty() ? "" : ".", key));
  for (const auto& element : *list) {
    if (const auto* one = element.as_table())
      each(*one);
    else
      wrong_type(element, key, "a list of tables");
  }
}

void TableReader::table_or_list(std::string_view key, const std::function<void(const toml::table&)>& each) {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return;
  if (const auto* one = node->as_table())
    each(*one);
  else
    tables(key, each);
}

std::optional<bool> TableReader::boolean(std::string_view key) {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_boolean()) return value->get();
  wrong_type(*node, key, "true or false");
  return std::nullopt;
}

std::optional<unsigned> TableReader::number(std::string_view key, unsigned least, unsigned most) {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_integer();
  if (value == nullptr || value->get() < least || value->get() > most) {
    wrong_type(*node, key, fmt::format("a whole number from {} to {}", least, most));
    return std::nullopt;
  }
  return static_cast<unsigned>(value->get());
}

std::vector<const toml::node*> TableReader::elements(std::string_view key) {
  std::vector<const toml::node*> all;
  const toml::node* node = table_.get(key);
  if (node == nullptr) return all;
  const auto* list = node->as_array();
  if (list == nullptr) {
    wrong_type(*node, key, "a list of texts: [\"...\"]");
    return all;
  }
  for (const auto& element : *list) all.push_back(&element);
  return all;
}

void TableReader::require(std::string_view key) {
  if (!has(key)) mistakes_.add(place(), fmt::format("\"{}\" is missing{}", key, in_table()));
}

void TableReader::refuse(std::string_view key, std::string why) {
  const toml::node* node = table_.get(key);
  mistakes_.add(node == nullptr ? place() : mistakes_.place(*node), fmt::format("{}: {}", key, why));
}

}  // namespace nic::config
