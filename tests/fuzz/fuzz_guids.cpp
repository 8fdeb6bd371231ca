// rooms: config model
// A pool of GUIDs from anybody: an entry is for one PF and has usable GUIDs, or says what is wrong with it.
#include "config/guid_file.hpp"
#include "words.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto file = nic::config::parse_guid_file(text, "fuzz");
  require(!file.unreadable || (file.entries.empty() && !file.unreadable->advice.empty()));
  for (const auto& entry : file.entries) {
    require(entry.place.line >= 1 && entry.place.column >= 1 && entry.place.line <= size + 1);
    if (!entry.mistakes.empty()) continue;
    require(entry.pf.has_value() != entry.pf_guid.has_value() && !entry.guids.ranges.empty());
    for (const auto& [first, last] : entry.guids.ranges) require(first.usable() && last.usable() && first <= last);
  }
  return 0;
}
