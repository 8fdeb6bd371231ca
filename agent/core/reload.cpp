#include "core/reload.hpp"

#include "core/order.hpp"
#include "model/drivers.hpp"
#include "model/module.hpp"
#include "model/module_catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <set>

namespace nic::core {
namespace {

using model::Error;
using model::Inventory;
using model::LoadedModule;
using model::NetDevice;
using model::PciAddress;
using model::ReloadFacts;
using model::ReloadPlan;

using Modules = std::set<std::string, std::less<>>;

// Lustre's own network holds connections that its modules do not count.
constexpr std::array kLustre{"ko2iblnd", "lnet", "lustre"};
constexpr std::array kNvme{"nvme", "nvme_core"};

const LoadedModule* live(const Inventory& inventory, std::string_view name) {
  const auto found = std::ranges::lower_bound(inventory.modules, name, {}, &LoadedModule::name);
  return found != inventory.modules.end() && found->name == name ? &*found : nullptr;
}

// Sets taken apart; each module once, in the order of the first that names it.
std::expected<std::vector<std::string>, Error> asked_modules(const std::vector<std::string>& names) {
  std::vector<std::string> all;
  const auto add = [&](std::string_view name) {
    auto module = model::kernel_name(name);
    if (!module.empty() && std::ranges::find(all, module) == all.end()) all.push_back(std::move(module));
  };
  for (const auto& name : names) {
    if (!name.starts_with('@')) {
      add(name);
      continue;
    }
    const auto* set = model::askable_set(std::string_view{name}.substr(1));
    if (set == nullptr)
      return std::unexpected(model::invalid("reload the modules", name, "there is no such set; see nic-agent.toml(5)"));
    for (const auto member : set->members) add(member);
  }
  if (all.empty()) return std::unexpected(model::invalid("reload modules", "", "no module is named"));
  return all;
}

// A module after all that hold on to it; by name where that leaves a choice. Of a circle, which the kernel does not
// build, the rest is given as it is: its references say that it cannot be unloaded.
std::vector<std::string> leaf_first(Modules left, const Inventory& inventory) {
  std::vector<std::string> order;
  while (!left.empty()) {
    auto next = std::ranges::find_if(left, [&](const std::string& name) {
      return std::ranges::none_of(live(inventory, name)->holders,
                                  [&](const std::string& holder) { return left.contains(holder); });
    });
    if (next == left.end()) next = left.begin();
    order.push_back(*next);
    left.erase(next);
  }
  return order;
}

class Planner {
 public:
  Planner(const Inventory& inventory, const ReloadFacts& facts, const Listed& listed, Modules modules)
      : inventory_{inventory}, facts_{facts}, listed_{listed}, modules_{std::move(modules)} {}

  ReloadPlan plan(const std::vector<std::string>& asked) {
    plan_.unload = leaf_first(modules_, inventory_);
    plan_.load.assign(plan_.unload.rbegin(), plan_.unload.rend());
    for (const auto& name : asked)
      if (!modules_.contains(name)) plan_.load.push_back(name);
    functions();
    interfaces();
    rdma_devices();
    modules_in_the_way();
    storage_in_the_way();
    users_in_the_way();
    host_in_the_way();
    what_is_not_put_back();
    for (const auto& problem : facts_.problems)
      obstacle(fmt::format("What uses the devices could not be read: {}", problem.text()), true);
    return std::move(plan_);
  }

 private:
  void obstacle(std::string text, bool forceable) { plan_.obstacles.push_back({std::move(text), forceable}); }

  [[nodiscard]] bool goes(std::string_view module) const { return modules_.contains(module); }
  [[nodiscard]] bool loses(const PciAddress& function) const {
    return std::ranges::binary_search(plan_.functions, function);
  }
  [[nodiscard]] bool vanishes(unsigned ifindex) const {
    return std::ranges::find(plan_.interfaces, ifindex) != plan_.interfaces.end();
  }

  [[nodiscard]] bool driver_goes(const model::PciFunction& function) const {
    if (!function.driver) return false;
    const auto known = facts_.driver_modules.find(*function.driver);
    return goes(known != facts_.driver_modules.end() ? known->second : model::kernel_name(*function.driver));
  }

  void functions() {
    for (const auto& [address, function] : inventory_.functions) {
      const auto* pf = function.physfn ? inventory_.function(*function.physfn) : nullptr;
      if (driver_goes(function) || (pf != nullptr && driver_goes(*pf))) plan_.functions.push_back(address);
    }
  }

  // What stands on functions, then what stands on that.
  void interfaces() {
    const auto add = [&](const NetDevice& net) {
      plan_.interfaces.push_back(net.ifindex);
      plan_.interface_names.push_back(net.name);
    };
    const bool ipoib = goes("ib_ipoib");
    for (const auto& net : inventory_.net_devices) {
      const bool of_ipoib = ipoib && net.function && net.link_type == model::LinkType::infiniband;
      if (!net.lower_ifindex && net.function && (loses(*net.function) || of_ipoib)) add(net);
    }
    for (std::size_t below = 0; below < plan_.interfaces.size(); ++below)
      for (const auto& net : inventory_.net_devices)
        if (net.lower_ifindex == plan_.interfaces[below] && !vanishes(net.ifindex)) add(net);
  }

  [[nodiscard]] bool goes(const model::RdmaDevice& device) const {
    if (goes("ib_core")) return true;
    if (device.software) {
      const auto kind = facts_.software_kinds.find(device.name);
      if (kind != facts_.software_kinds.end() && goes(kind->second == "rxe" ? "rdma_rxe" : kind->second)) return true;
      return std::ranges::any_of(device.ports,
                                 [&](const auto& port) { return port.net_ifindex && vanishes(*port.net_ifindex); });
    }
    if (!device.function) return false;
    if (loses(*device.function)) return true;
    const auto* function = inventory_.function(*device.function);
    const auto* pf = function != nullptr && function->physfn ? inventory_.function(*function->physfn) : function;
    return pf != nullptr && pf->driver && goes(driver_facts(*pf->driver).rdma_module);
  }

  void rdma_devices() {
    for (const auto& device : inventory_.rdma_devices)
      if (goes(device)) plan_.rdma_devices.push_back(device.name);
  }

  void modules_in_the_way() {
    for (const auto& name : plan_.unload) {
      const auto& module = *live(inventory_, name);
      if (module.state != "live")
        obstacle(fmt::format("Module {} is just {}: wait until that is over", name, module.state), false);
      if (module.references <= module.holders.size()) continue;
      const auto more = module.references - module.holders.size();
      const auto* known = model::known_module(name);
      const bool storage = known != nullptr && known->set == model::ModuleSet::storage;
      obstacle(storage ? fmt::format("Storage over RDMA is in use: {} ({}) has {} open connection{}; unmount and "
                                     "disconnect it first",
                                     name, known->what, more, more == 1 ? "" : "s")
                       : fmt::format("Module {} is referred to {} time{} by something that is no module: end the "
                                     "programs that use its devices",
                                     name, more, more == 1 ? "" : "s"),
               false);
    }
    for (const auto* name : kLustre)
      if (goes(name))
        obstacle(fmt::format("Lustre runs on it (module {}): unmount it and unload it with lustre_rmmod", name), false);
  }

  void storage_in_the_way() {
    const bool nvme = std::ranges::any_of(kNvme, [&](const auto* name) { return goes(name); });
    for (const auto& mount : facts_.mounts) {
      if (nvme && !mount.disks.empty())
        obstacle(fmt::format("{} is on NVMe ({}), whose modules would be unloaded", mount.where,
                             fmt::join(mount.disks, ", ")),
                 false);
      if (!mount.disks.empty() || (plan_.functions.empty() && plan_.rdma_devices.empty())) continue;
      if (mount.where == "/" || mount.over_rdma)
        obstacle(fmt::format("{} is mounted over the network ({}{})", mount.where, mount.type,
                             mount.over_rdma ? ", RDMA" : ""),
                 false);
    }
  }

  void users_in_the_way() {
    std::set<std::string> nodes;
    for (const auto& device : inventory_.rdma_devices)
      if (std::ranges::find(plan_.rdma_devices, device.name) != plan_.rdma_devices.end())
        for (const auto& node : device.nodes) nodes.insert(node.path);
    const bool all = goes("ib_uverbs") || goes("ib_umad") || goes("rdma_ucm") || goes("ib_core");
    for (const auto& user : facts_.rdma_users) {
      std::vector<std::string> open;
      std::ranges::copy_if(user.nodes, std::back_inserter(open),
                           [&](const auto& node) { return all || nodes.contains(node); });
      if (!open.empty())
        obstacle(fmt::format("Process {} ({}) has {} open: end it", user.pid, user.name, fmt::join(open, ", ")), true);
    }
    for (const auto& address : plan_.functions) {
      const auto& function = *inventory_.function(address);
      // A driver for user space waits, in the kernel, until its user lets go.
      const bool held = function.driver && model::is_user_space_driver(*function.driver);
      if (!function.in_use.empty()) obstacle(fmt::format("{} is in use: {}", address.text(), function.in_use), !held);
    }
  }

  void host_in_the_way() {
    for (const auto& [address, reasons] : needed_by_host(inventory_, listed_))
      if (loses(address))
        for (const auto& reason : reasons) obstacle(fmt::format("{} {}", address.text(), reason), true);
    for (const auto& net : inventory_.net_devices) {
      if (!vanishes(net.ifindex)) continue;
      if (const auto session = facts_.sessions.find(net.ifindex); session != facts_.sessions.end())
        obstacle(fmt::format("{} carries {}", net.name, session->second), true);
      const auto* master = net.master_ifindex ? inventory_.net_device(*net.master_ifindex) : nullptr;
      if (master != nullptr) obstacle(fmt::format("{} is a port of {}", net.name, master->name), true);
    }
  }

  void what_is_not_put_back() {
    for (const auto& net : inventory_.net_devices) {
      if (!vanishes(net.ifindex)) continue;
      const auto kind = facts_.link_kinds.find(net.ifindex);
      if (net.lower_ifindex && (kind == facts_.link_kinds.end() || kind->second != "vlan"))
        obstacle(fmt::format("{}{} goes away and is not made again", net.name,
                             kind == facts_.link_kinds.end() ? "" : fmt::format(" ({})", kind->second)),
                 true);
      else if (!net.lower_ifindex && (net.scalable_function || net.vdpa))
        obstacle(fmt::format("{} goes away and is not made again ({})", net.name,
                             net.vdpa ? "it stands on a vDPA device" : "it stands on an SF"),
                 true);
    }
    for (const auto& address : plan_.functions) {
      const auto& function = *inventory_.function(address);
      if (function.eswitch_mode == model::EswitchMode::switchdev)
        obstacle(
            fmt::format("The eswitch of {} is in switchdev mode: its mode and VFs come back, tc rules and settings "
                        "of representors do not",
                        address.text()),
            true);
      if (function.physfn && function.driver && *function.driver != "vfio-pci" &&
          model::is_user_space_driver(*function.driver))
        obstacle(fmt::format("VF {} is bound to {} and is not bound to it again", address.text(), *function.driver),
                 true);
    }
  }

  const Inventory& inventory_;
  const ReloadFacts& facts_;
  const Listed& listed_;
  Modules modules_;
  ReloadPlan plan_;
};

}  // namespace

Modules unloaded_with(const std::vector<std::string>& names, const Inventory& inventory) {
  Modules all;
  std::vector<std::string> next = names;
  while (!next.empty()) {
    const auto* module = live(inventory, next.back());
    next.pop_back();
    if (module == nullptr || !all.insert(module->name).second) continue;
    next.insert(next.end(), module->holders.begin(), module->holders.end());
  }
  return all;
}

std::expected<ReloadPlan, Error> plan_reload(const std::vector<std::string>& names, const Inventory& inventory,
                                             const ReloadFacts& facts, const Listed& protected_functions) {
  const auto asked = asked_modules(names);
  if (!asked) return std::unexpected(asked.error());
  auto modules = unloaded_with(*asked, inventory);
  if (modules.empty())
    return std::unexpected(Error{model::Code::not_found, 0, "reload the modules",
                                 fmt::format("{}", fmt::join(*asked, ", ")),
                                 "none of them is loaded, or they are built into the kernel"});
  return Planner{inventory, facts, protected_functions, std::move(modules)}.plan(*asked);
}

}  // namespace nic::core
