// Objects of the device plugins' files, as Go's encoding/json puts them into structs. Internal to the readers of
// plugin_file.hpp. Pure. Thread: any. Source: "Unmarshal" of https://pkg.go.dev/encoding/json.
#pragma once

#include "config/map_reader.hpp"
#include "config/words.hpp"
#include "model/config.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nic::config {

// The object with its members called as `object` of fields.hpp calls them, each once.
[[nodiscard]] Node as_go_reads(const Node& node, std::string_view object, Findings& findings, const std::string& path);

// For the members of lists: a value that no device could ever have is left out, with a warning.
struct Listed {
  const MapReader& reader;
  Findings& findings;

  // `parse` takes a Node and gives an optional; what is wrong it says by itself.
  template <class Parse>
  [[nodiscard]] auto values(std::string_view name, Parse parse) const {
    std::vector<typename decltype(parse(std::declval<const Node&>()))::value_type> all;
    const auto& nodes = reader.list(name);
    bool readable = true;
    for (const Node& node : nodes) {
      if (node.kind != Node::Kind::text) {
        findings.mistake(node.at, reader.full_name(name) + " must be a list of texts");
        readable = false;
      } else if (auto value = parse(node)) {
        all.push_back(std::move(*value));
      }
    }
    // An empty list would mean everything.
    if (readable && all.empty() && !nodes.empty()) reader.refuse(name, "nothing in it could ever match");
    return all;
  }
  // Of texts that `parse` makes a Read of.
  template <class Parse>
  [[nodiscard]] auto texts(std::string_view name, Parse parse) const {
    return values(name, [&](const Node& node) -> std::optional<typename decltype(parse(""))::value_type> {
      auto value = parse(node.text);
      if (value) return std::move(*value);
      never(name, node, value.error());
      return std::nullopt;
    });
  }
  void never(std::string_view name, const Node& node, std::string_view why) const {
    findings.warn(node.at, fmt::format("{}: never matches: {}", reader.full_name(name), why));
  }
};

// "ether", "infiniband": as the kernel's netlink calls them.
[[nodiscard]] Read<model::LinkType> link_type_of_plugin(std::string_view text);
// "0x8001"
[[nodiscard]] Read<std::string> some_text(std::string_view text);
[[nodiscard]] std::vector<std::string> drivers(const Listed& listed);
[[nodiscard]] std::vector<model::PfName> pf_names_of_plugin(const Listed& listed);
[[nodiscard]] std::vector<model::RootDevice> root_devices_of_plugin(const Listed& listed);

// The resource's full name, as the kubelet takes it; what is wrong is a mistake.
[[nodiscard]] std::string full_resource_name(const MapReader& reader, std::string_view prefix);

// The readers of both files; `node` is as_go_reads already.
struct PluginDocument;
void read_rdma_shared(const Node& node, PluginDocument& document, bool strict);
void read_sriov(const Node& node, std::string_view prefix, PluginDocument& document, bool strict);

// Each entry of the list `name`, read by `read(entry, path, findings)` on its own: its mistakes keep only itself out.
using ReadEntry = model::Resource (*)(const Node& entry, const std::string& path, std::string_view prefix,
                                      Findings& findings);
void read_entries(const MapReader& reader, const Node& node, std::string_view name, std::string_view prefix,
                  ReadEntry read, PluginDocument& document, bool strict);

}  // namespace nic::config
