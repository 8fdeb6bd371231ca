#include "config/plugin_object.hpp"

#include "config/fields.hpp"
#include "config/plugin_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <iterator>

namespace nic::config {
namespace {

bool equal_fold(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view name_of(std::string_view key, std::string_view object) {
  for (const auto& field : kFields)
    if (field.object == object && equal_fold(field.name, key)) return field.name;
  return key;
}

bool is_scalar(const Node& node) {
  return node.kind == Node::Kind::text || node.kind == Node::Kind::number || node.kind == Node::Kind::boolean;
}

// "3", "0-7"; nullopt for anything else, which the plugin reads no further than.
std::optional<model::IndexRange> range(std::string_view text) {
  model::IndexRange result;
  const auto number = [](std::string_view digits, unsigned& value) {
    constexpr unsigned kMostIndex = 65535;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return !digits.empty() && failure == std::errc{} && end == digits.data() + digits.size() && value <= kMostIndex;
  };
  const auto dash = text.find('-');
  if (!number(text.substr(0, dash), result.first)) return std::nullopt;
  if (dash == std::string_view::npos)
    result.last = result.first;
  else if (!number(text.substr(dash + 1), result.last))
    return std::nullopt;
  return result;
}

// Sorted, and none of them touching another, as our own configuration wants them.
std::vector<model::IndexRange> merged(std::vector<model::IndexRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<model::IndexRange> result;
  for (const auto& one : ranges) {
    if (!result.empty() && one.first <= result.back().last + 1)
      result.back().last = std::max(result.back().last, one.last);
    else
      result.push_back(one);
  }
  return result;
}

struct Ranges {
  std::vector<model::IndexRange> ranges;
  std::string why;  // something in it means nothing
};

Ranges ranges_of(std::string_view text) {
  Ranges result;
  for (;;) {
    const auto comma = text.find(',');
    const auto item = text.substr(0, comma);
    const auto one = range(item);
    if (!one) {
      result.why = fmt::format("\"{}\" is no index and no range, and nothing behind it is read", item.substr(0, 32));
      break;
    }
    if (one->first <= one->last)
      result.ranges.push_back(*one);
    else
      result.why = fmt::format("the range {} runs backwards", item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  result.ranges = merged(std::move(result.ranges));
  return result;
}

// "NAME" or "NAME#RANGES", where `parse` reads NAME.
template <class Pf, class Parse>
std::vector<Pf> with_ranges(const Listed& listed, std::string_view name, Parse parse) {
  auto all = listed.values(name, [&](const Node& node) -> std::optional<Pf> {
    const std::string_view text = node.text;
    const auto hash = text.find('#');
    auto pf = parse(text.substr(0, hash));
    if (!pf) {
      listed.never(name, node, pf.error());
      return std::nullopt;
    }
    if (hash == std::string_view::npos) return Pf{std::move(*pf), {}};
    auto ranges = ranges_of(text.substr(hash + 1));
    if (ranges.ranges.empty()) {
      listed.never(name, node, ranges.why);
      return std::nullopt;
    }
    if (!ranges.why.empty())
      listed.findings.warn(node.at, fmt::format("{}: {}", listed.reader.full_name(name), ranges.why));
    return Pf{std::move(*pf), std::move(ranges.ranges)};
  });
  return all;
}

// The plugin stops at the first entry that names a PF; here they add up.
template <class Pf, class Of>
void note_twins(const Listed& listed, std::string_view name, const std::vector<Pf>& all, Of of) {
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (std::invoke(of, all[i]) == std::invoke(of, all[j]))
        return listed.reader.note(name,
                                  "of several entries for one PF the plugin looks only at the first; here they add up");
}

// RDMA drivers are never what a PCI function is bound to, though the plugin's own documentation shows one.
struct Confused {
  std::string_view written, meant;
};
constexpr std::array kConfused{Confused{"mlx5_ib", "mlx5_core"}, Confused{"mlx4_ib", "mlx4_core"},
                               Confused{"irdma", "ice"}, Confused{"bnxt_re", "bnxt_en"}};

void be_strict(Findings& findings) {
  for (auto& warning : std::exchange(findings.warnings, {}))
    findings.mistakes.push_back({model::Code::invalid, 0, warning.place.text(), "", std::move(warning.text)});
}

}  // namespace

Node as_go_reads(const Node& node, std::string_view object, Findings& findings, const std::string& path) {
  if (node.kind != Node::Kind::map) return node;
  Node result = node;
  result.items.clear();
  for (const Node& item : node.items) {
    Node member = item;
    member.key = name_of(item.key, object);
    const auto earlier = std::ranges::find(result.items, member.key, &Node::key);
    if (earlier == result.items.end()) {
      result.items.push_back(std::move(member));
      continue;
    }
    findings.warn(item.key_at, fmt::format("{}{}{}: it stands here twice, and the last one holds", path,
                                           path.empty() ? "" : ".", item.key.substr(0, 64)));
    // null leaves a scalar as it is, and empties everything else.
    if (member.kind != Node::Kind::null || !is_scalar(*earlier)) *earlier = std::move(member);
  }
  return result;
}

Read<model::LinkType> link_type_of_plugin(std::string_view text) {
  if (text == "ether") return model::LinkType::ethernet;
  if (text == "infiniband") return model::LinkType::infiniband;
  return std::unexpected(fmt::format("\"{}\" is neither \"ether\" nor \"infiniband\"", text.substr(0, 32)));
}

// What names things of the machine: nothing there is empty, and nothing has control characters or is not ASCII.
Read<std::string> some_text(std::string_view text) {
  constexpr std::size_t kMost = 128;
  if (text.empty() || text.size() > kMost || !std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; }))
    return std::unexpected(fmt::format("\"{}\" is not 1 to {} printable characters", text.substr(0, 32), kMost));
  return std::string{text};
}

std::vector<std::string> drivers(const Listed& listed) {
  auto all = listed.texts("drivers", plain_name);
  for (const auto& driver : all)
    for (const auto& [written, meant] : kConfused)
      if (driver == written)
        listed.reader.note("drivers", fmt::format("no PCI function is ever bound to {}; {} is meant", written, meant));
  return all;
}

std::vector<model::PfName> pf_names_of_plugin(const Listed& listed) {
  auto all = with_ranges<model::PfName>(listed, "pfNames", interface_name);
  note_twins(listed, "pfNames", all, &model::PfName::name);
  return all;
}

std::vector<model::RootDevice> root_devices_of_plugin(const Listed& listed) {
  auto all = with_ranges<model::RootDevice>(listed, "rootDevices", pci_address);
  note_twins(listed, "rootDevices", all, &model::RootDevice::address);
  return all;
}

std::string full_resource_name(const MapReader& reader, std::string_view prefix) {
  constexpr auto as_it_is = [](std::string_view text) { return Read<std::string>{std::string{text}}; };
  reader.require("resourceName");
  const auto name = reader.text("resourceName", as_it_is);
  const auto own_prefix = reader.text("resourcePrefix", as_it_is);
  if (!name) return "";
  auto full = fmt::format("{}/{}", own_prefix ? std::string_view{*own_prefix} : prefix, *name);
  if (const auto read = resource_name(full); !read)
    reader.refuse(own_prefix ? "resourcePrefix" : "resourceName", read.error());
  return full;
}

void read_entries(const MapReader& reader, const Node& node, std::string_view name, std::string_view prefix,
                  ReadEntry read, PluginDocument& document, bool strict) {
  auto& findings = document.findings;
  const Node* list = node.member(name);
  const auto& entries = reader.list(name);
  const bool map = node.kind == Node::Kind::map;  // that it is not is said already
  if (map && (list == nullptr || list->kind == Node::Kind::null))
    reader.require(name);
  else if (map && entries.empty())
    reader.warn(name, "the list is empty: no resource is offered");
  if (strict) be_strict(findings);
  document.whole = findings.mistakes.empty();
  if (!document.whole) return;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Findings own{findings.file};
    own.of_plugin = true;
    auto resource = read(entries[i], fmt::format("{}[{}]", name, i), prefix, own);
    resource.place = findings.place(entries[i].at);
    if (strict) be_strict(own);
    PluginEntry entry{resource.name, std::nullopt};
    const auto twin = std::ranges::find_if(
        document.entries, [&](const PluginEntry& other) { return other.resource && other.name == entry.name; });
    if (twin != document.entries.end())
      own.mistake(entries[i].at, fmt::format("{}[{}]: resource \"{}\" is already at {}", name, i, entry.name,
                                             twin->resource->place.text()));
    if (own.mistakes.empty()) entry.resource = std::move(resource);
    document.entries.push_back(std::move(entry));
    std::ranges::move(own.mistakes, std::back_inserter(findings.mistakes));
    std::ranges::move(own.warnings, std::back_inserter(findings.warnings));
    std::ranges::move(own.notes, std::back_inserter(findings.notes));
  }
}

}  // namespace nic::config
