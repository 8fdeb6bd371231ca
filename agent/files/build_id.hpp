// The GNU build id in ELF notes: of a module file's section, or of /sys/module/<name>/notes/.note.gnu.build-id.
// Pure; thread: any. Source: elf(5), "Notes".
#pragma once

#include <bit>
#include <string>
#include <string_view>

namespace nic::files {

// Lower-case hexadecimal; "" when there is no such note or the notes are malformed. The order is that of the writer.
[[nodiscard]] std::string read_build_id(std::string_view notes, std::endian order = std::endian::native);

}  // namespace nic::files
