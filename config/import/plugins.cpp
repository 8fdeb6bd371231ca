#include "config/import/plugins.hpp"

#include "config/import/document.hpp"
#include "config/json.hpp"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

namespace nic::config {

std::optional<PluginForm> plugin_form_of(std::string_view text) {
  if (const auto json = read_json(text, Keys::all)) return plugin_form(*json);
  // YAML takes the comma before an end that JSON does not.
  const auto documents = read_documents(text);
  return documents && documents->size() == 1 ? plugin_form(documents->front()) : std::nullopt;
}

std::vector<PluginDocument> plugins_in(const Node& config_map, std::string_view prefix, Findings& findings) {
  std::vector<PluginDocument> all;
  std::map<PluginForm, std::string> known;
  const Node* data = config_map.member("data");
  if (data == nullptr || data->kind != Node::Kind::map) return all;
  for (const Node& file : data->items) {
    if (file.kind != Node::Kind::text) continue;
    const auto form = plugin_form_of(file.text);
    if (!form) continue;
    const auto [first, fresh] = known.emplace(*form, file.key);
    if (!fresh) {
      findings.mistake(file.key_at, fmt::format("data has the files of several nodes, {} and {}: leave in the one that "
                                                "is meant",
                                                first->second, file.key));
      continue;
    }
    all.push_back(parse_plugin(file.text, *form, prefix, fmt::format("{} ({})", findings.file, file.key)));
  }
  return all;
}

}  // namespace nic::config
