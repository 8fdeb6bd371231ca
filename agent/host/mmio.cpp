#include "host/mmio.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

namespace nic::host {
namespace {

constexpr std::uint64_t kMem = 0x200;
constexpr std::uint64_t kPrefetch = 0x2000;
constexpr std::uint64_t kUnset = 0x20000000;
constexpr std::size_t kFirstVfBar = 7, kVfBars = 6;
constexpr std::size_t kLongest = 4096;  // a sysfs file is a page at most

// Memory that VFs need of one kind, and which window of a bridge gives it.
struct Kind {
  const char* name;
  std::uint64_t flag;
  std::size_t window;
};
constexpr std::array kKinds{Kind{"memory", 0, 14}, Kind{"prefetchable memory", kPrefetch, 15}};

std::string in_bytes(std::uint64_t size) {
  constexpr std::array<const char*, 5> kUnits{"bytes", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  std::uint64_t rest = 0;
  while (size >= 1024 && unit + 1 < kUnits.size()) {
    rest = size % 1024;
    size /= 1024;
    ++unit;
  }
  return rest == 0
             ? fmt::format("{} {}", size, kUnits[unit])
             : fmt::format("{:.1f} {}", static_cast<double>(size) + (static_cast<double>(rest) / 1024), kUnits[unit]);
}

std::vector<PciResource> resources_of(const Sysfs& sys, const model::PciAddress& function) {
  const auto text = sys.bytes(("bus/pci/devices/" + function.text() + "/resource").c_str(), kLongest);
  return text && *text ? parse_resources(**text) : std::vector<PciResource>{};
}

// The bridge that the function is behind; none on a root bus.
std::optional<model::PciAddress> bridge_above(const FunctionFiles& function) {
  const auto target = function.sys.target(("bus/pci/devices/" + function.address.text()).c_str());
  if (!target || !*target) return std::nullopt;
  const std::string_view path = **target;
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto above = path.substr(0, slash);
  const auto address = model::PciAddress::parse(above.substr(above.rfind('/') + 1));
  return address ? std::optional{*address} : std::nullopt;
}

bool without_place(const PciResource& bar) { return bar.size() > 0 && (bar.start == 0 || (bar.flags & kUnset) != 0); }

std::uint64_t sum(std::span<const PciResource> bars, const Kind& kind) {
  std::uint64_t all = 0;
  for (const auto& bar : bars)
    if ((bar.flags & kMem) != 0 && (bar.flags & kPrefetch) == kind.flag)
      all += std::min(bar.size(), std::numeric_limits<std::uint64_t>::max() - all);
  return all;
}

// A BAR is a power of two; a driver may have lowered the total that sysfs shows, and then one VF's part is not known.
std::uint64_t of_one_vf(std::span<const PciResource> bars, unsigned total) {
  std::uint64_t one = 0;
  for (const auto& bar : bars) {
    if (bar.size() == 0) continue;
    if (total == 0 || bar.size() % total != 0 || !std::has_single_bit(bar.size() / total)) return 0;
    one += bar.size() / total;
  }
  return one;
}

std::string windows(const FunctionFiles& pf, std::span<const PciResource> bars) {
  const auto bridge = bridge_above(pf);
  if (!bridge) return {};
  const auto lines = resources_of(pf.sys, *bridge);
  std::string text;
  for (const auto& kind : kKinds) {
    const auto needed = sum(bars, kind);
    if (needed == 0 || lines.size() <= kind.window) continue;
    const auto window = lines[kind.window].size();
    text += fmt::format("; they need {} of {}, and the bridge {} has {}", in_bytes(needed), kind.name, bridge->text(),
                        window == 0 ? "no window for it" : "a window of " + in_bytes(window) + " for all behind it");
  }
  return text;
}

std::string memory(const FunctionFiles& pf, std::span<const PciResource> bars, unsigned wanted) {
  const auto total = pf.sys.number<unsigned>(pf.path("sriov_totalvfs").c_str());
  const unsigned all = total && *total ? **total : 0;
  std::string text = "The kernel gives room to the BARs of all VFs that the card can have at once";
  if (const auto one = of_one_vf(bars, all); one > 0)
    text += fmt::format(": {} for each VF, {} for the {} asked for, {} for all {}", in_bytes(one),
                        in_bytes(one * wanted), wanted, in_bytes(one * all), all);
  return text + windows(pf, bars);
}

// The last VF's bus has to be one of those behind the bridge.
std::string buses(const FunctionFiles& pf, unsigned wanted) {
  const auto bridge = bridge_above(pf);
  const auto offset = pf.sys.number<unsigned>(pf.path("sriov_offset").c_str());
  const auto stride = pf.sys.number<unsigned>(pf.path("sriov_stride").c_str());
  if (!bridge || wanted == 0 || !offset || !*offset || !stride || !*stride) return {};
  const auto last = pf.sys.number<unsigned>(("bus/pci/devices/" + bridge->text() + "/subordinate_bus_number").c_str());
  if (!last || !*last) return {};
  const unsigned id =
      (static_cast<unsigned>(pf.address.device) << 3U | pf.address.function) + **offset + **stride * (wanted - 1);
  const unsigned bus = pf.address.bus + (id >> 8U);
  if (bus <= **last) return {};
  return fmt::format(
      "VF {} would be on bus {:02x}, and the bridge {} has bus numbers up to {:02x}: ask for fewer VFs, or "
      "boot with pci=assign-busses",
      wanted - 1, bus, bridge->text(), **last);
}

}  // namespace

std::vector<PciResource> parse_resources(std::string_view text) {
  std::vector<PciResource> resources;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    PciResource resource;
    for (auto* value : {&resource.start, &resource.end, &resource.flags}) {
      if (!line.starts_with("0x")) return resources;
      line.remove_prefix(2);
      const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), *value, 16);
      if (failure != std::errc{}) return resources;
      line.remove_prefix(static_cast<std::size_t>(end - line.data()));
      if (line.starts_with(' ')) line.remove_prefix(1);
    }
    if (!line.empty()) return resources;
    resources.push_back(resource);
  }
  return resources;
}

std::string room_for_vfs(const FunctionFiles& pf, unsigned wanted) {
  const auto lines = resources_of(pf.sys, pf.address);
  if (lines.size() < kFirstVfBar + kVfBars) return {};
  const auto bars = std::span{lines}.subspan(kFirstVfBar, kVfBars);
  if (std::ranges::any_of(bars, without_place)) return memory(pf, bars, wanted);
  // What got no room at boot may have been wiped out, and its size with it.
  if (std::ranges::all_of(bars, [](const PciResource& bar) { return bar.size() == 0; }))
    return fmt::format(
        "The kernel found no room for the BARs of the VFs when it scanned the bus: what they need stands in "
        "dmesg (\"{}: ... no space for [mem size\")",
        pf.address.text());
  return buses(pf, wanted);
}

}  // namespace nic::host
