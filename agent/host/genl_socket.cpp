#include "host/genl_socket.hpp"

#include "host/devlink_parse.hpp"

#include <linux/genetlink.h>

#include <cerrno>

namespace nic::host {
namespace {

std::function<void(Bytes)> without_header(const std::function<void(Bytes)>& each) {
  return [&each](Bytes payload) { each(behind<genlmsghdr>(payload)); };
}

// Families are listed, not asked for by name.
std::expected<std::optional<GenlFamily>, model::Error> find_family(NetlinkSocket& socket, std::string_view name) {
  std::optional<GenlFamily> family;
  const auto listed = socket.dump(
      GENL_ID_CTRL, Attributes::behind(genlmsghdr{CTRL_CMD_GETFAMILY, 1, 0}).bytes(), [&] { family.reset(); },
      [&](Bytes payload) {
        if (auto found = parse_family(behind<genlmsghdr>(payload)); found && found->name == name)
          family = std::move(found);
      });
  if (!listed) return std::unexpected(listed.error().during("list the generic netlink families"));
  return family;
}

}  // namespace

std::expected<GenlSocket, model::Error> GenlSocket::open(std::string_view family, std::uint8_t version) {
  auto socket = NetlinkSocket::open(NETLINK_GENERIC);
  if (!socket) return std::unexpected(std::move(socket.error()));
  const auto found = find_family(*socket, family);
  if (!found) return std::unexpected(found.error());
  if (!*found)
    return std::unexpected(model::system_error(EOPNOTSUPP, "open the generic netlink family", std::string{family},
                                               "this kernel does not have it"));
  return GenlSocket{std::move(*socket), (*found)->id, version};
}

std::expected<std::optional<std::uint32_t>, model::Error> GenlSocket::group(std::string_view family,
                                                                            std::string_view name) {
  auto socket = NetlinkSocket::open(NETLINK_GENERIC);
  if (!socket) return std::unexpected(std::move(socket.error()));
  const auto found = find_family(*socket, family);
  if (!found) return std::unexpected(found.error());
  if (!*found) return std::optional<std::uint32_t>{};
  const auto group = (*found)->groups.find(std::string{name});
  return group == (*found)->groups.end() ? std::nullopt : std::optional{group->second};
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
