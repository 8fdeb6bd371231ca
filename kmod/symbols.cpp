#include "kmod/symbols.hpp"

#include "model/module.hpp"

#include <map>
#include <utility>

namespace nic::kmod {
namespace {

// libkmod's lists, each with its own way of being freed.
using ListPtr = std::unique_ptr<::kmod_list, void (*)(::kmod_list*)>;

void drop_modules(::kmod_list* list) { ::kmod_module_unref_list(list); }

std::map<std::string, std::uint64_t> exports_of(::kmod_module* module) {
  ::kmod_list* raw = nullptr;
  std::map<std::string, std::uint64_t> all;
  if (::kmod_module_get_symbols(module, &raw) < 0) return all;
  const ListPtr list{raw, &::kmod_module_symbols_free_list};
  for (auto* entry = list.get(); entry != nullptr; entry = ::kmod_list_next(list.get(), entry))
    all.emplace(printable(::kmod_module_symbol_get_symbol(entry)), ::kmod_module_symbol_get_crc(entry));
  return all;
}

using Wanted = std::map<std::string, std::uint64_t>;

void compare(const Wanted& wanted, ::kmod_module* dependency, std::vector<SymbolClash>& clashes) {
  const auto offered = exports_of(dependency);
  for (const auto& [symbol, crc] : wanted) {
    const auto found = offered.find(symbol);
    if (found == offered.end() || crc == 0 || found->second == 0 || found->second == crc) continue;
    clashes.push_back({symbol, model::kernel_name(::kmod_module_get_name(dependency)), crc, found->second});
  }
}

}  // namespace

std::vector<ModulePtr> dependencies(::kmod_module* module) {
  std::vector<ModulePtr> all;
  const ListPtr list{::kmod_module_get_dependencies(module), &drop_modules};
  for (auto* entry = list.get(); entry != nullptr; entry = ::kmod_list_next(list.get(), entry))
    if (ModulePtr one{::kmod_module_get_module(entry), &::kmod_module_unref}) all.push_back(std::move(one));
  return all;
}

std::optional<Symbols> read_symbols(::kmod_module* module) {
  ::kmod_list* raw = nullptr;
  if (::kmod_module_get_dependency_symbols(module, &raw) < 0) return std::nullopt;
  Symbols symbols;
  Wanted wanted;
  {
    const ListPtr list{raw, &::kmod_module_dependency_symbols_free_list};
    for (auto* entry = list.get(); entry != nullptr; entry = ::kmod_list_next(list.get(), entry)) {
      auto name = printable(::kmod_module_dependency_symbol_get_symbol(entry));
      symbols.used.insert(name);
      wanted.emplace(std::move(name), ::kmod_module_dependency_symbol_get_crc(entry));
    }
  }
  for (const auto& dependency : dependencies(module)) compare(wanted, dependency.get(), symbols.clashes);
  return symbols;
}

}  // namespace nic::kmod
