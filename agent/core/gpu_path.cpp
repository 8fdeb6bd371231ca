#include "core/gpu_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace nic::core {
namespace {

using model::GpuPath;
using model::PathLevel;
using model::PciAddress;
using model::PcieFunction;
using model::PcieTopology;
using model::Verdict;

// Bridges that both are below.
std::size_t common(const PcieFunction& a, const PcieFunction& b) {
  if (a.root != b.root) return 0;
  return static_cast<std::size_t>(std::ranges::mismatch(a.above, b.above).in1 - a.above.begin());
}

// From the first to the second; what both are below is not among them.
std::vector<PciAddress> between(const PcieFunction& from, const PcieFunction& to) {
  const auto shared = static_cast<std::ptrdiff_t>(common(from, to));
  std::vector<PciAddress> bridges{from.above.rbegin(), from.above.rend() - shared};
  bridges.insert(bridges.end(), to.above.begin() + shared, to.above.end());
  return bridges;
}

PathLevel level_of(const PcieFunction& a, const PcieFunction& b, unsigned numa_nodes) {
  if (const auto shared = common(a, b); shared > 0)
    // Below a switch's upstream port there is one downstream port on either side; more is another switch.
    return a.above.size() - shared <= 1 && b.above.size() - shared <= 1 ? PathLevel::pix : PathLevel::pxb;
  if (!a.root.empty() && a.root == b.root) return PathLevel::phb;
  if (a.numa_node && b.numa_node) return *a.numa_node == *b.numa_node ? PathLevel::node : PathLevel::sys;
  // Nobody knows where they are: the same node only where there is no other.
  return numa_nodes <= 1 ? PathLevel::node : PathLevel::sys;
}

Distance distance_of(const PcieFunction& a, const PcieFunction& b, unsigned numa_nodes) {
  const auto shared = common(a, b);
  return {level_of(a, b, numa_nodes), static_cast<unsigned>(a.above.size() + b.above.size() - 2 * shared)};
}

bool is_port(const PcieFunction& bridge) {
  if (!bridge.config.express) return false;
  const auto type = bridge.config.express->type;
  return type == model::PcieType::downstream_port || type == model::PcieType::root_port;
}

// What is translated by the address translation service goes directly where the bridge lets it.
bool redirects(const PcieFunction& bridge, const PcieFunction& gpu, const PcieFunction& nic) {
  if (!bridge.config.acs || (bridge.config.acs->control & model::kAcsRedirects) == 0) return false;
  const bool direct = (bridge.config.acs->control & model::kAcsDirectTranslated) != 0;
  const auto translates = [](const PcieFunction& function) {
    return function.config.ats && function.config.ats->enabled;
  };
  return !(direct && translates(gpu) && translates(nic));
}

// What each question about a path may look at.
struct Way {
  const PcieTopology& topology;
  const PcieFunction& gpu;
  const PcieFunction& nic;
  const model::GpudirectSettings& wanted;
  GpuPath& path;

  void say(Verdict severity, std::string_view word, std::string text) const {
    path.findings.push_back({severity, word, std::move(text)});
  }
  // The two ends and the bridges between them.
  template <class F>
  void each(F&& visit) const {
    visit(gpu);
    for (const auto& bridge : path.bridges)
      if (const auto* function = topology.function(bridge)) visit(*function);
    visit(nic);
  }
};

void judge_distance(const Way& way) {
  if (way.path.level != PathLevel::sys) return;
  way.say(
      Verdict::warn, finding::kDistance,
      fmt::format("GPU {} and NIC {} are on different NUMA nodes, and their traffic crosses the interconnect between "
                  "them: use a NIC that is nearer to the GPU",
                  way.gpu.address.text(), way.nic.address.text()));
}

void judge_acs(const Way& way) {
  for (const auto* bridge : acs_bridges(way.topology, way.gpu, way.nic))
    if (redirects(*bridge, way.gpu, way.nic))
      way.say(
          Verdict::warn, finding::kAcsRedirect,
          fmt::format("bridge {} (ACS {}) sends what GPU and NIC say to each other up to the root complex: where no "
                      "virtual machine needs the isolation, [gpudirect] acs = \"off-on-gpu-paths\" or "
                      "pci=disable_acs_redir={}",
                      bridge->address.text(), model::acs_text(bridge->config.acs->control), bridge->address.text()));
}

void judge_iommu(const Way& way) {
  for (const auto* end : {&way.gpu, &way.nic}) {
    if (!end->iommu_group || end->iommu_type == "identity") continue;
    if (end->iommu_type.starts_with("DMA"))
      way.say(Verdict::warn, finding::kIommu,
              fmt::format("the IOMMU translates the addresses of {} (group {} is of type {}), which takes its traffic "
                          "through the root complex: boot with iommu=pt",
                          end->address.text(), *end->iommu_group, end->iommu_type));
    else if (end->iommu_type.empty() && !way.topology.iommu_passthrough)
      way.say(Verdict::unknown, finding::kIommu,
              fmt::format("the kernel does not tell whether the IOMMU translates the addresses of {} (group {})",
                          end->address.text(), *end->iommu_group));
  }
}

void judge_read_request(const Way& way) {
  const auto& express = way.nic.config.express;
  const auto& asked = way.wanted.max_read_request;
  if (!express || express->max_read_request >= asked.value_or(model::kMostReadRequest)) return;
  if (express->max_read_request == 0)
    return way.say(Verdict::unknown, finding::kReadRequest,
                   fmt::format("NIC {} has a reserved value for its maximum read request", way.nic.address.text()));
  // Nobody asked for it: a word on what could be better.
  const auto severity = asked && way.path.nearest ? Verdict::warn : Verdict::pass;
  way.say(severity, finding::kReadRequest,
          fmt::format("NIC {} reads {} bytes at once at most, {} would be better: [gpudirect] max_read_request = {}",
                      way.nic.address.text(), express->max_read_request, asked.value_or(model::kMostReadRequest),
                      asked.value_or(model::kMostReadRequest)));
}

void judge_relaxed_ordering(const Way& way) {
  const auto& express = way.nic.config.express;
  if (!express || express->relaxed_ordering) return;
  way.say(Verdict::pass, finding::kRelaxedOrdering,
          fmt::format("relaxed ordering is off on NIC {}: its driver, the firmware (PCI_WR_ORDERING) or an erratum of "
                      "the root port turned it off",
                      way.nic.address.text()));
}

// The link between a function and the port above it.
void judge_link(const Way& way, const PcieFunction& function) {
  const auto& express = function.config.express;
  if (!express || !express->able || !express->now || function.above.empty() || is_port(function)) return;
  const auto* port = way.topology.function(function.above.back());
  if (port == nullptr || !port->config.express || !port->config.express->able) return;
  const auto& other = *port->config.express->able;
  const model::PcieLink able{std::min(express->able->speed, other.speed), std::min(express->able->width, other.width)};
  // GPUs lower the speed of their link while they are idle.
  const bool slow = express->now->speed < able.speed && !way.topology.gpus.contains(function.address);
  if (!slow && express->now->width >= able.width) return;
  way.say(
      Verdict::warn, finding::kLink,
      fmt::format("the link of {} to {} is x{} gen {}, both ends can x{} gen {}: reseat the card, look at its riser "
                  "and at dmesg (AER)",
                  function.address.text(), port->address.text(), express->now->width, express->now->speed, able.width,
                  able.speed));
}

void judge_knowledge(const Way& way) {
  way.each([&](const PcieFunction& function) {
    if (!function.config.problem.empty())
      way.say(Verdict::unknown, finding::kUnknown,
              fmt::format("not everything is known of {}: {}", function.address.text(), function.config.problem));
  });
  for (const auto& bridge : way.path.bridges)
    if (way.topology.function(bridge) == nullptr)
      way.say(Verdict::unknown, finding::kUnknown, fmt::format("nothing is known of {}", bridge.text()));
}

Verdict worst(const std::vector<model::PathFinding>& findings) {
  for (const auto verdict : {Verdict::warn, Verdict::unknown})
    if (std::ranges::find(findings, verdict, &model::PathFinding::severity) != findings.end()) return verdict;
  return Verdict::pass;
}

constexpr std::array kQuestions{judge_distance, judge_acs, judge_iommu, judge_read_request, judge_relaxed_ordering};

GpuPath judge(const PcieTopology& topology, const PcieFunction& gpu, const PcieFunction& nic, bool nearest,
              const model::GpudirectSettings& wanted) {
  GpuPath path{gpu.address, nic.address, level_of(gpu, nic, topology.numa_nodes), nearest, between(gpu, nic), {}, {}};
  const Way way{topology, gpu, nic, wanted, path};
  for (const auto question : kQuestions) question(way);
  way.each([&](const PcieFunction& function) { judge_link(way, function); });
  judge_knowledge(way);
  path.verdict = worst(path.findings);
  return path;
}

}  // namespace

std::optional<Distance> distance(const model::Inventory& inventory, const PciAddress& gpu, const PciAddress& nic) {
  const auto* function = inventory.function(nic);
  const auto* from = inventory.pcie.function(gpu);
  const auto* to = inventory.pcie.function(function != nullptr ? function->physfn.value_or(nic) : nic);
  if (from == nullptr || to == nullptr) return std::nullopt;
  return distance_of(*from, *to, inventory.pcie.numa_nodes);
}

std::vector<const PcieFunction*> acs_bridges(const PcieTopology& topology, const PcieFunction& gpu,
                                             const PcieFunction& nic) {
  std::vector<const PcieFunction*> bridges;
  if (level_of(gpu, nic, topology.numa_nodes) > PathLevel::phb) return bridges;
  for (const auto& address : between(gpu, nic))
    if (const auto* bridge = topology.function(address); bridge != nullptr && is_port(*bridge))
      bridges.push_back(bridge);
  return bridges;
}

std::vector<PciAddress> nics(const model::Inventory& inventory) {
  std::vector<PciAddress> all;
  for (const auto& [address, function] : inventory.functions)
    if (!function.physfn && inventory.pcie.function(address) != nullptr) all.push_back(address);
  return all;
}

std::vector<PciAddress> nearest_nics(const model::Inventory& inventory, const PciAddress& gpu) {
  std::vector<PciAddress> nearest;
  auto least = PathLevel::sys;
  for (const auto& nic : nics(inventory)) {
    const auto away = distance(inventory, gpu, nic);
    if (!away || away->level > least) continue;
    if (away->level < least) nearest.clear();
    least = away->level;
    nearest.push_back(nic);
  }
  return nearest;
}

std::vector<GpuPath> gpu_paths(const model::Inventory& inventory, const model::GpudirectSettings& wanted) {
  std::vector<GpuPath> paths;
  const auto all = nics(inventory);
  for (const auto& gpu : inventory.pcie.gpus) {
    const auto* from = inventory.pcie.function(gpu);
    if (from == nullptr) continue;
    const auto nearest = nearest_nics(inventory, gpu);
    for (const auto& nic : all)
      paths.push_back(judge(inventory.pcie, *from, *inventory.pcie.function(nic),
                            std::ranges::find(nearest, nic) != nearest.end(), wanted));
  }
  return paths;
}

}  // namespace nic::core
