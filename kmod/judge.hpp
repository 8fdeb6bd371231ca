// From what is known of one module to sentences that an administrator can act on: pure.
// Thread: any. Rule: what could not be found out is `unknown`, never `pass`.
#pragma once

#include "kmod/symbols.hpp"
#include "model/module.hpp"

#include <optional>
#include <string>
#include <vector>

namespace nic::kmod {

// What the report itself has no field for.
struct Circumstances {
  std::string release;                    // of the running kernel
  bool resolved{false};                   // an index of the running kernel's modules could be asked
  bool exists{false};                     // ... and knows the module
  std::vector<std::string> behind_alias;  // the name is no module but stands for these
  bool file_missing{false};               // the index names a file that is not there: depmod is out of date
  bool file_read{false};                  // the file's own facts (vermagic, build id, signature) are known
  bool weak_update{false};                // linked from another kernel's folder, on purpose
  bool file_signed{false};
  std::optional<bool> signature_enforced;  // module.sig_enforce or lockdown; nullopt where neither can be read
  bool loading_disabled{false};            // /proc/sys/kernel/modules_disabled
  bool kernel_refuses{false};              // module_blacklist= on the command line
  std::string install_command, install_file;
  std::vector<SymbolClash> clashes;  // of a module that is not loaded
};

[[nodiscard]] std::vector<model::Finding> judge(const model::ModuleReport& report, const Circumstances& known);
// The same of the questions whose answers decide whether the kernel would take the file; `report` is of a required
// module that is absent.
[[nodiscard]] std::vector<model::Finding> judge_loading(const model::ModuleReport& report, const Circumstances& known);

}  // namespace nic::kmod
