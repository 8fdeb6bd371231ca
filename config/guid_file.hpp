// The pool of InfiniBand GUIDs as the sriov-network-operator keeps it: JSON, a list of one entry for each PF, which is
// named by its PCI address or by the GUID of its port and has a list or a range of GUIDs. Thread: any.
// Source: sriov-network-operator, /etc/sriov-operator/infiniband/guids. Its program reads pciAddress, pfGuid and
// guidsRange, its documentation says pci_address, pf_guid and guids_range: both are taken.
#pragma once

#include "config/node.hpp"
#include "model/config.hpp"
#include "model/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace nic::config {

inline constexpr std::size_t kMostGuidFileBytes = 1U << 20U;

// TOML never begins like this.
[[nodiscard]] bool looks_like_json(std::string_view text);

// Pure; what is wrong stands in the result: with its entry, or with the file where it can be no such file at all.
[[nodiscard]] model::GuidFile parse_guid_file(std::string_view text, std::string_view file);
[[nodiscard]] model::GuidFile guid_file_of(const Node& document, std::string_view file);

// Blocking.
[[nodiscard]] model::GuidFile read_guid_file(const std::filesystem::path& path);

// Everything that is wrong with it.
[[nodiscard]] std::vector<model::Error> mistakes_in(const model::GuidFile& file);

}  // namespace nic::config
