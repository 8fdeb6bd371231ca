// How near GPUs and NICs are to each other, and what on the way between them slows their traffic down. Pure. Levels as
// the legend of `nvidia-smi topo -m` has them, from the lowest common ancestor in the PCI tree and the NUMA nodes.
#pragma once

#include "model/config.hpp"
#include "model/gpu_path.hpp"
#include "model/inventory.hpp"

#include <compare>
#include <optional>
#include <vector>

namespace nic::core {

// Smaller is nearer.
struct Distance {
  model::PathLevel level{model::PathLevel::sys};
  unsigned bridges{0};  // on the way

  auto operator<=>(const Distance&) const = default;
};
// nullopt where one of them is not known. `nic` may be a VF, which is where its PF is.
[[nodiscard]] std::optional<Distance> distance(const model::Inventory& inventory, const model::PciAddress& gpu,
                                               const model::PciAddress& nic);

// Bridges whose ACS decides on the traffic between the two: the ports below what both have in common. None where the
// traffic leaves the host bridge.
[[nodiscard]] std::vector<const model::PcieFunction*> acs_bridges(const model::PcieTopology& topology,
                                                                  const model::PcieFunction& gpu,
                                                                  const model::PcieFunction& nic);
// NICs that no other NIC is nearer to this GPU than.
[[nodiscard]] std::vector<model::PciAddress> nearest_nics(const model::Inventory& inventory,
                                                          const model::PciAddress& gpu);
// The NICs that have paths: PCI network functions that are not VFs.
[[nodiscard]] std::vector<model::PciAddress> nics(const model::Inventory& inventory);

// Words of findings. They are in scripts: they stay.
namespace finding {
inline constexpr std::string_view kAcsRedirect = "acs-redirect";      // a bridge sends the traffic upstream
inline constexpr std::string_view kIommu = "iommu-translating";       // addresses are translated by the root complex
inline constexpr std::string_view kReadRequest = "max-read-request";  // smaller than it should be
inline constexpr std::string_view kLink = "link-degraded";            // slower or narrower than both of its ends can
inline constexpr std::string_view kDistance = "distance";             // between NUMA nodes
inline constexpr std::string_view kRelaxedOrdering = "relaxed-ordering";  // off
inline constexpr std::string_view kUnknown = "not-readable";              // configuration space was not read whole
}  // namespace finding

// Every GPU with every NIC, by GPU and then by NIC.
[[nodiscard]] std::vector<model::GpuPath> gpu_paths(const model::Inventory& inventory,
                                                    const model::GpudirectSettings& wanted = {});

}  // namespace nic::core
