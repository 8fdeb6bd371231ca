#include "config/words.hpp"

#include "model/module_catalogue.hpp"
#include "model/resource_limits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace nic::config {
namespace {

constexpr unsigned kMostVfs = 65535;
constexpr std::size_t kMostInterfaceName = 127;  // alternative names, ALTIFNAMSIZ - 1
constexpr std::size_t kMostModuleName = 55;      // MODULE_NAME_LEN on 64-bit kernels
constexpr std::size_t kMostName = 64;
constexpr std::size_t kMostPath = 4096;  // PATH_MAX, with its NUL

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z'); }

Read<unsigned> number(std::string_view text) {
  unsigned value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size() || value > kMostVfs)
    return std::unexpected(fmt::format("\"{}\" is not a VF index from 0 to {}", text.substr(0, 32), kMostVfs));
  return value;
}

Read<model::IndexRange> range(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = number(text.substr(0, dash));
  if (!first) return std::unexpected(first.error());
  if (dash == std::string_view::npos) return model::IndexRange{*first, *first};
  const auto last = number(text.substr(dash + 1));
  if (!last) return std::unexpected(last.error());
  if (*last < *first) return std::unexpected(fmt::format("the range {} runs backwards", text));
  return model::IndexRange{*first, *last};
}

// "NAME#RANGES" apart; the ranges are empty where there is no '#'.
Read<std::pair<std::string_view, std::vector<model::IndexRange>>> with_ranges(std::string_view text) {
  const auto hash = text.find('#');
  if (hash == std::string_view::npos) return std::pair{text, std::vector<model::IndexRange>{}};
  auto ranges = index_ranges(text.substr(hash + 1));
  if (!ranges) return std::unexpected(ranges.error());
  return std::pair{text.substr(0, hash), std::move(*ranges)};
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

Read<std::uint16_t> pci_id(std::string_view text) {
  std::uint16_t value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 4 || failure != std::errc{} || end != text.data() + text.size())
    return std::unexpected(
        fmt::format("\"{}\" is not a PCI id: write four hexadecimal digits, as in \"15b3\"", text.substr(0, 32)));
  return value;
}

Read<std::vector<model::IndexRange>> index_ranges(std::string_view text) {
  std::vector<model::IndexRange> all;
  for (;;) {
    const auto comma = text.find(',');
    const auto one = range(text.substr(0, comma));
    if (!one) return std::unexpected(one.error() + "; VF indexes look like \"0-3,5\"");
    for (const auto& other : all)
      if (one->first <= other.last && other.first <= one->last)
        return std::unexpected(fmt::format("VF {} is named twice", std::max(one->first, other.first)));
    all.push_back(*one);
    if (comma == std::string_view::npos) return all;
    text.remove_prefix(comma + 1);
  }
}

Read<std::string> interface_name(std::string_view text) {
  const bool good = !text.empty() && text.size() <= kMostInterfaceName && text != "." && text != ".." &&
                    std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '/' && c != '#'; });
  if (!good)
    return std::unexpected(fmt::format("\"{}\" cannot be the name of a network interface", text.substr(0, 32)));
  return std::string{text};
}

Read<model::PfName> pf_name(std::string_view text) {
  auto parts = with_ranges(text);
  if (!parts) return std::unexpected(parts.error());
  auto name = interface_name(parts->first);
  if (!name) return std::unexpected(name.error());
  return model::PfName{std::move(*name), std::move(parts->second)};
}

Read<model::PciAddress> pci_address(std::string_view text) {
  const auto address = model::PciAddress::parse(text);
  if (!address)
    return std::unexpected(fmt::format("\"{}\" is not a PCI address: it looks like 0000:3b:00.0", text.substr(0, 32)));
  return *address;
}

Read<model::RootDevice> root_device(std::string_view text) {
  auto parts = with_ranges(text);
  if (!parts) return std::unexpected(parts.error());
  const auto address = pci_address(parts->first);
  if (!address) return std::unexpected(address.error());
  return model::RootDevice{*address, std::move(parts->second)};
}

Read<model::DeviceType> device_type(std::string_view text) {
  if (text == "netdevice") return model::DeviceType::netdevice;
  if (text == "vfio-pci") return model::DeviceType::vfio_pci;
  return std::unexpected(fmt::format("\"{}\" is not a device type: \"netdevice\" or \"vfio-pci\"", text.substr(0, 32)));
}

Read<model::OnDrift> on_drift(std::string_view text) {
  for (const auto known : {model::OnDrift::enforce, model::OnDrift::observe})
    if (text == word(known)) return known;
  return std::unexpected(fmt::format("\"{}\" is neither \"enforce\" nor \"observe\"", text.substr(0, 32)));
}

Read<model::EswitchMode> eswitch_mode(std::string_view text) {
  for (const auto mode : {model::EswitchMode::legacy, model::EswitchMode::switchdev})
    if (text == word(mode)) return mode;
  return std::unexpected(fmt::format("\"{}\" is not an eswitch mode: \"legacy\" or \"switchdev\"", text.substr(0, 32)));
}

Read<model::OnRival> on_rival(std::string_view text) {
  for (const auto known : {model::OnRival::take_over, model::OnRival::stand_by})
    if (text == word(known)) return known;
  return std::unexpected(fmt::format("\"{}\" is neither \"take-over\" nor \"stand-by\"", text.substr(0, 32)));
}

Read<model::AcsPolicy> acs_policy(std::string_view text) {
  for (const auto policy : {model::AcsPolicy::leave, model::AcsPolicy::off_on_gpu_paths})
    if (text == word(policy)) return policy;
  return std::unexpected(fmt::format("\"{}\" is neither \"leave\" nor \"off-on-gpu-paths\"", text.substr(0, 32)));
}

Read<model::ReloadPolicy> reload_policy(std::string_view text) {
  for (const auto policy : {model::ReloadPolicy::never, model::ReloadPolicy::when_safe})
    if (text == word(policy)) return policy;
  return std::unexpected(fmt::format("\"{}\" is neither \"never\" nor \"when-safe\"", text.substr(0, 32)));
}

Read<model::PreferredAllocation> preferred_allocation(std::string_view text) {
  using model::PreferredAllocation;
  for (const auto policy : {PreferredAllocation::none, PreferredAllocation::pack, PreferredAllocation::spread,
                            PreferredAllocation::near_gpu})
    if (text == word(policy)) return policy;
  return std::unexpected(
      fmt::format("\"{}\" is not one of \"none\", \"pack\", \"spread\", \"near-gpu\"", text.substr(0, 32)));
}

Read<model::NodePermissions> node_permissions(std::string_view text) {
  for (const auto permissions : {model::NodePermissions::rwm, model::NodePermissions::rw})
    if (text == word(permissions)) return permissions;
  return std::unexpected(fmt::format("\"{}\" is neither \"rwm\" nor \"rw\"", text.substr(0, 32)));
}

Read<model::RdmaNode> rdma_node(std::string_view text) {
  using model::RdmaNode;
  for (const auto node : {RdmaNode::uverbs, RdmaNode::umad, RdmaNode::issm, RdmaNode::rdma_cm})
    if (text == word(node)) return node;
  return std::unexpected(
      fmt::format("\"{}\" is not one of \"uverbs\", \"umad\", \"issm\", \"rdma_cm\"", text.substr(0, 32)));
}

Read<model::CdiMode> cdi_mode(std::string_view text) {
  for (const auto mode : {model::CdiMode::off, model::CdiMode::field, model::CdiMode::annotation})
    if (text == word(mode)) return mode;
  return std::unexpected(fmt::format("\"{}\" is not one of \"off\", \"field\", \"annotation\"", text.substr(0, 32)));
}

Read<model::LinkType> link_type(std::string_view text) {
  if (text == "ethernet" || text == "ether" || text == "eth") return model::LinkType::ethernet;
  if (text == "infiniband" || text == "ib") return model::LinkType::infiniband;
  return std::unexpected(fmt::format("\"{}\" is not a link type: \"ethernet\" or \"infiniband\"", text.substr(0, 32)));
}

Read<model::VdpaType> vdpa_type(std::string_view text) {
  for (const auto type : model::kVdpaTypes)
    if (text == word(type)) return type;
  return std::unexpected(fmt::format("\"{}\" is not a vDPA type: \"virtio\" or \"vhost\"", text.substr(0, 32)));
}

Read<model::RdmaNetnsMode> rdma_netns_mode(std::string_view text) {
  for (const auto mode : model::kRdmaNetnsModes)
    if (text == word(mode)) return mode;
  return std::unexpected(
      fmt::format("\"{}\" is not a network-namespace mode: \"shared\" or \"exclusive\"", text.substr(0, 32)));
}

Read<std::string> module_name(std::string_view text) {
  const bool good = !text.empty() && text.size() <= kMostModuleName &&
                    std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; });
  if (!good)
    return std::unexpected(fmt::format("\"{}\" cannot be a module's name: letters, digits, '_' and '-', at most {}",
                                       text.substr(0, 32), kMostModuleName));
  return std::string{text};
}

Read<std::string> module_or_set(std::string_view text) {
  if (!text.starts_with('@')) return module_name(text);
  const auto set = text.substr(1);
  if (model::askable_set(set) != nullptr) return std::string{text};
  std::vector<std::string_view> words;
  for (const auto& known : model::kAskableSets) words.push_back(known.word);
  const auto meant = nearest(set, words);
  return std::unexpected(meant
                             ? fmt::format("there is no set \"{}\"; did you mean \"@{}\"?", text.substr(0, 32), *meant)
                             : fmt::format("there is no set \"{}\": @{}", text.substr(0, 32), fmt::join(words, ", @")));
}

Read<model::Provider> rdma_stack(std::string_view text) {
  for (const auto provider : {model::Provider::inbox, model::Provider::ofed})
    if (text == word(provider)) return provider;
  return std::unexpected(fmt::format("\"{}\" is not an RDMA stack: \"inbox\" or \"ofed\"", text.substr(0, 32)));
}

Read<model::Version> version(std::string_view text) {
  constexpr std::size_t kMost = 64;
  auto parsed = model::parse_version(text);
  if (!parsed || text.size() > kMost)
    return std::unexpected(fmt::format("\"{}\" is not a version, as \"24.10-1.1.4\" is", text.substr(0, 32)));
  return std::move(*parsed);
}

Read<model::PeerMemoryWish> peer_memory(std::string_view text) {
  using model::PeerMemoryWish;
  for (const auto wish :
       {PeerMemoryWish::none, PeerMemoryWish::automatic, PeerMemoryWish::dmabuf, PeerMemoryWish::peermem})
    if (text == word(wish)) return wish;
  return std::unexpected(
      fmt::format("\"{}\" is not one of \"auto\", \"dmabuf\", \"peermem\", \"none\"", text.substr(0, 32)));
}

Read<std::string> run_file(std::string_view text) {
  constexpr std::size_t kMost = 200;
  if (!text.starts_with("/run/") || text.size() > kMost || text.ends_with('/') || text.contains('\0') ||
      text.contains("/../") || text.ends_with("/.."))
    return std::unexpected(fmt::format("\"{}\" is not the plain path of a file below /run", text.substr(0, 64)));
  return std::string{text};
}

Read<std::string> plain_name(std::string_view text) {
  const bool good = !text.empty() && text.size() <= kMostName && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '-' || c == '.';
  });
  if (!good)
    return std::unexpected(fmt::format("\"{}\" cannot be a name: letters, digits, '.', '_' and '-', at most {}",
                                       text.substr(0, 32), kMostName));
  return std::string{text};
}

Read<std::string> resource_name(std::string_view text) {
  if (const auto why = model::wrong_resource_name(text))
    return std::unexpected(fmt::format("the kubelet does not take \"{}\": {}", text.substr(0, 80), *why));
  return std::string{text};
}

Read<model::ResourceKind> resource_kind(std::string_view text) {
  for (const auto kind : {model::ResourceKind::shared, model::ResourceKind::exclusive})
    if (text == word(kind)) return kind;
  return std::unexpected(fmt::format("\"{}\" is not a kind: \"shared\" or \"exclusive\"", text.substr(0, 32)));
}

Read<model::DeviceClass> device_class(std::string_view text) {
  for (const auto known : {model::DeviceClass::net, model::DeviceClass::auxiliary, model::DeviceClass::accelerator})
    if (text == word(known)) return known;
  return std::unexpected(
      fmt::format("\"{}\" is not a device class: \"net\", \"auxiliary\" or \"accelerator\"", text.substr(0, 32)));
}

Read<std::uint16_t> pkey(std::string_view text) {
  const auto digits = text.starts_with("0x") || text.starts_with("0X") ? text.substr(2) : std::string_view{};
  std::uint16_t value{};
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.empty() || failure != std::errc{} || end != digits.data() + digits.size() || value == 0)
    return std::unexpected(
        fmt::format("\"{}\" is not a PKey: 0x0001 to 0xffff, with the bit for full membership where the port has it",
                    text.substr(0, 32)));
  return value;
}

Read<std::string> aux_type(std::string_view text) {
  if (text == "sf") return std::string{text};
  return std::unexpected(
      fmt::format("\"{}\" is not a kind of auxiliary device that can be handed out: \"sf\"", text.substr(0, 32)));
}

Read<std::string> printable_text(std::string_view text) {
  constexpr std::size_t kMost = 256;
  if (text.empty() || text.size() > kMost || std::ranges::any_of(text, [](char c) { return c < 0x20 || c > 0x7e; }))
    return std::unexpected(fmt::format("\"{}\" is not 1 to {} printable ASCII characters", text.substr(0, 32), kMost));
  return std::string{text};
}

Read<std::string> resource_prefix(std::string_view text) {
  const auto name = resource_name(fmt::format("{}/name", text));
  if (!name) return std::unexpected(name.error());
  return std::string{text};
}

Read<std::string> kubelet_root(std::string_view text) {
  auto path = file_path(text);
  if (const auto why = model::wrong_kubelet_root(text); path && why) return std::unexpected(*why);
  return path;
}

Read<std::string> file_path(std::string_view text) {
  if (!text.starts_with('/')) return std::unexpected(fmt::format("\"{}\" is not an absolute path", text.substr(0, 64)));
  if (text.size() >= kMostPath) return std::unexpected(fmt::format("the path is longer than {} bytes", kMostPath - 1));
  if (text.contains('\0') || text.contains("/../")) return std::unexpected(std::string{"the path is not plain"});
  return std::string{text};
}

Read<model::Guid> guid(std::string_view text) {
  const auto guid = model::Guid::parse(text);
  if (!guid)
    return std::unexpected(fmt::format("\"{}\" is no GUID: it looks like 00:02:c9:03:00:f9:bf:a0", text.substr(0, 64)));
  if (!guid->usable()) return std::unexpected(fmt::format("\"{}\": no port can have that GUID", text.substr(0, 64)));
  return *guid;
}

Read<model::Guid> port_guid(std::string_view text) {
  constexpr std::size_t kAddress = (20 * 3) - 1;
  constexpr std::size_t kGuid = (8 * 3) - 1;
  return guid(text.size() == kAddress ? text.substr(kAddress - kGuid) : text);
}

std::optional<std::string_view> nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kLongest = 64;
  if (word.size() > kLongest) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 2);
  for (const auto candidate : candidates) {
    const auto away = distance(word, candidate);
    if (away <= least && (!best || away < least)) {
      best = candidate;
      least = away;
    }
  }
  return best;
}

}  // namespace nic::config
