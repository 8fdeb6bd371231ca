// Reading a folder of notes, one JSON file each: a damaged one is kept aside and reported, and never stops the others.
// Thread: any; blocking.
#pragma once

#include "files/files.hpp"
#include "model/error.hpp"
#include "model/roots.hpp"

#include <expected>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace nic::apply {

template <class Note>
struct Notes {
  std::vector<Note> good;
  std::vector<model::Error> set_aside;  // of those that are now beside their old place as *.corrupt
};

inline constexpr std::size_t kLongestNote = 1024UL * 1024;  // a PF may have 256 VFs, and more

// Which boot this is, as far as a note can tell.
[[nodiscard]] inline std::filesystem::path boot_id_file(const model::Roots& roots) {
  return roots.proc / "sys/kernel/random/boot_id";
}
[[nodiscard]] inline std::string read_boot_id(const std::filesystem::path& file) {
  auto id = files::read(file, kLongestNote);
  if (!id) return {};
  id->erase(id->find_last_not_of('\n') + 1);
  return *id;
}

// `parse(text, path)` gives the note, or why it is damaged.
template <class Note, class Parse>
[[nodiscard]] Notes<Note> read_notes(const std::filesystem::path& folder, Parse parse) {
  Notes<Note> notes;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry{folder, failure}, end; !failure && entry != end;
       entry.increment(failure)) {
    const auto& path = entry->path();
    if (path.extension() != ".json") continue;
    const auto text = files::read(path, kLongestNote);
    std::expected<Note, model::Error> note = text ? parse(*text, path) : std::unexpected(text.error());
    if (note) {
      notes.good.push_back(std::move(*note));
      continue;
    }
    if (auto aside = files::set_aside(path); !aside) note.error().advice += "; " + aside.error().text();
    notes.set_aside.push_back(std::move(note.error()));
  }
  return notes;
}

[[nodiscard]] inline std::unexpected<model::Error> damaged(const std::filesystem::path& path) {
  return std::unexpected(model::invalid("read the note", path.string(), "it is damaged"));
}

}  // namespace nic::apply
