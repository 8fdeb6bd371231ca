// A machine's module tree, composed in a temporary folder: small but true ELF files, indexed by the real depmod(8).
#pragma once

#include "model/roots.hpp"

#include <elf.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nic::kmod {

inline constexpr std::string_view kRelease{"6.99.0-test"};

// A relocatable ELF object as far as depmod, libkmod and the agent read it.
class FakeModule {
 public:
  FakeModule& info(std::string_view key, std::string_view value) {
    modinfo_ += std::string{key} + "=" + std::string{value} + '\0';
    return *this;
  }
  FakeModule& built_for(std::string_view release) {
    return info("vermagic", std::string{release} + " SMP preempt mod_unload modversions ");
  }
  FakeModule& build_id(std::string_view bytes) {
    const std::uint32_t head[3]{4, static_cast<std::uint32_t>(bytes.size()), NT_GNU_BUILD_ID};
    note_.assign(reinterpret_cast<const char*>(head), sizeof head);
    note_.append("GNU\0", 4).append(bytes);
    note_.resize((note_.size() + 3) & ~std::size_t{3});
    return *this;
  }
  // A kernel with CONFIG_MODVERSIONS gives each symbol a version; 0: without one.
  FakeModule& provides(std::string_view symbol, std::uint32_t crc = 0) {
    exported_ += std::string{symbol} + '\0';
    if (crc != 0) crcs_.emplace_back("__crc_" + std::string{symbol}, crc);
    return *this;
  }
  FakeModule& uses(std::string_view symbol, std::uint32_t crc = 0) {
    used_.emplace_back(symbol);
    if (crc == 0) return *this;
    // struct modversion_info of include/linux/module.h.
    struct {
      unsigned long crc;
      char name[64 - sizeof(unsigned long)];
    } version{crc, {}};
    symbol.copy(version.name, sizeof version.name - 1);
    versions_.append(reinterpret_cast<const char*>(&version), sizeof version);
    return *this;
  }
  // As large as a real one: machine code packs to about a third.
  FakeModule& code(std::size_t size) {
    std::uint32_t state = 1;
    text_.resize(size);
    for (auto& byte : text_) {
      state = state * 1664525U + 1013904223U;
      byte = static_cast<char>((state >> 24U) % 7 == 0 ? state >> 16U : 0x48);
    }
    return *this;
  }
  FakeModule& is_signed() {
    signed_ = true;
    return *this;
  }

  [[nodiscard]] std::string image() const {
    std::string strings(1, '\0');
    std::vector<Elf64_Sym> symbols(1);
    for (const auto& name : used_) {
      Elf64_Sym symbol{};
      symbol.st_name = static_cast<Elf64_Word>(strings.size());
      symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
      symbols.push_back(symbol);
      strings += name + '\0';
    }
    for (const auto& [name, crc] : crcs_) {
      Elf64_Sym symbol{};
      symbol.st_name = static_cast<Elf64_Word>(strings.size());
      symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
      symbol.st_shndx = SHN_ABS;
      symbol.st_value = crc;
      symbols.push_back(symbol);
      strings += name + '\0';
    }
    const std::string table{reinterpret_cast<const char*>(symbols.data()), symbols.size() * sizeof(Elf64_Sym)};

    struct Part {
      std::string name;
      Elf64_Word type;
      std::string content;
      Elf64_Word link{0}, info{0};
      Elf64_Xword entry{0};
    };
    std::vector<Part> parts{{"", SHT_NULL, ""},
                            {".modinfo", SHT_PROGBITS, modinfo_},
                            {".note.gnu.build-id", SHT_NOTE, note_},
                            {"__ksymtab_strings", SHT_PROGBITS, exported_},
                            {".symtab", SHT_SYMTAB, table, 5, 1, sizeof(Elf64_Sym)},
                            {".strtab", SHT_STRTAB, strings},
                            {"__versions", SHT_PROGBITS, versions_},
                            {".text", SHT_PROGBITS, text_},
                            {".shstrtab", SHT_STRTAB, ""}};
    std::string names;
    std::vector<Elf64_Shdr> headers(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      headers[i].sh_name = static_cast<Elf64_Word>(names.size());
      names += parts[i].name + '\0';
    }
    parts.back().content = names;

    Elf64_Ehdr head{};
    std::memcpy(head.e_ident, ELFMAG, SELFMAG);
    head.e_ident[EI_CLASS] = ELFCLASS64;
    head.e_ident[EI_DATA] = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
    head.e_ident[EI_VERSION] = EV_CURRENT;
    head.e_type = ET_REL;
    head.e_machine = EM_X86_64;
    head.e_version = EV_CURRENT;
    head.e_ehsize = sizeof(Elf64_Ehdr);
    head.e_shentsize = sizeof(Elf64_Shdr);
    head.e_shnum = static_cast<Elf64_Half>(parts.size());
    head.e_shstrndx = static_cast<Elf64_Half>(parts.size() - 1);
    std::string image(sizeof head, '\0');
    for (std::size_t i = 0; i < parts.size(); ++i) {
      headers[i].sh_type = parts[i].type;
      headers[i].sh_offset = image.size();
      headers[i].sh_size = parts[i].content.size();
      headers[i].sh_link = parts[i].link;
      headers[i].sh_info = parts[i].info;
      headers[i].sh_entsize = parts[i].entry;
      headers[i].sh_addralign = 1;
      image += parts[i].content;
      image.resize((image.size() + 7) & ~std::size_t{7});
    }
    head.e_shoff = image.size();
    image.append(reinterpret_cast<const char*>(headers.data()), headers.size() * sizeof(Elf64_Shdr));
    image.replace(0, sizeof head, reinterpret_cast<const char*>(&head), sizeof head);
    if (signed_) {
      // struct module_signature: algo, hash, id_type 2 (PKCS#7), lengths, all zero here; then the mark.
      image += "not really PKCS#7";
      image += std::string("\0\0\2\0\0\0\0\0\0\0\0\x11", 12) + "~Module signature appended~\n";
    }
    return image;
  }

 private:
  std::string modinfo_, note_, exported_, versions_, text_;
  std::vector<std::string> used_;
  std::vector<std::pair<std::string, std::uint32_t>> crcs_;
  bool signed_{false};
};

class ModuleTree {
 public:
  ModuleTree() {
    std::string name = std::filesystem::temp_directory_path() / "nic-kmod-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
    root_ = name;
    // Some depmods look below /lib, some below /usr/lib.
    std::filesystem::create_directories(root_ / "usr/lib/modules" / kRelease);
    std::filesystem::create_directory_symlink("usr/lib", root_ / "lib");
    write("proc/sys/kernel/osrelease", std::string{kRelease} + "\n");
    write("proc/cmdline", "quiet root=/dev/vda1\n");
    write("sys/module/module/parameters/sig_enforce", "N\n");
  }
  ModuleTree(const ModuleTree&) = delete;
  ModuleTree& operator=(const ModuleTree&) = delete;
  ~ModuleTree() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  void write(const std::filesystem::path& below, std::string_view text) const {
    std::filesystem::create_directories((root_ / below).parent_path());
    std::ofstream{root_ / below, std::ios::binary} << text;
  }
  // `file` is below the running kernel's folder: "kernel/drivers/net/x.ko".
  void add(const std::filesystem::path& file, const FakeModule& module) const {
    write("usr/lib/modules" / std::filesystem::path{kRelease} / file, module.image());
  }
  void builtin(std::string_view file) const {
    write("usr/lib/modules" / std::filesystem::path{kRelease} / "modules.builtin", std::string{file} + "\n");
  }
  void live(const std::string& module) const { write("sys/module/" + module + "/initstate", "live\n"); }
  void run(const std::string& command) const {
    ASSERT_EQ(std::system(("PATH=$PATH:/sbin:/usr/sbin; " + command).c_str()), 0)
        << command << " failed: are kmod, gzip, xz-utils and zstd installed?";
  }
  void depmod() const {
    const auto folder = path("usr/lib/modules") / kRelease;
    for (const char* list : {"modules.order", "modules.builtin", "modules.builtin.modinfo"})
      if (!std::filesystem::exists(folder / list)) std::ofstream{folder / list};
    run("depmod -b " + root_.string() + " " + std::string{kRelease});
    ASSERT_TRUE(std::filesystem::exists(folder / "modules.dep.bin")) << "depmod wrote no index";
  }

  [[nodiscard]] std::filesystem::path path(const std::filesystem::path& below) const { return root_ / below; }
  [[nodiscard]] std::filesystem::path module_path(const std::filesystem::path& file) const {
    return roots().modules / kRelease / file;
  }
  [[nodiscard]] model::Roots roots() const { return model::Roots::below(root_); }

 private:
  std::filesystem::path root_;
};

// A module that fits the tree's kernel, with build id 01ff.
inline FakeModule fitting() { return FakeModule{}.built_for(kRelease).build_id("\x01\xff"); }

}  // namespace nic::kmod
