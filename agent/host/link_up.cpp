#include "host/attribute_writer.hpp"
#include "host/function_nets.hpp"

#include <fmt/format.h>
#include <linux/if.h>

namespace nic::host {

// Through sysfs, as the MTU is (flags_store in net/core/net-sysfs.c calls dev_change_flags).
std::expected<void, model::Error> bring_up(const FunctionFiles& function) {
  const std::string what = "bring the network interface up";
  const auto nets = nets_of(function, what);
  if (!nets) return std::unexpected(nets.error());
  for (const auto& net : *nets) {
    const auto file = "net/" + net + "/flags";
    const auto flags = function.sys.number<unsigned>(function.path(file).c_str(), 16);
    if (!flags) return std::unexpected(flags.error().during(what));
    if (!*flags || (**flags & IFF_UP) != 0) continue;
    if (auto done = function.put(file, fmt::format("{:#x}\n", **flags | IFF_UP)); !done)
      return std::unexpected(done.error().during(what));
  }
  return {};
}

}  // namespace nic::host
