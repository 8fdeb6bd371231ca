#include "core/put_back.hpp"

#include "core/ownership.hpp"
#include "core/plan.hpp"
#include "core/vf_change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace nic::core {
namespace {

using model::Inventory;
using model::NetDevice;
using model::PciAddress;
using model::PciFunction;
using model::RdmaDevice;
using model::ReloadRecord;
using model::Step;

constexpr std::chrono::seconds kDeadline{30};
constexpr std::string_view kWhy = "its driver was loaded anew";

// The PF that makes the function, or the function itself.
PciAddress owner(const Inventory& inventory, const PciAddress& address) {
  const auto* function = inventory.function(address);
  return function != nullptr && function->physfn ? *function->physfn : address;
}

// The hardware's, in the order in which they were made.
std::vector<const RdmaDevice*> devices_of(const Inventory& inventory, const PciAddress& function) {
  auto devices = inventory.rdma_devices_of(function);
  std::erase_if(devices, [](const auto* device) { return device->software; });
  std::ranges::sort(devices, {}, &RdmaDevice::index);
  return devices;
}

model::SavedPf saved_pf(const PciFunction& pf, const Inventory& inventory, const model::ReloadFacts& facts) {
  model::SavedPf saved{.pf = pf.address,
                       .num_vfs = pf.sriov->num_vfs,
                       .drivers_autoprobe = pf.sriov->drivers_autoprobe,
                       .eswitch_mode = pf.eswitch_mode,
                       .vfs = vfs_as_they_are(pf, inventory)};
  for (const auto& [index, address] : pf.sriov->virtfns) {
    const auto* vf = inventory.function(address);
    if (vf == nullptr) continue;
    if (const auto driver = facts.overrides.find(address); driver != facts.overrides.end())
      saved.overrides[index] = driver->second;
    if (!vf->vdpa.empty()) saved.vdpa[index] = vf->vdpa.front().driver;
  }
  return saved;
}

// Which its driver takes when it binds; most let it have no other.
bool has_address_of_pf(const NetDevice& net, const Inventory& inventory) {
  const auto* function = net.function ? inventory.function(*net.function) : nullptr;
  const auto* told = function != nullptr && function->physfn ? told_of(inventory, *function) : nullptr;
  return told != nullptr && told->mac && told->mac->usable();
}

model::SavedInterface saved_interface(const NetDevice& net, const Inventory& inventory,
                                      const std::map<unsigned, model::SavedMessages>& messages) {
  model::SavedInterface saved{.name = net.name, .mtu = net.mtu, .up = net.admin_up};
  if (net.lower_ifindex) {
    if (const auto* lower = inventory.net_device(*net.lower_ifindex)) saved.lower = lower->name;
  } else {
    saved.function = net.function;
    const auto own = inventory.net_devices_of(*net.function);
    saved.port = static_cast<unsigned>(std::ranges::find(own, &net) - own.begin());
  }
  if (net.link_type != model::LinkType::infiniband && !has_address_of_pf(net, inventory)) saved.address = net.address;
  if (net.master_ifindex)
    if (const auto* master = inventory.net_device(*net.master_ifindex)) saved.master = master->name;
  if (const auto told = messages.find(net.ifindex); told != messages.end()) saved.messages = told->second;
  return saved;
}

std::optional<model::SavedRdmaDevice> saved_rdma(const RdmaDevice& device, const Inventory& inventory,
                                                 const model::ReloadFacts& facts) {
  model::SavedRdmaDevice saved{.name = device.name};
  if (!device.software) {
    if (!device.function) return std::nullopt;
    const auto all = devices_of(inventory, *device.function);
    saved.function = device.function;
    saved.position = static_cast<std::size_t>(std::ranges::find(all, &device) - all.begin());
    return saved;
  }
  const auto kind = facts.software_kinds.find(device.name);
  for (const auto& port : device.ports)
    if (const auto* net = port.net_ifindex ? inventory.net_device(*port.net_ifindex) : nullptr)
      saved.interface = net->name;
  if (kind == facts.software_kinds.end() || saved.interface.empty()) return std::nullopt;
  saved.kind = kind->second;
  return saved;
}

Step step(model::Action action) {
  return {std::move(action), model::Disruption::live, std::string{kWhy}, {}, kDeadline, {}, true, true};
}

model::DesiredPf desired(const model::SavedPf& saved) {
  model::DesiredPf wish;
  wish.pf = saved.pf;
  wish.num_vfs = saved.num_vfs;
  wish.eswitch_mode = saved.eswitch_mode;
  wish.given_back = true;
  for (const auto& [address, was] : saved.vfs) {
    auto vf = as_it_was(was, was.driver.value_or(""));
    vf.mtu.reset();  // its interface is put back by itself
    vf.policy = "before";
    if (const auto vdpa = saved.vdpa.find(was.index); vdpa != saved.vdpa.end())
      for (const auto type : model::kVdpaTypes)
        if (vdpa->second == vdpa_driver(type)) vf.vdpa_type = type;
    wish.vfs.emplace(was.index, std::move(vf));
  }
  return wish;
}

class PutBack {
 public:
  PutBack(const ReloadRecord& record, const PutBackSoFar& so_far, const Inventory& inventory)
      : record_{record}, so_far_{so_far}, inventory_{inventory} {}

  // PFs' own interfaces, then their VFs, then what stands on these.
  PuttingBack run() {
    const auto of_pf = [&](const model::SavedInterface& saved) {
      const auto* function = saved.function ? inventory_.function(*saved.function) : nullptr;
      return function != nullptr && !function->physfn;
    };
    interfaces(of_pf);
    for (const auto& saved : record_.pfs) pf(saved);
    interfaces([&](const auto& saved) { return !of_pf(saved); });
    for (const auto& saved : record_.rdma_devices)
      if (!so_far_.rdma_devices.contains(saved.name)) rdma(saved);
    return std::move(result_);
  }

 private:
  void add(const PutBackLane& lane, Step step) { result_.lanes[lane].push_back(std::move(step)); }
  void wait(std::string what) { result_.waits.push_back(std::move(what)); }

  [[nodiscard]] PutBackLane lane_of(const std::optional<PciAddress>& function) const {
    return function ? PutBackLane{owner(inventory_, *function)} : PutBackLane{};
  }

  template <class Which>
  void interfaces(Which which) {
    for (const auto& saved : record_.interfaces)
      if (!so_far_.interfaces.contains(saved.name) && which(saved)) interface(saved);
  }

  // It is in the machine, and what had to be put back of it has been.
  [[nodiscard]] const NetDevice* back(const std::string& name) const {
    const bool saved =
        std::ranges::find(record_.interfaces, name, &model::SavedInterface::name) != record_.interfaces.end();
    return saved && !so_far_.interfaces.contains(name) ? nullptr : inventory_.net_device(std::string_view{name});
  }

  // Where one stands on another, it is made on that one by name.
  void interface(const model::SavedInterface& saved) {
    const bool waits_for_master =
        !saved.master.empty() && inventory_.net_device(std::string_view{saved.master}) == nullptr;
    if (saved.function) {
      const auto own = inventory_.net_devices_of(*saved.function);
      if (own.size() <= saved.port)
        return wait(fmt::format("network interface {} of {}", saved.name, saved.function->text()));
      if (waits_for_master) return wait(fmt::format("{}, of which {} is a port", saved.master, saved.name));
      // Its VF may yet be taken from its driver.
      if (unsettled_.contains(owner(inventory_, *saved.function)) && inventory_.function(*saved.function)->physfn)
        return;
      add(lane_of(saved.function), step(model::RestoreInterface{saved, own[saved.port]->ifindex}));
      return;
    }
    const auto* lower = back(saved.lower);
    if (lower == nullptr || waits_for_master)
      return wait(fmt::format("{}, on which {} stands", saved.lower, saved.name));
    const auto* now = inventory_.net_device(std::string_view{saved.name});
    add(lane_of(lower->function), step(model::RestoreInterface{saved, now == nullptr ? 0 : now->ifindex}));
  }

  [[nodiscard]] bool own_interfaces_are_back(const PciAddress& pf) const {
    return std::ranges::all_of(record_.interfaces, [&](const auto& saved) {
      return saved.function != pf || so_far_.interfaces.contains(saved.name);
    });
  }

  // After the PF's own interfaces: what is told of VFs is told through them, and some of it only while they are up.
  void pf(const model::SavedPf& saved) {
    const auto* function = inventory_.function(saved.pf);
    if (function == nullptr) return wait("function " + saved.pf.text());
    if (!function->sriov || !own_interfaces_are_back(saved.pf)) return;
    model::Desired wish;
    wish.pfs.emplace(saved.pf, desired(saved));
    // Modules that its VFs need are there, or are loaded anew before.
    auto plan = core::plan(wish, inventory_, {}, {.force = true});
    for (auto& part : plan.pfs) {
      for (auto& refusal : part.refusals) wait(refusal.error.text());
      for (auto& one : part.steps) {
        const bool made = std::holds_alternative<model::SetNumVfs>(one.action);
        planned(saved.pf, std::move(one));
        // The kernel tells of what was made: most of it is as it should be already.
        if (made) break;
      }
    }
    if (!unsettled_.contains(saved.pf)) overrides(saved, *function);
  }

  void planned(const PciAddress& pf, Step one) {
    if (std::holds_alternative<model::WriteUdevRules>(one.action)) return;  // the agent's own, and none of the driver's
    unsettled_.insert(pf);
    if (one.waits_for) return wait(fmt::format("{}, to {}", *one.waits_for, describe(one.action)));
    one.why = kWhy;
    add(pf, std::move(one));
  }

  // When nothing else is left to be done: binding to vfio-pci uses the override itself.
  void overrides(const model::SavedPf& saved, const PciFunction& pf) {
    if (pf.sriov->drivers_autoprobe != saved.drivers_autoprobe)
      return add(pf.address, step(model::SetAutoprobe{pf.address, saved.drivers_autoprobe}));
    for (const auto& [index, driver] : saved.overrides) {
      const auto address = pf.sriov->virtfns.find(index);
      const auto* vf = address == pf.sriov->virtfns.end() ? nullptr : inventory_.function(address->second);
      if (vf == nullptr)
        wait(fmt::format("VF {} of {}", index, pf.address.text()));
      else if (!so_far_.overrides.contains(vf->address))
        add(pf.address, step(model::SetOverride{vf->address, driver}));
    }
  }

  void rdma(const model::SavedRdmaDevice& saved) {
    const auto there = std::ranges::find(inventory_.rdma_devices, saved.name, &RdmaDevice::name);
    const bool is_there = there != inventory_.rdma_devices.end();
    if (!saved.function) {
      if (is_there && there->software) return;
      const auto* net = back(saved.interface);
      if (net == nullptr) return wait(fmt::format("{}, on which RDMA device {} stands", saved.interface, saved.name));
      return add(lane_of(net->function), step(model::RestoreRdmaDevice{saved, ""}));
    }
    if (is_there && there->function == saved.function) return;
    const auto devices = devices_of(inventory_, *saved.function);
    if (devices.size() <= saved.position)
      return wait(fmt::format("RDMA device {} of {}", saved.name, saved.function->text()));
    // Its name may be another's for the moment.
    if (is_there) return wait(fmt::format("the name {}, which another RDMA device has", saved.name));
    add(lane_of(saved.function), step(model::RestoreRdmaDevice{saved, devices[saved.position]->name}));
  }

  const ReloadRecord& record_;
  const PutBackSoFar& so_far_;
  const Inventory& inventory_;
  std::set<PciAddress> unsettled_;  // PFs whose VFs are not yet as they were
  PuttingBack result_;
};

}  // namespace

ReloadRecord what_goes(const model::ReloadPlan& plan, const Inventory& inventory, const model::ReloadFacts& facts,
                       const std::map<unsigned, model::SavedMessages>& messages) {
  ReloadRecord record;
  record.load = plan.load;
  std::set<PciAddress> pfs;
  for (const auto& address : plan.functions) pfs.insert(owner(inventory, address));
  for (const auto& address : pfs)
    if (const auto* pf = inventory.function(address); pf != nullptr && pf->sriov)
      record.pfs.push_back(saved_pf(*pf, inventory, facts));
  for (const auto ifindex : plan.interfaces) {
    const auto* net = inventory.net_device(ifindex);
    if (net == nullptr || (!net->lower_ifindex && !net->own())) continue;
    if (net->lower_ifindex) {
      const auto told = messages.find(ifindex);
      if (told == messages.end() || told->second.link_info.empty()) continue;  // said to be lost, in the plan
    }
    record.interfaces.push_back(saved_interface(*net, inventory, messages));
  }
  for (const auto& name : plan.rdma_devices) {
    const auto device = std::ranges::find(inventory.rdma_devices, name, &RdmaDevice::name);
    if (auto saved = device == inventory.rdma_devices.end() ? std::nullopt : saved_rdma(*device, inventory, facts))
      record.rdma_devices.push_back(std::move(*saved));
  }
  return record;
}

void PutBackSoFar::note(const model::Action& done) {
  if (const auto* net = std::get_if<model::RestoreInterface>(&done)) interfaces.insert(net->saved.name);
  if (const auto* rdma = std::get_if<model::RestoreRdmaDevice>(&done)) rdma_devices.insert(rdma->saved.name);
  if (const auto* reserved = std::get_if<model::SetOverride>(&done)) overrides.insert(reserved->function);
}

PuttingBack put_back(const ReloadRecord& record, const PutBackSoFar& so_far, const Inventory& inventory) {
  return PutBack{record, so_far, inventory}.run();
}

std::set<PciAddress> kept_busy(const ReloadRecord& record) {
  std::set<PciAddress> all;
  for (const auto& pf : record.pfs) {
    all.insert(pf.pf);
    for (const auto& [address, vf] : pf.vfs) all.insert(address);
  }
  for (const auto& net : record.interfaces)
    if (net.function) all.insert(*net.function);
  return all;
}

}  // namespace nic::core
