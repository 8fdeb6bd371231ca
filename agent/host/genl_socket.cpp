#include "host/genl_socket.hpp"

#include "host/devlink_parse.hpp"

#include <linux/genetlink.h>

#include <cerrno>

namespace nic::host {
namespace {

std::function<void(Bytes)> without_header(const std::function<void(Bytes)>& each) {
  return [&each](Bytes payload) { each(behind<genlmsghdr>(payload)); };
}

}  // namespace

std::expected<GenlSocket, model::Error> GenlSocket::open(std::string_view family, std::uint8_t version) {
  auto socket = NetlinkSocket::open(NETLINK_GENERIC);
  if (!socket) return std::unexpected(std::move(socket.error()));
  std::optional<std::uint16_t> id;
  const auto listed = socket->dump(
      GENL_ID_CTRL, Attributes::behind(genlmsghdr{CTRL_CMD_GETFAMILY, 1, 0}).bytes(), [&] { id.reset(); },
      [&](Bytes payload) {
        if (const auto found = parse_family(behind<genlmsghdr>(payload)); found && found->name == family)
          id = found->id;
      });
  if (!listed) return std::unexpected(listed.error().during("list the generic netlink families"));
  if (!id)
    return std::unexpected(model::system_error(EOPNOTSUPP, "open the generic netlink family", std::string{family},
                                               "this kernel does not have it"));
  return GenlSocket{std::move(*socket), *id, version};
}

Attributes GenlSocket::request(std::uint8_t command, const Attributes& attributes) const {
  return Attributes::behind(genlmsghdr{command, version_, 0}).add(attributes);
}

std::expected<void, model::Error> GenlSocket::dump(std::uint8_t command, const Attributes& attributes,
                                                   const std::function<void()>& restart,
                                                   const std::function<void(Bytes)>& each) {
  return socket_.dump(family_, request(command, attributes).bytes(), restart, without_header(each));
}

std::expected<void, model::Error> GenlSocket::ask(std::uint8_t command, const Attributes& attributes,
                                                  const std::function<void(Bytes)>& answer) {
  return socket_.ask(family_, request(command, attributes).bytes(), without_header(answer));
}

std::expected<void, model::Error> GenlSocket::change(std::uint8_t command, const Attributes& attributes) {
  return socket_.change(family_, request(command, attributes).bytes());
}

}  // namespace nic::host
