#include "core/wanted_modules.hpp"

#include "core/order.hpp"
#include "model/module.hpp"
#include "model/module_catalogue.hpp"

#include <fmt/format.h>

#include <set>

namespace nic::core {
namespace {

using model::DeviceType;

class Wanted {
 public:
  void add(std::string_view module, std::string why) {
    auto name = model::kernel_name(module);
    if (!name.empty() && seen_.insert(name).second) all_.push_back({std::move(name), std::move(why)});
  }
  [[nodiscard]] std::vector<WantedModule> take() { return std::move(all_); }

 private:
  std::set<std::string> seen_;
  std::vector<WantedModule> all_;
};

void add_those_of_vf(const model::DesiredVf& vf, const model::PciAddress& pf, const DriverFacts& facts,
                     Wanted& wanted) {
  const auto asks = [&](std::string_view what) {
    return fmt::format("policy \"{}\" asks for {} on VFs of {}", vf.policy, what, pf.text());
  };
  if (vf.device_type == DeviceType::vfio_pci)
    wanted.add("vfio_pci", fmt::format("policy \"{}\" binds VFs of {} to vfio-pci", vf.policy, pf.text()));
  if (vf.is_rdma) wanted.add(facts.rdma_module, asks("RDMA (is_rdma)"));
  if (!vf.vdpa_type || facts.vdpa_module.empty()) return;
  for (const auto module : {facts.vdpa_module, vdpa_driver(*vf.vdpa_type)})
    wanted.add(module, asks("vDPA devices (vdpa_type)"));
}

}  // namespace

std::vector<model::RequiredModule> required_modules(const model::Config& config) {
  std::vector<model::RequiredModule> all;
  for (const auto& module : config.modules) {
    const auto* set = module.name.starts_with('@') ? model::askable_set(module.name.substr(1)) : nullptr;
    if (set == nullptr)
      all.push_back(module);
    else
      for (const auto member : set->members)
        if (!member.empty()) all.push_back({std::string{member}, module.place});
  }
  return all;
}

std::vector<WantedModule> wanted_modules(const model::Desired& desired, const model::Inventory& inventory) {
  Wanted wanted;
  for (const auto& module : desired.modules)
    wanted.add(module.name, fmt::format("required by {}", module.place.text()));
  for (const auto& [address, pf] : desired.pfs) {
    const auto* function = inventory.function(address);
    const auto facts = driver_facts(function != nullptr && function->driver ? *function->driver : std::string_view{});
    if (pf.need_vhost_net)
      for (const auto* name : {"vhost_net", "tun"})
        wanted.add(name, fmt::format("a policy of {} asks for vhost-net (need_vhost_net)", address.text()));
    for (const auto& [index, vf] : pf.vfs) add_those_of_vf(vf, address, facts, wanted);
  }
  return wanted.take();
}

}  // namespace nic::core
