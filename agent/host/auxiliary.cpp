#include "host/facts.hpp"

#include <algorithm>
#include <charconv>

namespace nic::host {
namespace {

constexpr const char* kDevices = "bus/auxiliary/devices";
constexpr std::string_view kScalableFunction = "sf";

struct AuxiliaryName {
  std::string_view driver, type;
  unsigned number{0};
};

// "mlx5_core.sf.4": driver, what, number.
std::optional<AuxiliaryName> parse_name(std::string_view name) {
  const auto first = name.find('.');
  const auto second = first == std::string_view::npos ? first : name.find('.', first + 1);
  if (second == std::string_view::npos || first == 0 || second == first + 1) return std::nullopt;
  AuxiliaryName result{name.substr(0, first), name.substr(first + 1, second - first - 1)};
  const auto digits = name.substr(second + 1);
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), result.number);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return result;
}

unsigned number_of(const model::AuxiliaryDevice& device) {
  const auto name = parse_name(device.name);
  return name ? name->number : 0;
}

}  // namespace

std::string scalable_function_above(std::string_view device_path) {
  while (!device_path.empty()) {
    const auto slash = device_path.rfind('/');
    const auto component = slash == std::string_view::npos ? device_path : device_path.substr(slash + 1);
    if (const auto name = parse_name(component); name && name->type == kScalableFunction) return std::string{component};
    device_path = slash == std::string_view::npos ? std::string_view{} : device_path.substr(0, slash);
  }
  return {};
}

bool has_empty(const Sysfs& sys, const std::string& device, const char* class_folder) {
  const auto names = sys.list((device + "/" + class_folder).c_str());
  return names && *names && (*names)->empty();
}

void look_at_auxiliary(const Sysfs& sys, Functions& functions) {
  for (auto& [address, function] : functions) function.auxiliary.clear();
  const auto folder = sys.folder(kDevices);
  if (!folder || !*folder) return;  // a kernel without that bus, or nothing on it
  const auto names = (*folder)->list(".");
  if (!names || !*names) return;
  for (const auto& name : **names) {
    const auto parts = parse_name(name);
    if (!parts || parts->type != kScalableFunction) continue;
    const auto target = (*folder)->target(name.c_str());
    const auto address = target && *target ? function_above(**target) : std::nullopt;
    const auto function = address ? functions.find(*address) : functions.end();
    if (function == functions.end()) continue;  // gone since: an event is on its way
    model::AuxiliaryDevice device;
    device.name = name;
    device.type = std::string{parts->type};
    if (const auto number = (*folder)->number<unsigned>((name + "/sfnum").c_str()); number) device.sf_number = *number;
    if (const auto driver = (*folder)->link((name + "/driver").c_str()); driver) device.driver = *driver;
    function->second.auxiliary.push_back(std::move(device));
  }
  for (auto& [address, function] : functions) std::ranges::sort(function.auxiliary, {}, number_of);
}

}  // namespace nic::host
