#include "host/facts.hpp"
#include "model/card_ids.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace nic::host {
namespace {

constexpr const char* kDevices = "bus/pci/devices";
constexpr std::uint32_t kNetworkClass = 0x02;      // base class of class_code >> 16
constexpr std::uint32_t kAcceleratorClass = 0x12;  // processing accelerators

enum class Want : std::uint8_t { network, any };  // `any` for what is known to be somebody's VF

// A missing file gives nullopt; a failure is noted.
template <class T>
std::optional<T> take(Sysfs::Maybe<T> value, Problems& problems) {
  if (value) return std::move(*value);
  problems.push_back(std::move(value.error()));
  return std::nullopt;
}

std::optional<PciIds> ids_from_files(const Sysfs& folder, Problems& problems) {
  const auto class_code = take(folder.number<std::uint32_t>("class", 16), problems);
  const auto vendor = take(folder.number<std::uint16_t>("vendor", 16), problems);
  const auto device = take(folder.number<std::uint16_t>("device", 16), problems);
  if (!class_code || !vendor || !device) return std::nullopt;
  return PciIds{*vendor, *device, take(folder.number<std::uint16_t>("subsystem_vendor", 16), problems).value_or(0),
                take(folder.number<std::uint16_t>("subsystem_device", 16), problems).value_or(0),
                *class_code & 0xffffff};
}

std::optional<model::PciAddress> take_address(Sysfs::Maybe<std::string> link, Problems& problems) {
  const auto text = take(std::move(link), problems);
  if (!text) return std::nullopt;
  const auto address = model::PciAddress::parse(*text);
  if (address) return *address;
  problems.push_back(address.error());
  return std::nullopt;
}

std::optional<unsigned> decimal(std::string_view digits) {
  unsigned value{};
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<model::Sriov> read_sriov(const Sysfs& folder, Problems& problems) {
  auto total = folder.number<unsigned>("sriov_totalvfs");
  if (total && !*total) return std::nullopt;
  model::Sriov sriov;
  sriov.total_vfs = take(std::move(total), problems).value_or(0);
  sriov.drivers_autoprobe = take(folder.number<unsigned>("sriov_drivers_autoprobe"), problems).value_or(1) != 0;
  sriov.vf_device_id = take(folder.number<std::uint16_t>("sriov_vf_device", 16), problems);
  sriov.offset = take(folder.number<unsigned>("sriov_offset"), problems).value_or(0);
  sriov.stride = take(folder.number<unsigned>("sriov_stride"), problems).value_or(0);
  constexpr std::string_view kPrefix = "virtfn";
  for (const auto& name : take(folder.list("."), problems).value_or(std::vector<std::string>{})) {
    if (!name.starts_with(kPrefix)) continue;
    const auto index = decimal(std::string_view{name}.substr(kPrefix.size()));
    if (!index) continue;
    if (const auto vf = take_address(folder.link(name.c_str()), problems)) sriov.virtfns.emplace(*index, *vf);
  }
  sriov.num_vfs = static_cast<unsigned>(sriov.virtfns.size());
  return sriov;
}

// nullopt: not a network function, or no longer there.
std::optional<model::PciFunction> read_function(const Sysfs& devices, const model::PciAddress& address,
                                                const char* name, Want want, Gpus& gpus, Problems& problems) {
  auto opened = devices.folder(name);
  if (!opened) {
    problems.push_back(std::move(opened.error()));
    return std::nullopt;
  }
  if (!*opened) return std::nullopt;
  const Sysfs& folder = **opened;

  model::PciFunction function;
  function.address = address;
  function.life = folder.inode();
  Problems& mine = function.problems;
  function.modalias = take(folder.text("modalias"), mine).value_or("");
  auto ids = parse_pci_modalias(function.modalias);
  if (!ids) ids = ids_from_files(folder, mine);
  // A card whose firmware did not start may show any class.
  const bool broken = ids && model::in_flash_recovery({ids->vendor, ids->device});
  const bool network = broken || (ids && ids->class_code >> 16 == kNetworkClass);
  const bool accelerator = ids && ids->class_code >> 16 == kAcceleratorClass;
  // Of a GPU that is split into VFs, these are virtual machines'.
  if (ids && model::is_gpu(ids->class_code, ids->vendor) && !folder.exists("physfn")) gpus.insert(address);
  if (!network && !accelerator && want == Want::network) {
    // Without a class nobody can tell what it is: that is worth a word, unless it has just gone.
    if (!ids && !mine.empty() && devices.exists(name)) std::ranges::move(mine, std::back_inserter(problems));
    return std::nullopt;
  }
  if (ids) {
    function.vendor = ids->vendor;
    function.device = ids->device;
    function.subsystem_vendor = ids->subsystem_vendor;
    function.subsystem_device = ids->subsystem_device;
    function.class_code = ids->class_code;
  }
  function.revision = take(folder.number<std::uint8_t>("revision", 16), mine).value_or(0);
  if (const auto node = take(folder.number<int>("numa_node"), mine); node && *node >= 0) function.numa_node = node;
  function.driver = take(folder.link("driver"), mine);
  if (const auto group = take(folder.link("iommu_group"), mine)) {
    function.iommu_group = decimal(*group);
    if (!function.iommu_group) mine.push_back(model::invalid("read the IOMMU group of", address.text(), *group));
  }
  function.acpi_index = take(folder.text("acpi_index"), mine).value_or("");
  function.physfn = take_address(folder.link("physfn"), mine);
  if (!function.physfn) function.sriov = read_sriov(folder, mine);
  if (broken)
    mine.push_back(
        {model::Code::unsupported, 0, "use the card at", address.text(), std::string{model::kFlashRecoveryAdvice}});
  // Attributes of a device that is being removed answer ENODEV: what is half gone is gone.
  if (!mine.empty() && !devices.exists(name)) return std::nullopt;
  return function;
}

// Whose VF one is stands at both ends, and the kernel makes the PF's end first (drivers/pci/iov.c
// pci_iov_sysfs_link): each completes the other.
void tie_vfs(Functions& functions) {
  for (auto& [address, function] : functions) function.vf_index.reset();
  for (auto& [pf, function] : functions) {
    if (!function.sriov) continue;
    for (const auto& [index, vf] : function.sriov->virtfns) {
      const auto found = functions.find(vf);
      if (found == functions.end() || found->first == pf) continue;
      if (!found->second.physfn) found->second.physfn = pf;
      if (found->second.physfn == pf) found->second.vf_index = index;
    }
  }
}

std::optional<Sysfs> open_devices(const Sysfs& sys, Problems& problems) {
  auto devices = sys.folder(kDevices);
  if (devices) return std::move(*devices);  // a machine without PCI has no functions
  problems.push_back(std::move(devices.error()));
  return std::nullopt;
}

void read_missing_vfs(const Sysfs& devices, Functions& functions, Gpus& gpus, Problems& problems) {
  std::vector<model::PciAddress> missing;
  for (const auto& [pf, function] : functions)
    if (function.sriov)
      for (const auto& [index, vf] : function.sriov->virtfns)
        if (!functions.contains(vf)) missing.push_back(vf);
  for (const auto& vf : missing)
    if (auto function = read_function(devices, vf, vf.text().c_str(), Want::any, gpus, problems))
      functions.emplace(vf, std::move(*function));
}

}  // namespace

bool is_accelerator(const model::PciFunction& function) { return function.class_code >> 16 == kAcceleratorClass; }

std::optional<PciIds> parse_pci_modalias(std::string_view modalias) {
  struct Field {
    std::string_view key;
    std::size_t digits;
  };
  static constexpr std::array<Field, 7> kFields{Field{"pci:v", 8}, Field{"d", 8},  Field{"sv", 8}, Field{"sd", 8},
                                                Field{"bc", 2},    Field{"sc", 2}, Field{"i", 2}};
  std::array<std::uint32_t, kFields.size()> values{};
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const auto& [key, digits] = kFields[i];
    if (!modalias.starts_with(key) || modalias.size() < key.size() + digits) return std::nullopt;
    const char* first = modalias.data() + key.size();
    const auto [end, failure] = std::from_chars(first, first + digits, values[i], 16);
    if (failure != std::errc{} || end != first + digits) return std::nullopt;
    modalias.remove_prefix(key.size() + digits);
  }
  if (!modalias.empty()) return std::nullopt;
  const auto wide = [&](std::size_t i) { return values[i] > 0xffff; };
  if (wide(0) || wide(1)) return std::nullopt;
  // Functions without subsystem ids have PCI_ANY_ID there.
  const auto narrow = [&](std::size_t i) { return static_cast<std::uint16_t>(wide(i) ? 0 : values[i]); };
  return PciIds{narrow(0), narrow(1), narrow(2), narrow(3), values[4] << 16 | values[5] << 8 | values[6]};
}

std::optional<model::PciAddress> function_above(std::string_view device_path) {
  while (!device_path.empty()) {
    const auto slash = device_path.rfind('/');
    const auto component = slash == std::string_view::npos ? device_path : device_path.substr(slash + 1);
    // Cheap refusal first: an address is at least "0000:00:00.0".
    if (component.size() >= 12 && component[component.size() - 2] == '.')
      if (const auto address = model::PciAddress::parse(component)) return *address;
    device_path = slash == std::string_view::npos ? std::string_view{} : device_path.substr(0, slash);
  }
  return std::nullopt;
}

Functions read_all_functions(const Sysfs& sys, Gpus& gpus, Problems& problems) {
  gpus.clear();
  Functions functions;
  const auto devices = open_devices(sys, problems);
  if (!devices) return functions;
  for (const auto& name : take(devices->list("."), problems).value_or(std::vector<std::string>{})) {
    const auto address = model::PciAddress::parse(name);
    if (!address) {
      problems.push_back(address.error());
      continue;
    }
    if (auto function = read_function(*devices, *address, name.c_str(), Want::network, gpus, problems))
      functions.emplace_hint(functions.end(), *address, std::move(*function));
  }
  read_missing_vfs(*devices, functions, gpus, problems);
  tie_vfs(functions);
  return functions;
}

void refresh_functions(const Sysfs& sys, const std::set<model::PciAddress>& dirty, Functions& functions, Gpus& gpus,
                       Problems& problems) {
  const auto devices = open_devices(sys, problems);
  if (!devices) {
    functions.clear();
    gpus.clear();
    return;
  }
  std::set<model::PciAddress> done;
  std::vector<model::PciAddress> queue{dirty.begin(), dirty.end()};
  const auto relatives = [&](const model::PciFunction& function) {
    if (function.physfn) queue.push_back(*function.physfn);
  };
  while (!queue.empty()) {
    const auto address = queue.back();
    queue.pop_back();
    if (!done.insert(address).second) continue;
    const auto known = functions.find(address);
    Want want = Want::network;
    if (known != functions.end()) {
      relatives(known->second);
      if (known->second.physfn) want = Want::any;
    }
    gpus.erase(address);
    auto now = read_function(*devices, address, address.text().c_str(), want, gpus, problems);
    if (now) relatives(*now);
    // VFs that this PF does not have any more may be gone without a word of their own.
    if (known != functions.end() && known->second.sriov)
      for (const auto& [index, vf] : known->second.sriov->virtfns)
        if (!now || !now->sriov ||
            std::ranges::none_of(now->sriov->virtfns, [&](const auto& entry) { return entry.second == vf; }))
          queue.push_back(vf);
    if (now)
      functions.insert_or_assign(address, std::move(*now));
    else
      functions.erase(address);
  }
  read_missing_vfs(*devices, functions, gpus, problems);
  // A `physfn` that came from the PF's end only is as old as that end.
  tie_vfs(functions);
}

}  // namespace nic::host
