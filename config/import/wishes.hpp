// What the documents ask for, on its way into a Config. Thread: any (values).
#pragma once

#include "config/map_reader.hpp"
#include "config/words.hpp"
#include "model/config.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::config {

inline constexpr unsigned kMostVfs = 65535;
inline constexpr std::size_t kMostWishes = 4096;  // policies, and VF groups; far more than a machine has

// VFs that a policy offers to the kubelet: one selector of a resource, which several policies may share.
struct Offer {
  std::string resource;
  unsigned priority{model::kWeakestPriority};  // of the policy
  std::string policy;
  model::Selectors selectors;
  bool exclude_topology{false};
  model::Place place;
};

struct Wishes {
  std::vector<model::SriovPolicy> policies;
  std::vector<Offer> offers;
};

// 0 is "as it is" to the operator. Mistakes: below what IPv4 needs, above what the kernel takes.
[[nodiscard]] std::optional<unsigned> mtu(const MapReader& reader);
// "" is legacy to the operator, which the agent leaves as it is where nobody asks.
[[nodiscard]] std::optional<model::EswitchMode> eswitch_mode(const MapReader& reader);
// Of the policy, or the VFs of a PF, that is read so far.
[[nodiscard]] bool is_rdma(const MapReader& reader, const model::SriovPolicy& policy);
[[nodiscard]] std::optional<model::VdpaType> vdpa_type_of(const MapReader& reader, const model::SriovPolicy& policy);
// "openshift.io/" and what the field `resourceName` says.
[[nodiscard]] std::string resource_name(const MapReader& reader, std::string_view prefix);
// The VFs of a policy as a resource selects them. Device ids are those of the VFs, as far as they are known.
[[nodiscard]] model::Selectors selectors_of_vfs(const model::SriovPolicy& policy);

}  // namespace nic::config
