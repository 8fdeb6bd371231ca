#include "config/guid_file.hpp"

#include "config/json.hpp"
#include "config/map_reader.hpp"
#include "config/words.hpp"
#include "files/files.hpp"

#include <algorithm>
#include <map>

namespace nic::config {
namespace {

using model::Guid;
using model::GuidEntry;
using model::GuidFile;

// Which of its two spellings a field has here.
std::string_view spelling(const MapReader& reader, std::string_view programs, std::string_view documented) {
  if (reader.has(programs) && reader.has(documented))
    reader.refuse(documented, fmt::format("it stands here as {} already", programs));
  return reader.has(documented) && !reader.has(programs) ? documented : programs;
}

void read_pf(const MapReader& reader, GuidEntry& entry) {
  const auto address = spelling(reader, "pciAddress", "pci_address");
  const auto of_port = spelling(reader, "pfGuid", "pf_guid");
  entry.pf = reader.text(address, pci_address);
  entry.pf_guid = reader.text(of_port, port_guid);
  if (reader.has(address) && reader.has(of_port))
    reader.refuse(of_port, fmt::format("the PF is named by {} already: one of them", address));
  else if (!reader.has(of_port))
    reader.require(address);
}

std::pair<Guid, Guid> range(const Node& node, Findings& findings) {
  const MapReader reader{node, "guidsRange", findings};
  reader.require("start");
  reader.require("end");
  const auto start = reader.text("start", guid);
  const auto end = reader.text("end", guid);
  if (start && end && *end < *start) reader.refuse("end", fmt::format("it is before {}", start->text()));
  return {start.value_or(Guid{}), end.value_or(Guid{})};
}

void read_guids(const MapReader& reader, GuidEntry& entry, Findings& findings) {
  const auto in_range = spelling(reader, "guidsRange", "guids_range");
  for (const auto& one : reader.texts("guids", guid)) entry.guids.ranges.emplace_back(one, one);
  if (const Node* node = reader.map(in_range)) entry.guids.ranges.push_back(range(*node, findings));
  if (reader.has("guids") && reader.has(in_range))
    reader.refuse(in_range, "there is a list (guids) already: one of them");
  else if (!reader.has(in_range))
    reader.require("guids");
}

GuidEntry read_entry(const Node& node, std::string_view file) {
  Findings findings{std::string{file}};
  GuidEntry entry;
  entry.place = findings.place(node.at);
  const MapReader reader{node, "guidPool", findings};
  if (node.kind == Node::Kind::map) {
    read_pf(reader, entry);
    read_guids(reader, entry, findings);
  }
  entry.mistakes = std::move(findings.mistakes);
  return entry;
}

// Of two for one PF neither can be known to be meant.
template <class Key>
void refuse_twins(std::vector<GuidEntry>& entries, std::optional<Key> GuidEntry::* member) {
  std::map<Key, const GuidEntry*> known;
  for (auto& entry : entries) {
    if (!(entry.*member)) continue;
    const auto [first, fresh] = known.emplace(*(entry.*member), &entry);
    if (!fresh)
      entry.mistakes.push_back(
          model::invalid(entry.place.text(), "",
                         fmt::format("there is an entry for this PF already at {}", first->second->place.text())));
  }
}

model::Error unreadable(std::string_view file, Position at, std::string why) {
  return {model::Code::invalid, 0, model::Place{std::string{file}, at.line, at.column}.text(), "", std::move(why)};
}

}  // namespace

bool looks_like_json(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return false;
  if (text[first] == '{') return true;
  const auto second = text.find_first_not_of(kBlanks, first + 1);
  return text[first] == '[' && (second == std::string_view::npos || text[second] == '{' || text[second] == ']');
}

GuidFile guid_file_of(const Node& document, std::string_view file) {
  GuidFile result;
  result.path = file;
  if (document.kind != Node::Kind::list) {
    result.unreadable =
        unreadable(file, document.at, "a pool of GUIDs is a list: [{\"pciAddress\": ..., \"guids\": [...]}]");
    return result;
  }
  for (const Node& node : document.items) result.entries.push_back(read_entry(node, file));
  refuse_twins(result.entries, &GuidEntry::pf);
  refuse_twins(result.entries, &GuidEntry::pf_guid);
  return result;
}

GuidFile parse_guid_file(std::string_view text, std::string_view file) {
  const auto document =
      text.size() > kMostGuidFileBytes
          ? std::unexpected(Unreadable{{}, fmt::format("it is larger than {} bytes", kMostGuidFileBytes)})
          : read_json(text);
  if (document) return guid_file_of(*document, file);
  GuidFile result;
  result.path = file;
  result.unreadable = unreadable(file, document.error().at, document.error().why);
  return result;
}

GuidFile read_guid_file(const std::filesystem::path& path) {
  const auto text = files::read(path, kMostGuidFileBytes);
  if (text) return parse_guid_file(*text, path.string());
  GuidFile result;
  result.path = path.string();
  result.unreadable = text.error();
  return result;
}

std::vector<model::Error> mistakes_in(const GuidFile& file) {
  std::vector<model::Error> all;
  if (file.unreadable) all.push_back(*file.unreadable);
  for (const auto& entry : file.entries) std::ranges::copy(entry.mistakes, std::back_inserter(all));
  return all;
}

}  // namespace nic::config
