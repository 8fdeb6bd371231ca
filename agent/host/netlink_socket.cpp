#include "host/netlink_socket.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <vector>

namespace nic::host {
namespace {

// The kernel fills at most 32 KiB for a dump (netlink_dump in net/netlink/af_netlink.c).
constexpr std::size_t kDatagram = std::size_t{64} * 1024;
constexpr timeval kPatience{.tv_sec = 2, .tv_usec = 0};
constexpr int kTries = 5;

}  // namespace

std::expected<NetlinkSocket, model::Error> NetlinkSocket::open(int protocol) {
  std::string what = protocol == NETLINK_RDMA ? "RDMA netlink" : "rtnetlink";
  Fd fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)};
  if (!fd) return std::unexpected(model::system_error(errno, "open a socket of", what));
  const int one = 1;
  // Both only make answers better: a kernel that refuses them is still good.
  std::ignore = ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
  std::ignore = ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience) < 0)
    return std::unexpected(model::system_error(errno, "set the timeout of", what));
  sockaddr_nl self{};
  self.nl_family = AF_NETLINK;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0)
    return std::unexpected(model::system_error(errno, "bind a socket of", what));
  return NetlinkSocket{std::move(fd), std::move(what)};
}

std::expected<NetlinkSocket::Outcome, model::Error> NetlinkSocket::exchange(std::uint16_t type, std::uint16_t flags,
                                                                            Bytes payload,
                                                                            const std::function<void(Bytes)>& each) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + payload.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  header.nlmsg_seq = ++sequence_;
  std::vector<std::byte> request(header.nlmsg_len);
  std::memcpy(request.data(), &header, sizeof header);
  if (!payload.empty()) std::memcpy(request.data() + NLMSG_HDRLEN, payload.data(), payload.size());
  if (::send(fd_.get(), request.data(), request.size(), 0) < 0)
    return std::unexpected(model::system_error(errno, "send a request on", what_));

  std::vector<std::byte> datagram(kDatagram);
  bool interrupted = false;
  for (;;) {
    const auto got = ::recv(fd_.get(), datagram.data(), datagram.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int failure = errno == EAGAIN ? ETIMEDOUT : errno;
      return std::unexpected(model::system_error(failure, "receive an answer on", what_));
    }
    if (static_cast<std::size_t>(got) > datagram.size())
      return std::unexpected(model::system_error(EMSGSIZE, "receive an answer on", what_));
    Bytes rest = Bytes{datagram}.first(static_cast<std::size_t>(got));
    while (const auto message = next_message(rest)) {
      if (message->header.nlmsg_seq != sequence_) continue;  // of a try that was given up
      if ((message->header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
      if (message->header.nlmsg_type == NLMSG_NOOP) continue;
      if (message->header.nlmsg_type == NLMSG_ERROR || message->header.nlmsg_type == NLMSG_DONE) {
        const int result = leading<int>(message->payload).value_or(0);
        if (result < 0) return std::unexpected(model::system_error(-result, "ask", what_));
        return interrupted ? Outcome::interrupted : Outcome::complete;
      }
      each(message->payload);
      // An answer that is not part of a dump stands alone when no acknowledgement was asked for.
      if ((flags & (NLM_F_DUMP | NLM_F_ACK)) == 0) return Outcome::complete;
    }
  }
}

std::expected<void, model::Error> NetlinkSocket::dump(std::uint16_t type, Bytes payload,
                                                      const std::function<void()>& restart,
                                                      const std::function<void(Bytes)>& each) {
  for (int attempt = 0; attempt < kTries; ++attempt) {
    restart();
    const auto outcome = exchange(type, NLM_F_DUMP, payload, each);
    if (!outcome) return std::unexpected(outcome.error());
    if (*outcome == Outcome::complete) break;
  }
  // A machine that never holds still is taken as it was seen last: what changed meanwhile comes as events.
  return {};
}

std::expected<void, model::Error> NetlinkSocket::ask(std::uint16_t type, Bytes payload,
                                                     const std::function<void(Bytes)>& answer) {
  const auto outcome = exchange(type, 0, payload, answer);
  if (!outcome) return std::unexpected(outcome.error());
  return {};
}

}  // namespace nic::host
