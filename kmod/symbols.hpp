// Whether a module file fits those that it builds on, before the kernel is asked: the kernel answers EINVAL for a
// symbol whose version (CRC) differs and ENOENT for one that is missing, and the reason stands in its log only. Thread:
// as Context; blocking (reads the files of the module and of what it depends on). Source: libkmod (__versions,
// __kcrctab and __ksymtab_strings of the files), kernel/module/version.c.
#pragma once

#include "kmod/context.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace nic::kmod {

struct SymbolClash {
  std::string symbol;
  std::string provider;  // the module whose file exports it
  std::uint64_t wanted{0}, offered{0};

  bool operator==(const SymbolClash&) const = default;
};

struct Symbols {
  std::set<std::string> used;        // of other modules or the kernel, by the file
  std::vector<SymbolClash> clashes;  // those that a module of its dependencies exports with another CRC

  bool operator==(const Symbols&) const = default;
};

// All that has to be there before it, by the index.
[[nodiscard]] std::vector<ModulePtr> dependencies(::kmod_module* module);

// Symbols without a CRC (kernels without CONFIG_MODVERSIONS) never clash. nullopt where the file cannot be read.
[[nodiscard]] std::optional<Symbols> read_symbols(::kmod_module* module);

}  // namespace nic::kmod
