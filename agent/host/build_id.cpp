#include "host/build_id.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>

namespace nic::host {

std::optional<std::string> parse_build_id(std::string_view notes) {
  constexpr std::size_t kLongest = 64;  // SHA-1 has 20 bytes; ld --build-id=0x... may have more
  const auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr header;
    std::memcpy(&header, notes.data(), sizeof header);
    notes.remove_prefix(sizeof header);
    const std::size_t name_room = padded(header.n_namesz);
    if (name_room > notes.size() || header.n_descsz > notes.size() - name_room) return std::nullopt;
    const auto name = notes.substr(0, header.n_namesz);
    const auto value = notes.substr(name_room, header.n_descsz);
    if (header.n_type == NT_GNU_BUILD_ID && name == std::string_view{"GNU\0", 4}) {
      if (value.empty() || value.size() > kLongest) return std::nullopt;
      std::string text;
      for (const char byte : value) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
      return text;
    }
    notes.remove_prefix(std::min(notes.size(), name_room + padded(header.n_descsz)));
  }
  return std::nullopt;
}

}  // namespace nic::host
