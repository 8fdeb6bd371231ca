#include "kmod/signature.hpp"

#include <array>
#include <memory>
#include <string_view>
#include <utility>

namespace nic::kmod {

ModuleSignature read_signature(::kmod_module* module) {
  constexpr std::array<std::pair<std::string_view, std::string ModuleSignature::*>, 4> kFields{{
      {"sig_id", &ModuleSignature::id},
      {"signer", &ModuleSignature::signer},
      {"sig_key", &ModuleSignature::key},
      {"sig_hashalgo", &ModuleSignature::hash},
  }};
  ModuleSignature signature;
  ::kmod_list* raw = nullptr;
  if (::kmod_module_get_info(module, &raw) < 0) return signature;
  const std::unique_ptr<::kmod_list, void (*)(::kmod_list*)> list{raw, &::kmod_module_info_free_list};
  for (auto* entry = list.get(); entry != nullptr; entry = ::kmod_list_next(list.get(), entry)) {
    const std::string_view key{::kmod_module_info_get_key(entry)};
    for (const auto& [name, field] : kFields)
      if (key == name) signature.*field = printable(::kmod_module_info_get_value(entry));
  }
  return signature;
}

}  // namespace nic::kmod
