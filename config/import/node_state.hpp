// SriovNetworkNodeState, SriovNetworkPoolConfig, and the records that the operator keeps of each PF on the node, to
// what they ask of this machine. Pure. Thread: any. Source of the records: /etc/sriov-operator/pci/<address>, JSON of
// one element of a node state's spec.interfaces.
#pragma once

#include "config/import/wishes.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::config {

// VFs of one PF that are to be alike.
struct PfShare {
  model::PciAddress pf;
  model::SriovPolicy wish;  // as a policy for this PF alone; without VF ranges
  std::vector<model::IndexRange> vfs;
  std::string resource;  // "" for VFs that are not offered
};

// Rows of node states and records, from however many files; only together they make policies.
struct PfShares {
  std::vector<PfShare> all;
  std::optional<std::string> node;  // whose state it is
  std::optional<model::RdmaNetnsMode> rdma_netns_mode;
};

void read_node_state(const Node& document, std::string_view resource_prefix, Findings& findings, PfShares& shares);
// SriovNetworkPoolConfig: of it only what it asks of each of its nodes.
void read_pool(const Node& document, Findings& findings, PfShares& shares);
// Whether a document without a kind is a record.
[[nodiscard]] bool is_record(const Node& document);
void read_record(const Node& document, std::string_view resource_prefix, Findings& findings, PfShares& shares);

// Shares that came of one policy become one policy again.
void add_policies(const PfShares& shares, Wishes& wishes);

}  // namespace nic::config
