// One netlink socket for questions and answers. Blocks until the kernel answers, at most 2 s for each datagram.
// Thread: the one that made it. Source: netlink(7).
#pragma once

#include "host/fd.hpp"
#include "host/netlink_message.hpp"
#include "model/error.hpp"

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

namespace nic::host {

class NetlinkSocket {
 public:
  // `protocol` is NETLINK_ROUTE or NETLINK_RDMA. EPROTONOSUPPORT: the kernel has no such family (yet).
  [[nodiscard]] static std::expected<NetlinkSocket, model::Error> open(int protocol);

  // Sends a dump request and calls `each` with the payload of every answer. A dump that changed under way
  // (NLM_F_DUMP_INTR) is asked again, up to five times; `restart` is called before each try.
  [[nodiscard]] std::expected<void, model::Error> dump(std::uint16_t type, Bytes payload,
                                                       const std::function<void()>& restart,
                                                       const std::function<void(Bytes)>& each);
  // Sends a question with one answer.
  [[nodiscard]] std::expected<void, model::Error> ask(std::uint16_t type, Bytes payload,
                                                      const std::function<void(Bytes)>& answer);

 private:
  enum class Outcome : std::uint8_t { complete, interrupted };
  NetlinkSocket(Fd fd, std::string what) : fd_{std::move(fd)}, what_{std::move(what)} {}
  [[nodiscard]] std::expected<Outcome, model::Error> exchange(std::uint16_t type, std::uint16_t flags, Bytes payload,
                                                              const std::function<void(Bytes)>& each);

  Fd fd_;
  std::string what_;
  std::uint32_t sequence_{0};
};

}  // namespace nic::host
