// The configuration files of the upstream device plugins, k8s-rdma-shared-dev-plugin and sriov-network-device-plugin,
// as resources: what they offer the kubelet is offered under the same names. Pure. Thread: any. Read as they read it
// (Go's encoding/json): keys in any case, of a key that stands twice the last one, null is not said. Otherwise than
// there, what nobody understands is said, a mistake in one resource leaves the others alone, and names that the kubelet
// does not take are refused here. nic-agent.toml(5), "Files of the device plugins", has the rest.
#pragma once

#include "config/map_reader.hpp"
#include "model/config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::config {

enum class PluginForm : std::uint8_t { rdma_shared, sriov };

struct PluginEntry {
  std::string name;  // with the prefix; "" where that could not be read
  std::optional<model::Resource> resource;
};

struct PluginDocument {
  bool whole{true};                  // false: it is no such file, and says nothing of any resource
  std::vector<PluginEntry> entries;  // in the order of the file
  Findings findings;
};

// Of resources that name none: the plugins' own.
inline constexpr std::string_view kRdmaSharedPrefix = "rdma";
inline constexpr std::string_view kSriovPrefix = "intel.com";

// Which of them a JSON document is, by the list that it has.
[[nodiscard]] std::optional<PluginForm> plugin_form(const Node& document);

// `prefix` is that of sriov-network-device-plugin's resources (its flag -resource-prefix). `strict`: every warning is a
// mistake.
[[nodiscard]] PluginDocument read_plugin(const Node& document, PluginForm form, std::string_view prefix,
                                         std::string_view file, bool strict = false);
[[nodiscard]] PluginDocument parse_plugin(std::string_view text, PluginForm form, std::string_view prefix,
                                          std::string_view file, bool strict = false);

}  // namespace nic::config
