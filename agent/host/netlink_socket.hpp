// One netlink socket for questions and answers. Blocks until the kernel answers, at most 2 s for each datagram.
// Thread: the one that made it. Source: netlink(7), libnl3's core library.
#pragma once

#include "host/netlink_message.hpp"
#include "model/error.hpp"

#include <netlink/socket.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

namespace nic::host {

struct NetlinkSocketDeleter {
  void operator()(nl_sock* socket) const noexcept { nl_socket_free(socket); }
};
using NetlinkSocketPtr = std::unique_ptr<nl_sock, NetlinkSocketDeleter>;

// A bound socket of the family NETLINK_ROUTE, NETLINK_RDMA or NETLINK_GENERIC. EPROTONOSUPPORT: the kernel has no such
// family (yet).
[[nodiscard]] std::expected<NetlinkSocketPtr, model::Error> open_netlink(int protocol);

// The errno that a code of libnl (NLE_*, positive or negative) was made of, as near as libnl kept it.
[[nodiscard]] int errno_of_libnl(int code);

class NetlinkSocket {
 public:
  [[nodiscard]] static std::expected<NetlinkSocket, model::Error> open(int protocol);

  // Sends a dump request and calls `each` with the payload of every answer. A dump that changed under way
  // (NLM_F_DUMP_INTR) is asked again, up to five times; `restart` is called before each try.
  [[nodiscard]] std::expected<void, model::Error> dump(std::uint16_t type, Bytes payload,
                                                       const std::function<void()>& restart,
                                                       const std::function<void(Bytes)>& each);
  // Sends a question with one answer.
  [[nodiscard]] std::expected<void, model::Error> ask(std::uint16_t type, Bytes payload,
                                                      const std::function<void(Bytes)>& answer);
  // Sends what the kernel is to change, and waits for its acknowledgement. The kernel's own words for a refusal are the
  // error's advice. `flags`: NLM_F_CREATE and its like.
  [[nodiscard]] std::expected<void, model::Error> change(std::uint16_t type, Bytes payload, int flags = 0);

 private:
  enum class Outcome : std::uint8_t { complete, interrupted };
  NetlinkSocket(NetlinkSocketPtr socket, std::string what) : socket_{std::move(socket)}, what_{std::move(what)} {}
  // The sequence number of the request.
  [[nodiscard]] std::expected<std::uint32_t, model::Error> send(std::uint16_t type, int flags, Bytes payload);
  [[nodiscard]] std::expected<Outcome, model::Error> exchange(std::uint16_t type, int flags, Bytes payload,
                                                              const std::function<void(Bytes)>& each);

  NetlinkSocketPtr socket_;
  std::string what_;
};

}  // namespace nic::host
