#include "core/predict.hpp"

#include "core/order.hpp"
#include "core/udev_rules.hpp"
#include "core/vf_change.hpp"
#include "model/module.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace nic::core {
namespace {

using model::Inventory;
using model::NetDevice;
using model::PciAddress;
using model::PciFunction;

// Interfaces that do not exist yet get indexes that the kernel does not hand out.
constexpr unsigned kPredictedIfindex = 0x40000000;

void forget_links(Inventory& inventory, const PciAddress& address) {
  std::erase_if(inventory.net_devices, [&](const NetDevice& net) { return net.function == address; });
  std::erase_if(inventory.rdma_devices, [&](const model::RdmaDevice& rdma) { return rdma.function == address; });
  if (const auto function = inventory.functions.find(address); function != inventory.functions.end())
    function->second.vdpa.clear();
}

unsigned next_ifindex(const Inventory& inventory) {
  unsigned index = kPredictedIfindex;
  for (const auto& net : inventory.net_devices) index = std::max(index, net.ifindex + 1);
  return index;
}

// In switchdev mode every VF has a representor below the PF, in legacy mode none has.
void place_representors(Inventory& inventory, const PciFunction& pf) {
  std::erase_if(inventory.net_devices, [&](const NetDevice& net) {
    const auto name = net.phys_port_name ? model::parse_port_name(*net.phys_port_name) : std::nullopt;
    return net.function == pf.address && name && name->kind == model::PortKind::vf;
  });
  if (pf.eswitch_mode != model::EswitchMode::switchdev) return;
  const auto uplinks = inventory.net_devices_of(pf.address);
  const std::string pf_name = uplinks.empty() ? "net" : uplinks.front()->name;
  for (const auto& [index, address] : pf.sriov->virtfns) {
    NetDevice net;
    net.name = representor_name(pf_name, index, pf.sriov->num_vfs);
    net.ifindex = next_ifindex(inventory);
    net.mtu = 1500;
    net.link_type = model::LinkType::ethernet;
    net.function = pf.address;
    net.phys_port_name = fmt::format("pf{}vf{}", pf.address.function, index);
    inventory.net_devices.push_back(std::move(net));
  }
}

void apply(Inventory& inventory, const model::SetNumVfs& action) {
  const auto found = inventory.functions.find(action.pf);
  if (found == inventory.functions.end() || !found->second.sriov) return;
  PciFunction& pf = found->second;
  for (const auto& [index, address] : pf.sriov->virtfns) {
    forget_links(inventory, address);
    inventory.functions.erase(address);
  }
  pf.sriov->virtfns.clear();
  for (auto& net : inventory.net_devices)
    if (net.function == action.pf) net.vfs.clear();
  pf.sriov->num_vfs = action.to;
  if (action.to > 0) pf.sriov->drivers_autoprobe = false;
  for (unsigned index = 0; index < action.to; ++index) {
    PciFunction vf;
    vf.address = vf_address(action.pf, *pf.sriov, index);
    vf.vendor = pf.vendor;
    vf.device = pf.sriov->vf_device_id.value_or(0);
    vf.class_code = pf.class_code;
    vf.numa_node = pf.numa_node;
    if (pf.iommu_group) vf.iommu_group = index;
    vf.physfn = action.pf;
    vf.vf_index = index;
    pf.sriov->virtfns.emplace(index, vf.address);
    inventory.functions.insert_or_assign(vf.address, std::move(vf));
  }
  // A driver that tells its mode only when there are VFs makes them in legacy mode.
  if (action.to != 0 && !pf.eswitch_mode && driver_facts(pf.driver.value_or("")).eswitch == EswitchOrder::after_vfs)
    pf.eswitch_mode = model::EswitchMode::legacy;
  place_representors(inventory, pf);
}

void apply(Inventory& inventory, const model::SetEswitchMode& action) {
  const auto found = inventory.functions.find(action.pf);
  if (found == inventory.functions.end() || !found->second.sriov) return;
  found->second.eswitch_mode = action.to;
  for (const auto& [index, address] : found->second.sriov->virtfns) {
    forget_links(inventory, address);
    if (const auto vf = inventory.functions.find(address); vf != inventory.functions.end()) vf->second.driver.reset();
  }
  place_representors(inventory, found->second);
}

void apply(Inventory& inventory, const model::WriteUdevRules& action) {
  const auto found = inventory.functions.find(action.pf);
  if (found != inventory.functions.end()) found->second.udev_rules = action.text;
}

void apply(Inventory& inventory, const model::SetAutoprobe& action) {
  const auto found = inventory.functions.find(action.pf);
  if (found != inventory.functions.end() && found->second.sriov) found->second.sriov->drivers_autoprobe = action.on;
}

void apply(Inventory& inventory, const model::BindDriver& action) {
  const auto found = inventory.functions.find(action.function);
  if (found == inventory.functions.end()) return;
  forget_links(inventory, action.function);
  PciFunction& vf = found->second;
  if (action.device_type == model::DeviceType::vfio_pci) {
    vf.driver = "vfio-pci";
    return;
  }
  const PciFunction* pf = vf.physfn ? inventory.function(*vf.physfn) : nullptr;
  vf.driver = std::string{driver_facts(pf != nullptr && pf->driver ? *pf->driver : "").vf_driver};
  const auto pf_nets = pf == nullptr ? std::vector<const NetDevice*>{} : inventory.net_devices_of(pf->address);
  NetDevice net;
  net.name = fmt::format("{}v{}", pf_nets.empty() ? "net" : pf_nets.front()->name, action.vf_index);
  net.ifindex = next_ifindex(inventory);
  net.mtu = 1500;
  if (pf != nullptr)
    if (const auto* told = speaker(inventory, pf->address); told != nullptr && told->vfs.contains(action.vf_index))
      if (const auto& mac = told->vfs.at(action.vf_index).mac; mac && mac->usable()) net.address = mac->text();
  net.link_type = pf_nets.empty() ? model::LinkType::ethernet : pf_nets.front()->link_type;
  net.function = action.function;
  inventory.net_devices.push_back(std::move(net));
}

void apply(Inventory& inventory, const model::UnbindDriver& action) {
  const auto found = inventory.functions.find(action.function);
  if (found == inventory.functions.end()) return;
  forget_links(inventory, action.function);
  found->second.driver.reset();
}

void apply(Inventory& inventory, const model::SetVf& action) {
  const auto* speaks = speaker(inventory, action.pf);
  for (auto& net : inventory.net_devices)
    if (&net == speaks) lay_over(net.vfs[action.vf_index], action.settings);
}

void apply(Inventory& inventory, const model::SetVdpa& action) {
  const auto found = inventory.functions.find(action.function);
  if (found == inventory.functions.end()) return;
  const auto name = action.from ? action.from->name : model::vdpa_name(action.function);
  auto& devices = found->second.vdpa;
  std::erase_if(devices, [&](const auto& device) { return device.name == name; });
  if (action.to) devices.push_back({name, std::string{vdpa_driver(*action.to)}});
  std::ranges::sort(devices, {}, &model::VdpaDevice::name);
}

void apply(Inventory& inventory, const model::BringUp& action) {
  for (auto& net : inventory.net_devices)
    if (net.function == action.function) net.admin_up = true;
}

void apply(Inventory& inventory, const model::SetMtu& action) {
  for (auto& net : inventory.net_devices)
    if (net.function == action.function && net.own()) net.mtu = action.to;
}

void apply(Inventory& inventory, const model::SetAcs& action) {
  const auto bridge = inventory.pcie.functions.find(action.bridge);
  if (bridge == inventory.pcie.functions.end() || !bridge->second.config.acs) return;
  auto& control = bridge->second.config.acs->control;
  control = static_cast<std::uint16_t>((control & ~action.mask) | (action.value & action.mask));
}

void apply(Inventory& inventory, const model::SetMaxReadRequest& action) {
  const auto function = inventory.pcie.functions.find(action.function);
  if (function != inventory.pcie.functions.end() && function->second.config.express)
    function->second.config.express->max_read_request = action.to;
}

void apply(Inventory& inventory, const model::LoadModule& action) {
  const std::string name = model::kernel_name(action.name);
  const auto place = std::ranges::lower_bound(inventory.modules, name, {}, &model::LoadedModule::name);
  if (place != inventory.modules.end() && place->name == name) return;
  model::LoadedModule module;
  module.name = name;
  module.state = "live";
  inventory.modules.insert(place, std::move(module));
}

// Its functions lose their driver, and with it their VFs, interfaces and RDMA devices.
void apply(Inventory& inventory, const model::UnloadModule& action) {
  std::erase_if(inventory.modules, [&](const auto& module) { return module.name == action.name; });
  for (auto& module : inventory.modules)
    if (std::erase(module.holders, action.name) != 0 && module.references != 0) --module.references;
  std::erase_if(inventory.rdma_devices, [&](const model::RdmaDevice& rdma) {
    if (rdma.software) return action.name == "rdma_rxe";
    const auto* function = rdma.function ? inventory.function(*rdma.function) : nullptr;
    return function != nullptr && function->driver && driver_facts(*function->driver).rdma_module == action.name;
  });
  std::vector<PciAddress> lost;
  for (const auto& [address, function] : inventory.functions)
    if (function.driver && model::kernel_name(*function.driver) == action.name) lost.push_back(address);
  for (const auto& address : lost) {
    const auto found = inventory.functions.find(address);
    if (found == inventory.functions.end()) continue;  // a VF that went with its PF
    if (found->second.sriov) apply(inventory, model::SetNumVfs{address, found->second.sriov->num_vfs, 0});
    forget_links(inventory, address);
    found->second.driver.reset();
    found->second.eswitch_mode.reset();
  }
  // What stood on their interfaces goes too.
  const auto stands_on_nothing = [&](const NetDevice& net) {
    return net.lower_ifindex && inventory.net_device(*net.lower_ifindex) == nullptr;
  };
  while (std::ranges::any_of(inventory.net_devices, stands_on_nothing))
    inventory.net_devices.erase(std::ranges::find_if(inventory.net_devices, stands_on_nothing));
}

void apply(Inventory& /*inventory*/, const model::SetOverride& /*action*/) {}  // it does not tell of these

void apply(Inventory& inventory, const model::RestoreInterface& action) {
  if (action.ifindex == 0) {
    NetDevice made;
    made.ifindex = next_ifindex(inventory);
    made.link_type = model::LinkType::ethernet;
    made.name = action.saved.name;
    if (const auto* lower = inventory.net_device(std::string_view{action.saved.lower}))
      made.lower_ifindex = lower->ifindex;
    inventory.net_devices.push_back(std::move(made));
  }
  const auto* master = inventory.net_device(std::string_view{action.saved.master});
  for (auto& net : inventory.net_devices) {
    if (action.ifindex == 0 ? net.name != action.saved.name : net.ifindex != action.ifindex) continue;
    net.name = action.saved.name;
    net.mtu = action.saved.mtu;
    net.admin_up = action.saved.up;
    if (!action.saved.address.empty()) net.address = action.saved.address;
    if (master != nullptr) net.master_ifindex = master->ifindex;
  }
}

void apply(Inventory& inventory, const model::RestoreRdmaDevice& action) {
  if (!action.now.empty()) {
    for (auto& rdma : inventory.rdma_devices)
      if (rdma.name == action.now) rdma.name = action.saved.name;
    return;
  }
  const auto* net = inventory.net_device(std::string_view{action.saved.interface});
  if (net == nullptr) return;
  model::RdmaDevice rdma;
  rdma.name = action.saved.name;
  rdma.software = true;
  rdma.function = net->function;
  model::RdmaPort port;
  port.number = 1;
  port.net_ifindex = net->ifindex;
  rdma.ports.push_back(port);
  inventory.rdma_devices.push_back(std::move(rdma));
}

// As when the kernel changes it at once.
void apply(Inventory& inventory, const model::SetRdmaNetns& action) {
  if (inventory.rdma_netns_mode && action.to) inventory.rdma_netns_mode = action.to;
  const std::string allowed = action.option ? model::ib_core_option(*action.option) : "";
  if (inventory.rdma_netns_option != allowed) inventory.rdma_netns_option = inventory.rdma_netns_mode ? "" : allowed;
}

}  // namespace

PciAddress vf_address(const PciAddress& pf, const model::Sriov& sriov, unsigned index) {
  const unsigned devfn = static_cast<unsigned>(pf.device) << 3U | pf.function;
  const unsigned id = devfn + sriov.offset + sriov.stride * index;
  return {pf.domain, static_cast<std::uint8_t>(pf.bus + (id >> 8U)), static_cast<std::uint8_t>(id >> 3U & 0x1fU),
          static_cast<std::uint8_t>(id & 7U)};
}

void predict(Inventory& inventory, const model::Action& action) {
  std::visit([&](const auto& typed) { apply(inventory, typed); }, action);
}

}  // namespace nic::core
