#include "core/bound.hpp"

#include "core/order.hpp"
#include "model/module_catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace nic::core {
namespace {

using model::Inventory;
using model::ModuleReport;
using model::PciFunction;

constexpr std::uint16_t kMellanox = 0x15b3;

class Search {
 public:
  Search(const Inventory& inventory, const std::vector<ModuleReport>& modules,
         const model::ModulesOfDevices& modules_of)
      : inventory_{inventory}, modules_{modules}, modules_of_{modules_of} {}

  std::vector<Unmade> all() {
    for (const auto& [address, function] : inventory_.functions)
      if (!function.physfn) look_at(function);
    for (const auto& device : inventory_.rdma_devices) look_at(device);
    if (const auto* ucm = running("rdma_ucm");
        ucm != nullptr && !inventory_.rdma_devices.empty() && !inventory_.rdma_cm)
      add(*ucm, "/dev/infiniband/rdma_cm is not there, though rdma_ucm runs", "look at udev");
    return std::move(found_);
  }

 private:
  [[nodiscard]] const ModuleReport* running(std::string_view name) const {
    const auto* report = model::report_of(modules_, name);
    return report != nullptr && report->loaded() ? report : nullptr;
  }
  void add(const ModuleReport& module, std::string what, std::string advice) {
    found_.push_back({module.name, module.wanted, std::move(what), std::move(advice)});
  }

  // By the module tree's index; where that says nothing, by the vendor.
  [[nodiscard]] std::vector<std::string> modules_for(const PciFunction& function) const {
    const auto known = modules_of_.find(function.modalias);
    if (known != modules_of_.end() && !known->second.empty()) return known->second;
    if (function.vendor == kMellanox) return {"mlx5_core"};
    return {};
  }

  void look_at(const PciFunction& function) {
    const auto candidates = modules_for(function);
    if (!function.driver) return unbound(function, candidates);
    if (model::is_user_space_driver(*function.driver)) return;  // somebody's wish
    const auto module = model::kernel_name(*function.driver);
    if (std::ranges::find(candidates, module) == candidates.end() && stranger(function, candidates)) return;
    const auto* known = model::known_module(module);
    const auto* report = running(module);
    if (known == nullptr || report == nullptr) return;
    const bool has_rdma = !inventory_.rdma_devices_of(function.address).empty();
    if (!has_rdma && inventory_.net_devices_of(function.address).empty())
      add(*report,
          fmt::format("{} drives {}, but made neither a network interface nor an RDMA device of it that can be seen "
                      "from here",
                      *function.driver, function.address.text()),
          "look at the kernel log, and whether it was moved into another network namespace");
    // mlx5_ib makes one of every function; those of other vendors only where the card has RDMA.
    else if (const auto* rdma = running(driver_facts(module).rdma_module);
             !has_rdma && known->set == model::ModuleSet::mlx5 && rdma != nullptr && rdma->wanted)
      add(*rdma,
          fmt::format("{} runs, but made no RDMA device of {} that can be seen from here", rdma->name,
                      function.address.text()),
          "look at the kernel log, at its devlink parameter enable_rdma, and whether it was moved into another network "
          "namespace");
  }

  void unbound(const PciFunction& function, const std::vector<std::string>& candidates) {
    for (const auto& name : candidates) {
      const auto* report = running(name);
      if (report == nullptr) continue;
      add(*report,
          fmt::format("No driver is bound to {} ({:04x}:{:04x}), though {} is there", function.address.text(),
                      function.vendor, function.device, name),
          "the kernel log says why it did not take it");
      return;
    }
  }

  // Only of modules whose drivers are known to bear their name.
  bool stranger(const PciFunction& function, const std::vector<std::string>& candidates) {
    for (const auto& name : candidates) {
      const auto* report = running(name);
      if (report == nullptr || !report->wanted || model::known_module(name) == nullptr) continue;
      add(*report,
          fmt::format("{} is driven by {}, though {}, which is required, is for it", function.address.text(),
                      *function.driver, name),
          "unbind it from there, and look at its driver_override");
      return true;
    }
    return false;
  }

  void look_at(const model::RdmaDevice& device) {
    if (const auto* uverbs = running("ib_uverbs"); uverbs != nullptr && !device.user_access())
      add(*uverbs,
          fmt::format("RDMA device {} has no node for user space in /dev/infiniband, though ib_uverbs runs",
                      device.name),
          "look at udev");
    const bool infiniband = std::ranges::find(device.ports, model::LinkType::infiniband,
                                              &model::RdmaPort::link_layer) != device.ports.end();
    const bool has_umad =
        std::ranges::find(device.nodes, model::RdmaNode::umad, &model::CharDevice::kind) != device.nodes.end();
    if (const auto* umad = running("ib_umad"); umad != nullptr && infiniband && !has_umad)
      add(*umad,
          fmt::format("RDMA device {} has no node for management datagrams in /dev/infiniband, though ib_umad runs",
                      device.name),
          "look at udev");
  }

  const Inventory& inventory_;
  const std::vector<ModuleReport>& modules_;
  const model::ModulesOfDevices& modules_of_;
  std::vector<Unmade> found_;
};

}  // namespace

std::vector<Unmade> unmade(const Inventory& inventory, const std::vector<ModuleReport>& modules,
                           const model::ModulesOfDevices& modules_of) {
  return Search{inventory, modules, modules_of}.all();
}

}  // namespace nic::core
