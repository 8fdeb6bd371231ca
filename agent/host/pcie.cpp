#include "host/facts.hpp"
#include "host/pci_config.hpp"
#include "model/drivers.hpp"

#include <charconv>
#include <sstream>
#include <utility>

namespace nic::host {
namespace {

using model::PciAddress;
using model::PcieFunction;
using model::PcieTopology;

constexpr const char* kDevices = "bus/pci/devices";

struct Place {
  std::string root;
  std::vector<PciAddress> above;
};

// "../../../devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0": the link of a device says where it stands.
std::optional<Place> place_of(const Sysfs& devices, const PciAddress& address) {
  const auto target = devices.target(address.text().c_str());
  if (!target || !*target) return std::nullopt;
  Place place;
  for (std::string_view rest = **target; !rest.empty();) {
    const auto part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (const auto found = PciAddress::parse(part))
      place.above.push_back(*found);
    else if (part.starts_with("pci") && place.above.empty())
      place.root = part;
  }
  if (place.above.empty() || place.above.back() != address) return std::nullopt;
  place.above.pop_back();
  return place;
}

// Facts that cannot be read are not known: every judgement on a path says so where it matters.
template <class T>
std::optional<T> known(Sysfs::Maybe<T> value) {
  return value ? std::move(*value) : std::nullopt;
}

std::optional<PcieFunction> read_one(const Sysfs& devices, const PciAddress& address) {
  auto place = place_of(devices, address);
  const auto folder = devices.folder(address.text().c_str());
  if (!place || !folder || !*folder) return std::nullopt;
  PcieFunction function;
  function.address = address;
  function.vendor = known((*folder)->number<std::uint16_t>("vendor", 16)).value_or(0);
  function.device = known((*folder)->number<std::uint16_t>("device", 16)).value_or(0);
  function.root = std::move(place->root);
  function.above = std::move(place->above);
  if (const auto node = known((*folder)->number<int>("numa_node")); node && *node >= 0) function.numa_node = node;
  if (const auto group = known((*folder)->link("iommu_group"))) {
    unsigned number{};
    const auto [end, failure] = std::from_chars(group->data(), group->data() + group->size(), number);
    if (failure == std::errc{} && end == group->data() + group->size()) function.iommu_group = number;
    function.iommu_type = known((*folder)->text("iommu_group/type")).value_or("");
  }
  function.config = read_pci_config(**folder);
  return function;
}

// Whatever is bound to VFIO, NIC or not.
std::vector<model::Passthrough> read_passthrough(const Sysfs& sys, const Sysfs& devices) {
  std::vector<model::Passthrough> all;
  for (const auto driver : model::kUserSpaceDrivers) {
    if (driver.find("vfio") == std::string_view::npos) continue;
    const auto bound = known(sys.list(("bus/pci/drivers/" + std::string{driver}).c_str()));
    for (const auto& name : bound.value_or(std::vector<std::string>{})) {
      const auto address = PciAddress::parse(name);
      if (!address) continue;  // bind, new_id, module ...
      if (auto place = place_of(devices, *address))
        all.push_back({*address, std::string{driver}, std::move(place->above)});
    }
  }
  return all;
}

unsigned count_numa_nodes(const Sysfs& sys) {
  unsigned count = 0;
  for (const auto& name : known(sys.list("devices/system/node")).value_or(std::vector<std::string>{}))
    if (name.size() > 4 && name.starts_with("node") && name.find_first_not_of("0123456789", 4) == std::string::npos)
      ++count;
  return count;
}

// Documentation/admin-guide/kernel-parameters.txt: iommu=pt, iommu.passthrough=1.
bool asks_for_passthrough(const model::Roots& roots) {
  const auto proc = Sysfs::open(roots.proc);
  const auto line = proc ? known(proc->text("cmdline")) : std::nullopt;
  std::istringstream words{line.value_or("")};
  for (std::string word; words >> word;)
    if (word == "iommu=pt" || word == "iommu.passthrough=1" || word == "iommu.passthrough=on") return true;
  return false;
}

}  // namespace

PcieTopology read_pcie(const model::Roots& roots, const Sysfs& sys, const model::Dirty& dirty,
                       const std::set<PciAddress>& busy, const Functions& functions, Gpus gpus,
                       const PcieTopology& previous) {
  PcieTopology now;
  now.gpus = std::move(gpus);
  if (now.gpus.empty() && previous.functions.empty()) return now;
  const auto devices = known(sys.folder(kDevices));
  if (!devices) return now;

  std::vector<PciAddress> queue{now.gpus.begin(), now.gpus.end()};
  if (!now.gpus.empty())
    for (const auto& [address, function] : functions)
      if (!function.physfn) queue.push_back(address);
  for (const auto& [address, function] : previous.functions) queue.push_back(address);
  while (!queue.empty()) {
    const auto address = queue.back();
    queue.pop_back();
    if (now.functions.contains(address)) continue;
    const auto before = previous.functions.find(address);
    const bool keep = before != previous.functions.end() && devices->exists(address.text().c_str()) &&
                      (busy.contains(address) || !(dirty.everything || dirty.functions.contains(address)));
    auto function = keep ? std::optional{before->second} : read_one(*devices, address);
    if (!function) continue;
    queue.insert(queue.end(), function->above.begin(), function->above.end());
    now.functions.emplace(address, std::move(*function));
  }
  now.passthrough = read_passthrough(sys, *devices);
  now.numa_nodes = count_numa_nodes(sys);
  now.iommu_passthrough = asks_for_passthrough(roots);
  return now;
}

}  // namespace nic::host
