// Parsers of what the kernel says of its modules. Pure; thread: any.
#pragma once

#include "model/inventory.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace nic::host {

// /proc/modules: "name size references holders state address". Lines that are not like that are passed by.
[[nodiscard]] std::vector<model::LoadedModule> parse_proc_modules(std::string_view text);

// The GNU build id of an ELF note section, lower-case hex; "" when there is none. Source: elf(5), NT_GNU_BUILD_ID.
[[nodiscard]] std::string parse_build_id(std::string_view note);

}  // namespace nic::host
