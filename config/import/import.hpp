// Documents of the sriov-network-operator (SriovNetworkNodePolicy, SriovNetworkNodeState, lists of them, the records on
// the node, its pool of GUIDs) and the files of the device plugins (plugin_file.hpp, also in a ConfigMap) as the
// configuration that asks for the same. Pure. Thread: any.
// Policies are sorted by priority and name, so the order of the documents does not matter. A policy's resourceName
// becomes an exclusive resource that selects the policy's VFs.
#pragma once

#include "config/map_reader.hpp"
#include "model/config.hpp"
#include "model/error.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace nic::config {

struct Source {
  std::string name;  // what messages call it
  std::string text;
};

struct Imported {
  model::Config config;  // places are those of the documents
  std::vector<Warning> warnings;
};

inline constexpr std::string_view kResourcePrefix = "openshift.io";

// `resource_prefix` stands before names that have none; "": openshift.io for the operator's, intel.com for those of
// sriov-network-device-plugin.
[[nodiscard]] std::expected<Imported, std::vector<model::Error>> import_documents(
    const std::vector<Source>& sources, std::string_view resource_prefix = {});

}  // namespace nic::config
