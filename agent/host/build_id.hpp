// The build id in an ELF note section, as /sys/module/<name>/notes/.note.gnu.build-id holds it.
// Pure; thread: any. Source: elf(5), "Notes".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nic::host {

// Lower-case hexadecimal; nullopt when there is no GNU build id note or the notes are malformed.
[[nodiscard]] std::optional<std::string> parse_build_id(std::string_view notes);

}  // namespace nic::host
