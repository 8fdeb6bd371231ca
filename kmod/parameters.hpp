// What modprobe.d(5) says of a module's parameters against what the running module has.
// Thread: any. Pure but for read_parameters, which reads sysfs (blocking).
// Source: the kernel's kernel/params.c (parse_args, param_get_*, param_set_bool), "parmtype=" of .modinfo.
#pragma once

#include "kmod/elf.hpp"
#include "model/module.hpp"
#include "model/roots.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nic::kmod {

// "a=1 b=\"x y\" c" as the kernel takes it apart: of a name that stands twice, the last; a bare one is "1". Names with
// underscores.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> read_options(std::string_view options);

// Whether two texts are the same value of this type ("uint", "bool", "array of int", "charp" ...); nullopt where the
// type is not known and the texts differ.
[[nodiscard]] std::optional<bool> same_value(std::string_view type, std::string_view one, std::string_view other);

// Of each option the value that runs, if the module does; `file` tells the types.
[[nodiscard]] std::vector<model::ModuleParameter> read_parameters(const model::Roots& roots,
                                                                  const std::string& kernel_name,
                                                                  std::string_view options, const ModuleFile* file);

}  // namespace nic::kmod
