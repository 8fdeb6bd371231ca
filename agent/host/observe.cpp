#include "host/observe.hpp"

#include "host/facts.hpp"
#include "host/rdma_netns.hpp"
#include "host/udev_rules.hpp"
#include "host/users.hpp"
#include "host/vdpa.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

namespace nic::host {
namespace {

// Problems of the machine as a whole begin with the activity during which they were met, so that looking again replaces
// just those.
constexpr std::string_view kMachine = "look at the machine";
constexpr std::string_view kFunctions = "look for PCI functions";
constexpr std::string_view kEswitches = "look at the eswitches";
constexpr std::string_view kDevlink = "look at the ports and the health of cards";
constexpr std::string_view kDdp = "look at the DDP profiles";
constexpr std::string_view kNetwork = "look at the network";
constexpr std::string_view kRdma = "look at the RDMA devices";
constexpr std::string_view kVfs = "look at the VFs";
constexpr std::string_view kModules = "look at the kernel modules";

void replace_problems(model::Inventory& inventory, std::string_view activity, const Problems& now) {
  std::erase_if(inventory.problems,
                [&](const model::Error& error) { return std::string_view{error.operation}.starts_with(activity); });
  for (const auto& problem : now) inventory.problems.push_back(problem.during(activity));
}

void look_at_functions(const Sysfs& sys, const model::Dirty& dirty, model::Inventory& inventory) {
  Problems problems;
  auto all = std::move(inventory.functions);
  all.merge(inventory.accelerators);
  if (dirty.everything)
    all = read_all_functions(sys, inventory.pcie.gpus, problems);
  else
    refresh_functions(sys, dirty.functions, all, inventory.pcie.gpus, problems);
  inventory.functions.clear();
  inventory.accelerators.clear();
  while (!all.empty()) {
    auto node = all.extract(all.begin());
    auto& rest = is_accelerator(node.mapped()) ? inventory.accelerators : inventory.functions;
    rest.insert(rest.end(), std::move(node));
  }
  replace_problems(inventory, kFunctions, problems);
}

// What a PF has besides PCI. Functions that were read anew have lost it; what cannot be read now is as it was.
void look_at_pfs(const model::Roots& roots, const NetlinkSource& netlink, const model::Inventory& previous,
                 const std::set<model::PciAddress>& busy, model::Inventory& inventory) {
  std::vector<model::PciAddress> asked;
  for (auto& [address, function] : inventory.functions) {
    if (!function.sriov) continue;
    function.udev_rules = read_udev_rules(roots, address);
    const auto* before = previous.function(address);
    function.eswitch_mode = before != nullptr && function.driver ? before->eswitch_mode : std::nullopt;
    if (function.driver && !busy.contains(address)) asked.push_back(address);
  }
  Problems problems;
  if (netlink.eswitch_modes && !asked.empty()) {
    const auto modes = netlink.eswitch_modes(asked);
    if (!modes) problems.push_back(modes.error());
    for (const auto& [address, mode] : modes.value_or(EswitchModes{}))
      if (mode)
        inventory.functions.at(address).eswitch_mode = *mode;
      else
        problems.push_back(mode.error());
  }
  replace_problems(inventory, kEswitches, problems);
}

// Of Intel's cards, whose driver answers from what it has loaded; asking others would put a question to their firmware.
void look_at_ddp(const NetlinkSource& netlink, const model::Inventory& previous,
                 const std::set<model::PciAddress>& busy, model::Inventory& inventory) {
  constexpr std::string_view kDriver = "ice";
  std::vector<model::PciAddress> asked;
  for (auto& [address, function] : inventory.functions) {
    if (function.driver != kDriver) continue;
    if (const auto* before = previous.function(address)) function.ddp_profile = before->ddp_profile;
    if (!busy.contains(address)) asked.push_back(address);
  }
  Problems problems;
  if (netlink.ddp_profiles && !asked.empty()) {
    const auto profiles = netlink.ddp_profiles(asked);
    if (!profiles) problems.push_back(profiles.error());
    for (const auto& [address, profile] : profiles.value_or(DdpProfiles{}))
      if (profile)
        inventory.functions.at(address).ddp_profile = *profile;
      else
        problems.push_back(profile.error());
  }
  replace_problems(inventory, kDdp, problems);
}

// The function that a devlink device is, or stands on: newer kernels have mlx5's on the auxiliary bus.
std::optional<model::PciAddress> function_of(const Sysfs& sys, const DevlinkDevice& device) {
  if (device.bus == "pci") {
    const auto address = model::PciAddress::parse(device.name);
    return address ? std::optional{*address} : std::nullopt;
  }
  if (device.text().find('/') != device.text().rfind('/')) return std::nullopt;
  const auto target = sys.target(("bus/" + device.bus + "/devices/" + device.name).c_str());
  return target && *target ? function_above(**target) : std::nullopt;
}

// A driver that makes VFs, or is being bound, holds its device's lock as long as it likes: nobody asks meanwhile, and
// the end of the step brings another look.
void look_at_devlink(const Sysfs& sys, const NetlinkSource& netlink, const model::Inventory& previous,
                     const std::set<model::PciAddress>& busy, model::Inventory& inventory) {
  for (auto& [address, function] : inventory.functions) {
    const auto* before = previous.function(address);
    if (before == nullptr || before->life != function.life || !function.driver) continue;
    function.ports = before->ports;
    function.reporters = before->reporters;
  }
  if (!netlink.devlink || !busy.empty()) return;
  const auto facts = netlink.devlink();
  replace_problems(inventory, kDevlink, facts ? Problems{} : Problems{facts.error()});
  if (!facts) return;
  for (auto& [address, function] : inventory.functions) {
    function.ports.clear();
    function.reporters.clear();
  }
  const auto owner = [&](const DevlinkDevice& device) -> model::PciFunction* {
    const auto address = function_of(sys, device);
    const auto found = address ? inventory.functions.find(*address) : inventory.functions.end();
    return found == inventory.functions.end() ? nullptr : &found->second;
  };
  for (const auto& [device, port] : facts->ports)
    if (auto* function = owner(device)) function->ports.push_back(port);
  for (const auto& [device, reporter] : facts->reporters)
    if (auto* function = owner(device)) function->reporters.push_back(reporter);
  for (auto& [address, function] : inventory.functions) {
    std::ranges::sort(function.ports, {}, &model::DevlinkPort::index);
    std::ranges::sort(function.reporters, {}, [](const auto& one) { return std::pair{one.port, one.name}; });
  }
}

void look_at_network(const Sysfs& sys, const model::Roots& roots, const NetlinkSource& netlink,
                     model::Inventory& inventory) {
  Problems problems;
  auto links = netlink.links();
  if (!links) {
    problems.push_back(links.error());
    links = sysfs_netlink(roots).links();
  }
  if (links)
    inventory.net_devices = join_net_devices(sys, *links);
  else
    problems.push_back(links.error());
  if (auto routes = netlink.routes())
    inventory.default_routes = ordered(std::move(*routes));
  else
    problems.push_back(routes.error());  // the routes known before protect on
  replace_problems(inventory, kNetwork, problems);
}

void look_at_rdma(const Sysfs& sys, const model::Roots& roots, const NetlinkSource& netlink,
                  model::Inventory& inventory) {
  Problems problems;
  inventory.rdma_netns_option = read_rdma_netns_option(roots);
  auto facts = netlink.rdma();
  if (!facts) {
    problems.push_back(facts.error());
    facts = sysfs_netlink(roots).rdma();
  }
  if (facts) {
    inventory.rdma_subsystem = facts->subsystem;
    inventory.rdma_netns_mode = facts->netns_mode;
    inventory.rdma_devices = join_rdma_devices(sys, facts->devices, problems);
    inventory.rdma_cm = read_rdma_cm(sys, problems);
  } else {
    problems.push_back(facts.error());
  }
  replace_problems(inventory, kRdma, problems);
}

void look_at_modules(const Sysfs& sys, const model::Roots& roots, model::Inventory& inventory) {
  Problems problems;
  if (const auto proc = Sysfs::open(roots.proc)) {
    inventory.modules = read_modules(*proc, sys, problems);
  } else {
    problems.push_back(proc.error());
  }
  replace_problems(inventory, kModules, problems);
}

// Of VFs that the driver says nothing about an empty entry tells just that.
void look_at_vfs(const model::Dirty& dirty, const NetlinkSource& netlink, model::Inventory& inventory) {
  if (!dirty.everything && dirty.functions.empty() && !dirty.network) return;
  Problems problems;
  for (auto& net : inventory.net_devices) {
    net.vfs.clear();
    const auto* pf = net.function ? inventory.function(*net.function) : nullptr;
    if (pf == nullptr || !pf->sriov || pf->sriov->num_vfs == 0 || !net.own()) continue;
    auto vfs = netlink.vfs(net.ifindex);
    if (vfs)
      net.vfs = std::move(*vfs);
    else
      problems.push_back(vfs.error());
    for (const auto& [index, address] : pf->sriov->virtfns) net.vfs.try_emplace(index);
  }
  replace_problems(inventory, kVfs, problems);
}

// What can be handed out as a whole.
bool is_whole(const model::PciFunction& function) {
  return function.physfn || !function.sriov || function.sriov->num_vfs == 0;
}

// Only what can be in use is asked about: functions with a driver and without an interface in this network namespace,
// or with a vDPA device. That somebody opens a VFIO group is no event; a step asks again before it tears something
// down.
void look_for_users(const model::Roots& roots, const model::Dirty& dirty, model::Inventory& inventory) {
  if (!dirty.everything && dirty.functions.empty() && !dirty.network) return;
  std::set<model::PciAddress> visible;
  for (const auto& net : inventory.net_devices)
    if (net.function && net.own()) visible.insert(*net.function);
  std::vector<model::PciAddress> asked;
  for (const auto& [address, function] : inventory.functions)
    if (is_whole(function) && function.driver && (!visible.contains(address) || !function.vdpa.empty()))
      asked.push_back(address);
  const auto users = users_of(roots, asked);
  for (auto& [address, function] : inventory.functions) {
    const auto found = users.find(address);
    function.in_use = found == users.end() ? "" : found->second;
  }
}

std::string folder_of(const model::AuxiliaryDevice& device) { return "bus/auxiliary/devices/" + device.name; }

void look_for_users_of_auxiliary(const Sysfs& sys, const model::Dirty& dirty, model::Inventory& inventory) {
  if (!dirty.everything && dirty.functions.empty() && !dirty.network) return;
  for (auto& [address, function] : inventory.functions)
    for (auto& device : function.auxiliary) {
      const bool away =
          device.driver && inventory.net_devices_on(device.name).empty() && has_empty(sys, folder_of(device), "net");
      device.in_use = away ? "its network interface is in another network namespace" : "";
    }
}

// In exclusive mode an RDMA device that moved into a pod is not seen here, and is no less there.
void look_for_rdma_elsewhere(const Sysfs& sys, const model::Dirty& dirty, model::Inventory& inventory) {
  if (!dirty.everything && dirty.functions.empty() && !dirty.network && !dirty.rdma) return;
  const bool possible = inventory.rdma_netns_mode == model::RdmaNetnsMode::exclusive;
  for (auto& [address, function] : inventory.functions) {
    function.rdma_elsewhere = possible && function.driver && inventory.rdma_devices_of(address).empty() &&
                              has_empty(sys, "bus/pci/devices/" + address.text(), "infiniband");
    for (auto& device : function.auxiliary)
      device.rdma_elsewhere = possible && device.driver && inventory.rdma_devices_on(device.name).empty() &&
                              has_empty(sys, folder_of(device), "infiniband");
  }
}

void look_at_vhost(const model::Roots& roots, model::Inventory& inventory) {
  std::error_code ignored;
  inventory.vhost_net = std::filesystem::exists(roots.dev / "vhost-net", ignored) &&
                        std::filesystem::exists(roots.dev / "net/tun", ignored);
}

}  // namespace

model::Inventory observe(const model::Roots& roots, const model::Inventory& previous, const model::Dirty& dirty,
                         const std::set<model::PciAddress>& busy) {
  return observe(roots, netlink_of(roots), previous, dirty, busy);
}

model::Inventory observe(const model::Roots& roots, const NetlinkSource& netlink, const model::Inventory& previous,
                         const model::Dirty& dirty, const std::set<model::PciAddress>& busy) {
  model::Inventory now = dirty.everything ? model::Inventory{} : previous;
  const auto sys = Sysfs::open(roots.sys);
  replace_problems(now, kMachine, sys ? Problems{} : Problems{sys.error()});
  if (!sys) return now;
  if (dirty.everything) now.default_routes = previous.default_routes;  // stand where they cannot be read now
  if (dirty.everything || !dirty.functions.empty()) {
    look_at_functions(*sys, dirty, now);
    look_at_pfs(roots, netlink, previous, busy, now);
    look_at_ddp(netlink, previous, busy, now);
    look_at_vdpa(*sys, now.functions);
    look_at_auxiliary(*sys, now.functions);
    now.pcie = read_pcie(roots, *sys, dirty, busy, now.functions, std::move(now.pcie.gpus), previous.pcie);
  }
  if (dirty.everything || dirty.devlink || !dirty.functions.empty())
    look_at_devlink(*sys, netlink, previous, busy, now);
  if (dirty.everything || dirty.network) look_at_network(*sys, roots, netlink, now);
  if (dirty.everything || dirty.rdma) look_at_rdma(*sys, roots, netlink, now);
  if (dirty.everything || dirty.modules) {
    look_at_modules(*sys, roots, now);
    look_at_vhost(roots, now);
  }
  look_at_vfs(dirty, netlink, now);
  tie_software_rdma(now);
  look_for_users(roots, dirty, now);
  look_for_users_of_auxiliary(*sys, dirty, now);
  look_for_rdma_elsewhere(*sys, dirty, now);
  return now;
}

}  // namespace nic::host
