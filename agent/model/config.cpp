#include "model/config.hpp"

#include <algorithm>
#include <utility>

namespace nic::model {

std::string Place::text() const {
  if (line == 0) return file;
  return file + ':' + std::to_string(line) + ':' + std::to_string(column);
}

std::string_view word(DeviceType type) {
  switch (type) {
    case DeviceType::netdevice: return "netdevice";
    case DeviceType::vfio_pci: return "vfio-pci";
  }
  std::unreachable();
}

std::string_view word(AddressSource source) {
  switch (source) {
    case AddressSource::listed: return "listed";
    case AddressSource::derived: return "derived";
    case AddressSource::file: return "pool";
  }
  std::unreachable();
}

std::string_view word(OnDrift on_drift) {
  switch (on_drift) {
    case OnDrift::enforce: return "enforce";
    case OnDrift::observe: return "observe";
  }
  std::unreachable();
}

std::string_view word(OnRival on_rival) {
  switch (on_rival) {
    case OnRival::take_over: return "take-over";
    case OnRival::stand_by: return "stand-by";
  }
  std::unreachable();
}

std::string_view word(AcsPolicy policy) {
  switch (policy) {
    case AcsPolicy::leave: return "leave";
    case AcsPolicy::off_on_gpu_paths: return "off-on-gpu-paths";
  }
  std::unreachable();
}

std::string_view word(ReloadPolicy policy) {
  switch (policy) {
    case ReloadPolicy::never: return "never";
    case ReloadPolicy::when_safe: return "when-safe";
  }
  std::unreachable();
}

std::string_view word(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::shared: return "shared";
    case ResourceKind::exclusive: return "exclusive";
  }
  std::unreachable();
}

std::string_view word(DeviceClass device_class) {
  switch (device_class) {
    case DeviceClass::net: return "net";
    case DeviceClass::auxiliary: return "auxiliary";
    case DeviceClass::accelerator: return "accelerator";
  }
  std::unreachable();
}

std::string_view word(PreferredAllocation policy) {
  switch (policy) {
    case PreferredAllocation::none: return "none";
    case PreferredAllocation::pack: return "pack";
    case PreferredAllocation::spread: return "spread";
    case PreferredAllocation::near_gpu: return "near-gpu";
  }
  std::unreachable();
}

std::string_view word(NodePermissions permissions) {
  switch (permissions) {
    case NodePermissions::rwm: return "rwm";
    case NodePermissions::rw: return "rw";
  }
  std::unreachable();
}

std::string_view word(CdiMode mode) {
  switch (mode) {
    case CdiMode::off: return "off";
    case CdiMode::field: return "field";
    case CdiMode::annotation: return "annotation";
  }
  std::unreachable();
}

std::string text(const std::vector<IndexRange>& ranges) {
  std::string line;
  for (const auto& range : ranges) {
    if (!line.empty()) line += ',';
    line += std::to_string(range.first);
    if (range.last != range.first) line += '-' + std::to_string(range.last);
  }
  return line;
}

bool contains(const std::vector<IndexRange>& ranges, unsigned index) {
  return std::ranges::any_of(ranges, [&](const IndexRange& r) { return r.first <= index && index <= r.last; });
}

}  // namespace nic::model
