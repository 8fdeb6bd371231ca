#include "files/build_id.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace nic::files {
namespace {

constexpr std::size_t kLongest = 64;  // SHA-1 has 20 bytes; ld --build-id=0x... may have more

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// The sizes and the type of a note; it has three words in 32 and in 64 bit files.
Elf64_Nhdr header_of(std::string_view notes, std::endian order) {
  Elf64_Nhdr header;
  std::memcpy(&header, notes.data(), sizeof header);
  if (order != std::endian::native)
    for (auto* word : {&header.n_namesz, &header.n_descsz, &header.n_type}) *word = __builtin_bswap32(*word);
  return header;
}

}  // namespace

std::string read_build_id(std::string_view notes, std::endian order) {
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    const auto header = header_of(notes, order);
    notes.remove_prefix(sizeof header);
    const std::size_t name_room = padded(header.n_namesz);
    if (name_room > notes.size() || header.n_descsz > notes.size() - name_room) return {};
    const auto name = notes.substr(0, header.n_namesz);
    const auto value = notes.substr(name_room, header.n_descsz);
    if (header.n_type == NT_GNU_BUILD_ID && name == std::string_view{"GNU\0", 4}) {
      std::string text;
      if (value.size() > kLongest) return text;
      for (const char byte : value) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
      return text;
    }
    notes.remove_prefix(std::min(notes.size(), name_room + padded(header.n_descsz)));
  }
  return {};
}

}  // namespace nic::files
