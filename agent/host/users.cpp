#include "host/users.hpp"

#include "host/open_files.hpp"
#include "host/sysfs.hpp"
#include "host/vdpa.hpp"
#include "model/drivers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace nic::host {
namespace {

using Waiting = std::map<std::string, std::vector<model::PciAddress>>;  // device node -> functions behind it

// The nodes through which a process would hold the function: its group's, and with iommufd its own.
std::vector<std::string> vfio_nodes(const Sysfs& folder) {
  std::vector<std::string> nodes;
  if (const auto group = folder.link("iommu_group"); group && *group) {
    nodes.push_back("/dev/vfio/" + **group);
    nodes.push_back("/dev/vfio/noiommu-" + **group);
  }
  if (const auto own = folder.list("vfio-dev"); own && *own)
    for (const auto& name : **own) nodes.push_back("/dev/vfio/devices/" + name);
  return nodes;
}

void find_holders(const model::Roots& roots, const Waiting& nodes, std::map<model::PciAddress, std::string>& users) {
  for_each_open_file(roots, [&](const std::string& pid, const std::string& target) {
    const auto found = nodes.find(target);
    if (found == nodes.end()) return;
    for (const auto& function : found->second)
      users.emplace(function, fmt::format("{} is held open by {} ({})", found->first, process_name(roots, pid), pid));
  });
}

}  // namespace

std::map<model::PciAddress, std::string> users_of(const model::Roots& roots,
                                                  std::span<const model::PciAddress> functions) {
  std::map<model::PciAddress, std::string> users;
  const auto sys = Sysfs::open(roots.sys);
  if (!sys) return users;
  Waiting nodes;
  for (const auto& function : functions) {
    const auto folder = sys->folder(("bus/pci/devices/" + function.text()).c_str());
    if (!folder || !*folder) continue;
    const auto driver = (*folder)->link("driver");
    if (!driver || !*driver) continue;
    if (model::is_user_space_driver(**driver)) {
      for (const auto& node : vfio_nodes(**folder)) nodes[node].push_back(function);
      continue;
    }
    if (const auto interfaces = (*folder)->list("net"); interfaces && *interfaces && (*interfaces)->empty())
      users.emplace(function, "its network interface is in another network namespace");
  }
  for (const auto& [function, device] : vdpa_devices(*sys))
    if (std::ranges::find(functions, function) != functions.end())
      for (const auto& node : vhost_nodes(*sys, device)) nodes[node].push_back(function);
  if (!nodes.empty()) find_holders(roots, nodes, users);
  return users;
}

}  // namespace nic::host
