#include "host/rdma_netns.hpp"

#include "files/files.hpp"
#include "host/netlink_facts.hpp"
#include "host/netlink_writer.hpp"
#include "host/rdma_netlink.hpp"
#include "host/rtnetlink_parse.hpp"
#include "model/names.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <tuple>
#include <utility>

namespace nic::host {
namespace {

using Done = std::expected<void, model::Error>;
using model::RdmaNetnsMode;

constexpr std::size_t kMostBytes = 4096;

std::filesystem::path option_file(const model::Roots& roots) { return roots.etc / names::kIbCoreOption; }

std::string activity(RdmaNetnsMode to) { return fmt::format("set the RDMA network-namespace mode to {}", word(to)); }

// True when it is so now, false when the kernel does not change it at present.
std::expected<bool, model::Error> set_now(RdmaNetnsMode to, const RdmaNetnsKernel& kernel) {
  const auto now = kernel.mode();
  if (!now) return std::unexpected(now.error().during(activity(to)));
  if (!*now || *now == to) return *now == to;
  if (const auto set = kernel.set_mode(to); !set) {
    if (set.error().errno_value == EBUSY) return false;
    return std::unexpected(set.error().during(activity(to)));
  }
  const auto then = kernel.mode();
  if (!then) return std::unexpected(then.error().during(activity(to)));
  if (*then != to)
    return std::unexpected(model::Error{model::Code::internal, 0, activity(to), "",
                                        "the kernel took it and shows another one all the same"});
  return true;
}

Done write_option(const model::Roots& roots, const std::string& text) {
  auto done = text.empty() ? files::remove(option_file(roots)) : files::write_atomically(option_file(roots), text);
  if (!done) return std::unexpected(done.error().during("write the option of ib_core for the next start"));
  return {};
}

}  // namespace

std::optional<RdmaNetnsMode> ask_rdma_netns_mode(NetlinkSocket& socket) {
  std::optional<RdmaNetnsMode> mode;
  std::ignore =
      socket.ask(rdma_type(RDMA_NLDEV_CMD_SYS_GET), {}, [&](Bytes payload) { mode = parse_rdma_netns_mode(payload); });
  return mode;
}

RdmaNetnsKernel rdma_netns_kernel(const model::Roots& roots) {
  return {[roots]() -> std::expected<std::optional<RdmaNetnsMode>, model::Error> {
            const auto facts = netlink_of(roots).rdma();
            if (!facts) return std::unexpected(facts.error());
            return facts->netns_mode;
          },
          [](RdmaNetnsMode mode) -> Done {
            auto socket = NetlinkSocket::open(NETLINK_RDMA);
            if (!socket) return std::unexpected(std::move(socket.error()));
            const auto value = std::to_underlying(mode);
            return socket->change(rdma_type(RDMA_NLDEV_CMD_SYS_SET),
                                  Attributes{}.number(RDMA_NLDEV_SYS_ATTR_NETNS_MODE, value).bytes());
          }};
}

std::string read_rdma_netns_option(const model::Roots& roots) {
  const auto text = files::read(option_file(roots), kMostBytes);
  if (text) return *text;
  return text.error().errno_value == ENOENT ? "" : text.error().text();
}

Done set_rdma_netns(const model::Roots& roots, const model::SetRdmaNetns& step, const RdmaNetnsKernel& kernel) {
  const auto now = step.to ? set_now(*step.to, kernel) : std::expected<bool, model::Error>{true};
  if (!now) return std::unexpected(now.error());
  const std::string wanted = step.option ? model::ib_core_option(*step.option) : "";
  const std::string there = read_rdma_netns_option(roots);
  const bool stands = there == wanted;
  // What is so now needs no option; one that asks for the same may stay.
  if (!stands)
    if (auto written = write_option(roots, *now ? "" : wanted); !written) return written;
  if (*now || !step.from || (!stands && step.option)) return {};
  return std::unexpected(model::system_error(
      EBUSY, activity(*step.to), "",
      step.option ? "the kernel does not change it while there are other network namespaces (pods, or services with "
                    "PrivateNetwork=); the option for the next start of the machine stands in " +
                        option_file(roots).string()
                  : "the kernel does not change it while there are other network namespaces; it is so again when the "
                    "machine starts anew"));
}

}  // namespace nic::host
