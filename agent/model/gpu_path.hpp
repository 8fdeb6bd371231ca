// The way between a GPU and a NIC, and what was found about it.
// Thread: any (values). Made by core::gpu_paths. Levels are those of `nvidia-smi topo`, nearest first.
#pragma once

#include "model/module.hpp"
#include "model/pci_address.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nic::model {

enum class PathLevel : std::uint8_t {
  pix,   // at most one switch, or one bridge
  pxb,   // several switches, no host bridge
  phb,   // through their host bridge
  node,  // between host bridges of one NUMA node
  sys,   // between NUMA nodes
};

struct PathFinding {
  Verdict severity{Verdict::unknown};  // pass: only worth knowing
  std::string_view word;               // "acs-redirect", ...: stable, see core/gpu_path.hpp
  std::string text;                    // one sentence, with what to do

  bool operator==(const PathFinding&) const = default;
};

struct GpuPath {
  PciAddress gpu, nic;
  PathLevel level{PathLevel::sys};
  bool nearest{false};              // the GPU has no NIC that is nearer
  std::vector<PciAddress> bridges;  // from the GPU to the NIC; what both are below is not among them
  std::vector<PathFinding> findings;
  Verdict verdict{Verdict::unknown};

  bool operator==(const GpuPath&) const = default;
};

[[nodiscard]] std::string_view word(PathLevel level);  // "PIX", "PXB", "PHB", "NODE", "SYS"

}  // namespace nic::model
