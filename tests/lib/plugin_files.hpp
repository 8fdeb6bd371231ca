// What tests say about the device plugins' files: resources in one line each, and what was found out, with its place.
#pragma once

#include "config/plugin_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace nic::test {

inline std::string text_of_file(const std::string& path) {
  std::stringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

template <class List, class Text>
void say(std::string& line, std::string_view what, const List& list, Text text) {
  std::vector<std::string> texts;
  for (const auto& one : list) texts.push_back(text(one));
  if (!texts.empty()) line += fmt::format(" {}={}", what, fmt::join(texts, "+"));
}

inline std::string one_line(const model::Selectors& selectors) {
  const auto hex = [](std::uint16_t id) { return fmt::format("{:04x}", id); };
  const auto same = [](const std::string& text) { return text; };
  const auto ranges = [](std::string name, const auto& vfs) {
    return vfs.empty() ? name : name + '#' + model::text(vfs);
  };
  std::string line;
  say(line, "vendors", selectors.vendors, hex);
  say(line, "devices", selectors.devices, hex);
  say(line, "drivers", selectors.drivers, same);
  say(line, "pf_names", selectors.pf_names, [&](const auto& pf) { return ranges(pf.name, pf.vfs); });
  say(line, "root_devices", selectors.root_devices, [&](const auto& pf) { return ranges(pf.address.text(), pf.vfs); });
  say(line, "pci_addresses", selectors.pci_addresses, [](const auto& address) { return address.text(); });
  say(line, "acpi_indexes", selectors.acpi_indexes, same);
  say(line, "if_names", selectors.if_names, same);
  say(line, "link_types", selectors.link_types, [](model::LinkType type) { return std::string{word(type)}; });
  say(line, "pkeys", selectors.pkeys, hex);
  say(line, "ddp_profiles", selectors.ddp_profiles, same);
  say(line, "aux_types", selectors.aux_types, same);
  if (selectors.is_rdma) line += " is_rdma";
  if (selectors.need_vhost_net) line += " need_vhost_net";
  if (selectors.vdpa_type) line += fmt::format(" vdpa_type={}", word(*selectors.vdpa_type));
  return line.empty() ? " all" : line;
}

// "example.com/r exclusive net: vendors=15b3 | is_rdma; topology excluded"
inline std::string one_line(const model::Resource& resource) {
  auto line = fmt::format("{} {}", resource.name, word(resource.kind));
  if (resource.kind == model::ResourceKind::shared) line += fmt::format(" {}", resource.rdma_hca_max);
  if (resource.kind == model::ResourceKind::exclusive) line += fmt::format(" {}", word(resource.device_class));
  std::string_view before = ":";
  for (const auto& selectors : resource.selectors) {
    line += fmt::format("{}{}", before, one_line(selectors));
    before = " |";
  }
  if (resource.exclude_topology) line += "; topology excluded";
  for (const auto& [device, words] : resource.additional_info)
    for (const auto& [word, meaning] : words) line += fmt::format("; {} {}={}", device, word, meaning);
  return line;
}

inline std::vector<std::string> lines(const config::PluginDocument& document) {
  std::vector<std::string> all;
  for (const auto& entry : document.entries)
    if (entry.resource) all.push_back(one_line(*entry.resource));
  return all;
}

inline std::vector<std::string> texts(const std::vector<config::Warning>& warnings) {
  std::vector<std::string> all;
  for (const auto& warning : warnings) all.push_back(warning.place.text() + ": " + warning.text);
  return all;
}

inline std::vector<std::string> texts(const std::vector<model::Error>& mistakes) {
  std::vector<std::string> all;
  for (const auto& mistake : mistakes) all.push_back(mistake.text());
  return all;
}

}  // namespace nic::test
