#include "host/attribute_writer.hpp"
#include "host/function_nets.hpp"
#include "host/netlink_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace nic::host {
namespace {

using Done = std::expected<void, model::Error>;

std::string advice(const FunctionFiles& function, const std::string& net, int errno_value, bool real) {
  if (errno_value != EINVAL && errno_value != ERANGE) return {};
  if (!real) return "the interface cannot do this MTU";
  const auto index = function.sys.number<unsigned>((function.path("net/" + net) + "/ifindex").c_str());
  const auto links = kernel_netlink({}).links();
  if (links && index && *index)
    for (const auto& link : *links)
      if (link.ifindex == **index && link.max_mtu)
        return fmt::format("{} can do an MTU of at most {}{}", net, *link.max_mtu,
                           function.exists("physfn") ? ", and a VF no more than its PF has" : "");
  return "the interface cannot do this MTU";
}

}  // namespace

// Written through sysfs (mtu_store in net/core/net-sysfs.c calls what RTM_SETLINK does), because the path through the
// function's own folder cannot hit another interface that was given the name meanwhile.
Done set_mtu(const FunctionFiles& function, unsigned to, bool real) {
  const auto what = fmt::format("set MTU {}", to);
  const auto nets = nets_of(function, what);
  if (!nets) return std::unexpected(nets.error());
  for (const auto& net : *nets) {
    const auto file = "net/" + net + "/mtu";
    const auto now = function.sys.number<unsigned>(function.path(file).c_str());
    if (!now) return std::unexpected(now.error().during(what));
    if (*now == to) continue;
    if (auto done = function.put(file, fmt::format("{}\n", to)); !done) {
      auto error = done.error().during(what);
      error.advice = advice(function, net, error.errno_value, real);
      return std::unexpected(std::move(error));
    }
  }
  return {};
}

}  // namespace nic::host
