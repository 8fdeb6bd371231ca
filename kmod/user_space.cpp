#include "kmod/user_space.hpp"

#include "files/files.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace nic::kmod {

std::string stack_in(std::string_view ofed_info) {
  constexpr std::array<std::string_view, 4> kNames{"MLNX_OFED_LINUX-", "OFED-internal-", "DOCA_OFED-", "DOCA-"};
  constexpr std::size_t kMost = 80;
  for (const auto name : kNames) {
    const auto at = ofed_info.find(name);
    if (at == std::string_view::npos) continue;
    const auto belongs = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_'; };
    const auto rest = ofed_info.substr(at, kMost);
    const auto end = std::ranges::find_if_not(rest.substr(name.size()), belongs);
    if (end - rest.begin() > static_cast<std::ptrdiff_t>(name.size())) return std::string{rest.begin(), end};
  }
  return {};
}

std::string user_space_stack(const model::Roots& roots) {
  constexpr std::size_t kMostScript = std::size_t{1} << 20;
  const auto script = files::read(roots.usr_lib.parent_path() / "bin/ofed_info", kMostScript);
  return script ? stack_in(*script) : std::string{};
}

}  // namespace nic::kmod
