#include "kmod/elf.hpp"

#include "files/build_id.hpp"
#include "kmod/context.hpp"

#include <elf.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace nic::kmod {
namespace {

constexpr std::string_view kSignatureMark{"~Module signature appended~\n"};

// Numbers of either byte order and either width, never beyond the end.
class Reader {
 public:
  Reader(Bytes image, bool wide, bool big) : image_(image), wide_(wide), big_(big) {}

  [[nodiscard]] std::optional<std::uint64_t> number(std::uint64_t offset, unsigned width) const {
    if (offset > image_.size() || image_.size() - offset < width) return std::nullopt;
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i)
      value = value << 8U | image_[static_cast<std::size_t>(offset) + (big_ ? i : width - 1 - i)];
    return value;
  }
  // An address or offset: 4 or 8 bytes by the file's class.
  [[nodiscard]] std::optional<std::uint64_t> word(std::uint64_t offset) const { return number(offset, wide_ ? 8 : 4); }
  [[nodiscard]] std::optional<Bytes> part(std::uint64_t offset, std::uint64_t size) const {
    if (offset > image_.size() || image_.size() - offset < size) return std::nullopt;
    return image_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
  }

 private:
  Bytes image_;
  bool wide_;
  bool big_;
};

struct Section {
  std::uint64_t name{0};
  std::uint64_t type{0};
  Bytes content;
};

template <class Header>
std::optional<Section> read_section(const Reader& reader, std::uint64_t at) {
  const auto name = reader.number(at + offsetof(Header, sh_name), 4);
  const auto type = reader.number(at + offsetof(Header, sh_type), 4);
  const auto offset = reader.word(at + offsetof(Header, sh_offset));
  const auto size = reader.word(at + offsetof(Header, sh_size));
  if (!name || !type || !offset || !size) return std::nullopt;
  if (*type == SHT_NULL || *type == SHT_NOBITS) return Section{*name, *type, {}};
  const auto content = reader.part(*offset, *size);
  if (!content) return std::nullopt;
  return Section{*name, *type, *content};
}

std::string_view characters(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::string_view string_at(Bytes table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const auto rest = table.subspan(static_cast<std::size_t>(offset));
  const auto end = std::ranges::find(rest, static_cast<unsigned char>(0));
  return {reinterpret_cast<const char*>(rest.data()), static_cast<std::size_t>(end - rest.begin())};
}

template <class File, class Header>
std::expected<std::vector<Section>, std::string> read_sections(const Reader& reader, Bytes& names) {
  const auto table = reader.word(offsetof(File, e_shoff));
  const auto entry = reader.number(offsetof(File, e_shentsize), 2);
  const auto count = reader.number(offsetof(File, e_shnum), 2);
  const auto strings = reader.number(offsetof(File, e_shstrndx), 2);
  if (!table || !entry || !count || !strings) return std::unexpected("its ELF header is cut off");
  if (*entry < sizeof(Header)) return std::unexpected("its section headers are too small for an ELF file");
  std::vector<Section> sections;
  sections.reserve(static_cast<std::size_t>(*count));
  for (std::uint64_t i = 0; i < *count; ++i) {
    // Checked as a whole first, so that the sum below cannot wrap around.
    if (!reader.part(*table, (i + 1) * *entry)) return std::unexpected("its section table reaches beyond its end");
    const auto section = read_section<Header>(reader, *table + i * *entry);
    if (!section) return std::unexpected("a section of it reaches beyond its end");
    sections.push_back(*section);
  }
  if (*strings >= sections.size()) return std::unexpected("it names no table of section names");
  names = sections[static_cast<std::size_t>(*strings)].content;
  return sections;
}

}  // namespace

std::string_view ModuleFile::value(std::string_view key) const {
  const auto found = std::ranges::find(info, key, &std::pair<std::string, std::string>::first);
  return found == info.end() ? std::string_view{} : std::string_view{found->second};
}

std::vector<std::pair<std::string, std::string>> read_modinfo(Bytes section) {
  std::vector<std::pair<std::string, std::string>> info;
  auto rest = characters(section);
  while (!rest.empty()) {
    const auto end = rest.find('\0');
    if (end == std::string_view::npos) break;
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    info.emplace_back(printable(line.substr(0, equals)), printable(line.substr(equals + 1)));
  }
  return info;
}

std::expected<ModuleFile, std::string> read_module(Bytes image) {
  constexpr std::string_view kMagic{ELFMAG, SELFMAG};
  if (image.size() < EI_NIDENT || !std::ranges::equal(image.first(SELFMAG), kMagic))
    return std::unexpected("it is not an ELF file");
  const bool wide = image[EI_CLASS] == ELFCLASS64;
  const bool big = image[EI_DATA] == ELFDATA2MSB;
  const Reader reader{image, wide, big};
  Bytes names;
  const auto sections = wide ? read_sections<Elf64_Ehdr, Elf64_Shdr>(reader, names)
                             : read_sections<Elf32_Ehdr, Elf32_Shdr>(reader, names);
  if (!sections) return std::unexpected(sections.error());

  ModuleFile file;
  for (const auto& section : *sections) {
    if (section.type == SHT_NOTE && file.build_id.empty())
      file.build_id = files::read_build_id(characters(section.content), big ? std::endian::big : std::endian::little);
    if (section.type == SHT_PROGBITS && string_at(names, section.name) == ".modinfo")
      file.info = read_modinfo(section.content);
  }
  file.signed_ =
      image.size() >= kSignatureMark.size() && std::ranges::equal(image.last(kSignatureMark.size()), kSignatureMark);
  return file;
}

}  // namespace nic::kmod
