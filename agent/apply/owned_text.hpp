// The texts of ownership: the agent's own records (JSON, versioned; optional attributes are only ever added), and those
// that the sriov-network-operator keeps. Both are hostile input. Thread: any (pure). Source of the operator's:
// sriov-network-operator, /etc/sriov-operator/pci/<address>, the JSON of its Interface type.
#pragma once

#include "model/owned.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace nic::apply {

struct OwnedNote {
  model::Owned owned;
  std::string boot;  // boot_id of the boot in which it was noted

  bool operator==(const OwnedNote&) const = default;
};

struct RdmaNetnsNote {
  model::OwnedRdmaNetns owned;  // `rebooted` does not stand in it
  std::string boot;             // in which the mode was changed, or the option written

  bool operator==(const RdmaNetnsNote&) const = default;
};

[[nodiscard]] std::string to_text(const OwnedNote& note);
[[nodiscard]] std::string to_text(const RdmaNetnsNote& note);
// Nullopt: damaged, or of a version that is not ours.
[[nodiscard]] std::optional<OwnedNote> parse_owned(std::string_view text);
[[nodiscard]] std::optional<RdmaNetnsNote> parse_rdma_netns(std::string_view text);
[[nodiscard]] std::optional<model::OperatorRecord> parse_operator_record(std::string_view text);

}  // namespace nic::apply
