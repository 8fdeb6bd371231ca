// What the signature of a module file says. Thread: as Context; blocking (libkmod reads and unpacks the file). Source:
// libkmod, include/linux/module_signature.h.
#pragma once

#include "kmod/context.hpp"

#include <string>

namespace nic::kmod {

// Each "" where the signature does not say it; all of them without one.
struct ModuleSignature {
  std::string id;  // "PKCS#7"
  std::string signer, key, hash;
};

[[nodiscard]] ModuleSignature read_signature(::kmod_module* module);

}  // namespace nic::kmod
