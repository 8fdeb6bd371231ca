#include "host/pci.hpp"

#include "host/sysfs.hpp"

#include <charconv>

namespace nic::host {
namespace {

using model::PciAddress;
using model::PciFunction;
using Functions = std::map<PciAddress, PciFunction>;

constexpr std::uint32_t kNetworkClass = 0x02;

std::optional<std::uint32_t> hex(std::string_view digits) {
  std::uint32_t value{};
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.empty() || failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// "8086:10C9"
void read_pair(std::string_view text, std::uint16_t& first, std::uint16_t& second) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return;
  first = static_cast<std::uint16_t>(hex(text.substr(0, colon)).value_or(0));
  second = static_cast<std::uint16_t>(hex(text.substr(colon + 1)).value_or(0));
}

// One read gives class, ids, driver and modalias: the file that udev reads too.
void read_uevent(std::string_view text, PciFunction& function) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const auto key = line.substr(0, equals);
    const auto value = line.substr(equals + 1);
    if (key == "DRIVER") function.driver = plain_text(value);
    if (key == "PCI_CLASS") function.class_code = hex(value).value_or(0);
    if (key == "PCI_ID") read_pair(value, function.vendor, function.device);
    if (key == "PCI_SUBSYS_ID") read_pair(value, function.subsystem_vendor, function.subsystem_device);
    if (key == "MODALIAS") function.modalias = plain_text(value);
  }
}

// A fact that is not there is nullopt; one that cannot be read is a problem of the function.
template <class T>
std::optional<T> fact(Sysfs::Maybe<T> read, PciFunction& function) {
  if (read) return std::move(*read);
  function.problems.push_back(std::move(read.error()));
  return std::nullopt;
}

void read_sriov(const Sysfs& folder, unsigned total, PciFunction& function) {
  model::Sriov sriov;
  sriov.total_vfs = total;
  sriov.drivers_autoprobe = fact(folder.number<unsigned>("sriov_drivers_autoprobe"), function).value_or(1) != 0;
  sriov.vf_device_id = fact(folder.number<std::uint16_t>("sriov_vf_device", 16), function);
  sriov.offset = fact(folder.number<unsigned>("sriov_offset"), function).value_or(0);
  sriov.stride = fact(folder.number<unsigned>("sriov_stride"), function).value_or(0);
  for (const auto& name : fact(folder.list("."), function).value_or(std::vector<std::string>{})) {
    constexpr std::string_view kPrefix = "virtfn";
    if (!name.starts_with(kPrefix)) continue;
    unsigned index{};
    const auto* end = name.data() + name.size();
    if (std::from_chars(name.data() + kPrefix.size(), end, index).ptr != end) continue;
    const auto target = fact(folder.link(name.c_str()), function);
    const auto address = PciAddress::parse(target.value_or(""));
    if (address) sriov.virtfns.emplace(index, *address);
  }
  sriov.num_vfs = static_cast<unsigned>(sriov.virtfns.size());
  function.sriov = std::move(sriov);
}

std::optional<PciFunction> read_function(const Sysfs& devices, const PciAddress& address) {
  const auto folder = devices.folder(address.text().c_str());
  if (!folder || !*folder) return std::nullopt;  // gone
  const Sysfs& device = **folder;
  PciFunction function;
  function.address = address;
  const auto uevent = device.bytes("uevent", 4096);
  if (!uevent || !*uevent) return std::nullopt;  // gone while we looked
  read_uevent(**uevent, function);
  if (function.class_code >> 16U != kNetworkClass) return std::nullopt;
  function.revision = fact(device.number<std::uint8_t>("revision", 16), function).value_or(0);
  const auto numa = fact(device.number<int>("numa_node"), function);
  if (numa && *numa >= 0) function.numa_node = *numa;
  const auto override = fact(device.text("driver_override"), function);
  if (override && !override->empty() && *override != "(null)") function.driver_override = *override;
  if (const auto group = fact(device.link("iommu_group"), function)) {
    unsigned number{};
    const auto* end = group->data() + group->size();
    if (!group->empty() && std::from_chars(group->data(), end, number).ptr == end) function.iommu_group = number;
  }
  if (const auto physfn = fact(device.link("physfn"), function)) {
    if (const auto pf = PciAddress::parse(*physfn)) function.physfn = *pf;
  } else if (const auto total = fact(device.number<unsigned>("sriov_totalvfs"), function)) {
    read_sriov(device, *total, function);
  }
  return function;
}

// The VF's place among its PF's links. A link may be missing for a moment after the VF appeared.
void number_vfs(Functions& functions) {
  for (auto& [address, function] : functions) {
    if (!function.physfn) continue;
    function.vf_index.reset();
    const auto pf = functions.find(*function.physfn);
    if (pf == functions.end() || !pf->second.sriov) continue;
    for (const auto& [index, vf] : pf->second.sriov->virtfns)
      if (vf == address) function.vf_index = index;
  }
}

}  // namespace

std::optional<PciAddress> innermost_address(std::string_view path) {
  while (!path.empty()) {
    const auto slash = path.rfind('/');
    const auto last = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (const auto address = PciAddress::parse(last)) return *address;
    if (slash == std::string_view::npos) break;
    path = path.substr(0, slash);
  }
  return std::nullopt;
}

Functions read_functions(const model::Roots& roots) {
  Functions functions;
  const auto devices = Sysfs::open(roots.sys / "bus/pci/devices");
  if (!devices) return functions;  // a machine without PCI
  const auto names = devices->list(".");
  if (!names || !*names) return functions;
  for (const auto& name : **names) {
    const auto address = PciAddress::parse(name);
    if (!address) continue;
    if (auto function = read_function(*devices, *address)) functions.emplace(*address, std::move(*function));
  }
  number_vfs(functions);
  return functions;
}

Functions read_functions(const model::Roots& roots, Functions previous, const std::set<PciAddress>& dirty) {
  const auto devices = Sysfs::open(roots.sys / "bus/pci/devices");
  if (!devices) return {};
  std::set<PciAddress> pending = dirty, done;
  while (!pending.empty()) {
    const PciAddress address = *pending.begin();
    pending.erase(pending.begin());
    if (!done.insert(address).second) continue;
    const auto visit_relatives = [&](const PciFunction& function) {
      if (function.physfn) pending.insert(*function.physfn);
      // Only VFs that the event brought or took: the others tell of themselves.
      if (function.sriov)
        for (const auto& [index, vf] : function.sriov->virtfns)
          if (const auto known = previous.find(vf); known == previous.end() || dirty.contains(address))
            pending.insert(vf);
    };
    if (const auto before = previous.find(address); before != previous.end()) {
      const PciFunction old = std::move(before->second);
      previous.erase(before);
      visit_relatives(old);
    }
    if (auto function = read_function(*devices, address)) {
      visit_relatives(*function);
      previous.emplace(address, std::move(*function));
    }
  }
  number_vfs(previous);
  return previous;
}

}  // namespace nic::host
