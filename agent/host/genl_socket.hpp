// Questions and orders to one generic netlink family. Blocks as netlink_socket.hpp says, and as long as the family's
// own lock is held. Thread: the one that made it. Source: kernel Documentation/networking/generic_netlink.rst.
#pragma once

#include "host/netlink_socket.hpp"
#include "host/netlink_writer.hpp"

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace nic::host {

class GenlSocket {
 public:
  // Code::unsupported: the kernel has no such family. Families are listed, not asked for by name: that would make the
  // kernel look for a module (ctrl_getfamily in net/netlink/genetlink.c).
  [[nodiscard]] static std::expected<GenlSocket, model::Error> open(std::string_view family, std::uint8_t version);

  // Multicast group of the family; nullopt where this kernel has none of that name.
  [[nodiscard]] static std::expected<std::optional<std::uint32_t>, model::Error> group(std::string_view family,
                                                                                       std::string_view name);

  // `each` and `answer` get the attributes behind the family's header.
  [[nodiscard]] std::expected<void, model::Error> dump(std::uint8_t command, const Attributes& attributes,
                                                       const std::function<void()>& restart,
                                                       const std::function<void(Bytes)>& each);
  [[nodiscard]] std::expected<void, model::Error> ask(std::uint8_t command, const Attributes& attributes,
                                                      const std::function<void(Bytes)>& answer);
  [[nodiscard]] std::expected<void, model::Error> change(std::uint8_t command, const Attributes& attributes);

 private:
  GenlSocket(NetlinkSocket socket, std::uint16_t family, std::uint8_t version)
      : socket_{std::move(socket)}, family_{family}, version_{version} {}
  [[nodiscard]] Attributes request(std::uint8_t command, const Attributes& attributes) const;

  NetlinkSocket socket_;
  std::uint16_t family_;
  std::uint8_t version_;
};

}  // namespace nic::host
