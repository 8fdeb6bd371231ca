#include "host/observe.hpp"

#include "host/pci.hpp"

#include <algorithm>

namespace nic::host {

using model::Inventory;

void tie_software_rdma(Inventory& inventory) {
  for (auto& rdma : inventory.rdma_devices) {
    if (!rdma.software) continue;
    rdma.function.reset();
    for (const auto& port : rdma.ports) {
      const auto* net = port.net_ifindex ? inventory.net_device(*port.net_ifindex) : nullptr;
      if (net != nullptr && net->function) rdma.function = net->function;
    }
  }
}

Inventory observe(const model::Roots& roots, const NetlinkSource& netlink, const Inventory& previous,
                  const model::Dirty& dirty) {
  Inventory now = previous;
  now.problems.clear();
  if (dirty.everything)
    now.functions = read_functions(roots);
  else if (!dirty.functions.empty())
    now.functions = read_functions(roots, std::move(now.functions), dirty.functions);
  if (dirty.everything || dirty.network || !dirty.functions.empty()) {
    if (auto links = netlink.links())
      now.net_devices = join_net_devices(roots, std::move(*links));
    else
      now.problems.push_back(links.error());
    if (auto routes = netlink.routes())
      now.default_routes = std::move(*routes);
    else
      now.problems.push_back(routes.error());
    std::ranges::sort(now.default_routes);
  }
  if (dirty.everything || dirty.rdma) {
    if (const auto facts = netlink.rdma()) {
      now.rdma_subsystem = facts->subsystem;
      now.rdma_netns_exclusive = facts->netns_exclusive;
      now.rdma_devices = read_rdma_devices(roots, *facts);
    } else {
      now.problems.push_back(facts.error());
    }
    now.rdma_cm = read_rdma_cm(roots);
  }
  tie_software_rdma(now);
  if (dirty.everything || dirty.modules) {
    now.modules = read_modules(roots);
    now.rdma_cm = read_rdma_cm(roots);
  }
  return now;
}

}  // namespace nic::host
