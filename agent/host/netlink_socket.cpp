#include "host/netlink_socket.hpp"

#include "host/netlink_ack.hpp"

#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

namespace nic::host {
namespace {

// The kernel fills at most 32 KiB for a dump (netlink_dump in net/netlink/af_netlink.c).
constexpr std::size_t kDatagram = std::size_t{64} * 1024;
constexpr timeval kPatience{.tv_sec = 2, .tv_usec = 0};
constexpr int kTries = 5;

std::string name_of(int protocol) {
  switch (protocol) {
    case NETLINK_RDMA: return "RDMA netlink";
    case NETLINK_GENERIC: return "generic netlink";
    default: return "rtnetlink";
  }
}

struct MessageDeleter {
  void operator()(nl_msg* message) const noexcept { nlmsg_free(message); }
};
struct CallbacksDeleter {
  void operator()(nl_cb* callbacks) const noexcept { nl_cb_put(callbacks); }
};

// What arrives for one request. libnl's callbacks get it as their argument.
struct Reply {
  const std::function<void(Bytes)>& each;
  bool one_answer;
  std::uint32_t sequence;
  bool complete{false}, interrupted{false};
  int failure{0};             // errno of the kernel's own answer
  std::string explanation{};  // its words for it
};

Bytes payload_of(nlmsghdr* header) {
  const int size = nlmsg_datalen(header);
  if (size <= 0) return {};
  return {static_cast<const std::byte*>(nlmsg_data(header)), static_cast<std::size_t>(size)};
}

int on_answer(nl_msg* message, void* argument) {
  auto& reply = *static_cast<Reply*>(argument);
  reply.each(payload_of(nlmsg_hdr(message)));
  // An answer that is not part of a dump stands alone: no acknowledgement was asked for.
  reply.complete = reply.one_answer;
  return reply.complete ? NL_STOP : NL_OK;
}

int on_end(nl_msg* message, void* argument) {
  auto& reply = *static_cast<Reply*>(argument);
  reply.complete = true;
  // A dump that failed under way says so in its last message.
  reply.failure = errno_of_kernel(-std::min(leading<int>(payload_of(nlmsg_hdr(message))).value_or(0), 0));
  return NL_STOP;
}

int on_interrupted(nl_msg*, void* argument) {
  static_cast<Reply*>(argument)->interrupted = true;
  return NL_OK;
}

int on_error(sockaddr_nl*, nlmsgerr* error, void* argument) {
  auto& reply = *static_cast<Reply*>(argument);
  reply.complete = true;
  reply.failure = errno_of_kernel(-error->error);
  // libnl hands over the payload; the header stands before it (nl_recvmsgs looked at its length).
  const auto* payload = reinterpret_cast<const std::byte*>(error);
  const auto header = leading<nlmsghdr>(Bytes{payload - NLMSG_HDRLEN, NLMSG_HDRLEN});
  reply.explanation = explanation(header->nlmsg_flags, {payload, header->nlmsg_len - std::size_t{NLMSG_HDRLEN}});
  return NL_STOP;
}

// An answer to a question that was given up is passed over.
int on_sequence(nl_msg* message, void* argument) {
  return nlmsg_hdr(message)->nlmsg_seq == static_cast<Reply*>(argument)->sequence ? NL_OK : NL_SKIP;
}

std::unique_ptr<nl_cb, CallbacksDeleter> callbacks_to(Reply& reply) {
  std::unique_ptr<nl_cb, CallbacksDeleter> callbacks{nl_cb_alloc(NL_CB_DEFAULT)};
  if (!callbacks) return callbacks;
  nl_cb_set(callbacks.get(), NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_sequence, &reply);
  nl_cb_set(callbacks.get(), NL_CB_VALID, NL_CB_CUSTOM, on_answer, &reply);
  nl_cb_set(callbacks.get(), NL_CB_FINISH, NL_CB_CUSTOM, on_end, &reply);
  nl_cb_set(callbacks.get(), NL_CB_ACK, NL_CB_CUSTOM, on_end, &reply);
  nl_cb_set(callbacks.get(), NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, &reply);
  nl_cb_err(callbacks.get(), NL_CB_CUSTOM, on_error, &reply);
  return callbacks;
}

}  // namespace

int errno_of_libnl(int code) {
  switch (code < 0 ? -code : code) {
    case NLE_INTR: return EINTR;
    case NLE_BAD_SOCK: return EBADF;
    case NLE_AGAIN: return EAGAIN;
    case NLE_NOMEM: return ENOBUFS;  // ENOMEM too: what was to come is lost either way
    case NLE_EXIST: return EEXIST;
    case NLE_INVAL: return EINVAL;
    case NLE_RANGE: return ERANGE;
    case NLE_MSGSIZE:
    case NLE_MSG_TRUNC: return EMSGSIZE;
    case NLE_OPNOTSUPP: return EOPNOTSUPP;
    case NLE_AF_NOSUPPORT: return EAFNOSUPPORT;
    case NLE_PROTO_MISMATCH: return EPROTONOSUPPORT;
    case NLE_NOACCESS: return EACCES;
    case NLE_PERM: return EPERM;
    case NLE_BUSY: return EBUSY;
    case NLE_NODEV: return ENODEV;
    case NLE_OBJ_NOTFOUND: return ENOENT;
    default: return EIO;
  }
}

std::expected<NetlinkSocketPtr, model::Error> open_netlink(int protocol) {
  const auto refuse = [&](const char* operation, int code) {
    return std::unexpected(model::system_error(errno_of_libnl(code), operation, name_of(protocol)));
  };
  NetlinkSocketPtr socket{nl_socket_alloc()};
  if (!socket) return refuse("open a socket of", NLE_NOMEM);
  if (const int code = nl_connect(socket.get(), protocol); code < 0) return refuse("open a socket of", code);
  // Explanations only make answers better: a kernel that refuses them is still good.
  const int one = 1;
  std::ignore = ::setsockopt(nl_socket_get_fd(socket.get()), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
  if (const int code = nl_socket_set_msg_buf_size(socket.get(), kDatagram); code < 0)
    return refuse("set the buffer of", code);
  return socket;
}

std::expected<NetlinkSocket, model::Error> NetlinkSocket::open(int protocol) {
  auto socket = open_netlink(protocol);
  if (!socket) return std::unexpected(std::move(socket.error()));
  nl_socket_disable_auto_ack(socket->get());
  if (::setsockopt(nl_socket_get_fd(socket->get()), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience) < 0)
    return std::unexpected(model::system_error(errno, "set the timeout of", name_of(protocol)));
  return NetlinkSocket{std::move(*socket), name_of(protocol)};
}

std::expected<std::uint32_t, model::Error> NetlinkSocket::send(std::uint16_t type, int flags, Bytes payload) {
  const std::unique_ptr<nl_msg, MessageDeleter> request{nlmsg_alloc_simple(type, flags)};
  if (!request) return std::unexpected(model::system_error(ENOMEM, "send a request on", what_));
  int code = 0;
  if (!payload.empty())  // libnl copies from it, though its signature says otherwise
    code = nlmsg_append(request.get(), const_cast<std::byte*>(payload.data()), payload.size(), NLMSG_ALIGNTO);
  if (code >= 0) code = nl_send_auto(socket_.get(), request.get());
  if (code < 0) return std::unexpected(model::system_error(errno_of_libnl(code), "send a request on", what_));
  return nlmsg_hdr(request.get())->nlmsg_seq;
}

std::expected<NetlinkSocket::Outcome, model::Error> NetlinkSocket::exchange(std::uint16_t type, int flags,
                                                                            Bytes payload,
                                                                            const std::function<void(Bytes)>& each) {
  const auto sequence = send(type, flags, payload);
  if (!sequence) return std::unexpected(sequence.error());
  Reply reply{each, (flags & (NLM_F_DUMP | NLM_F_ACK)) == 0, *sequence};
  const auto callbacks = callbacks_to(reply);
  if (!callbacks) return std::unexpected(model::system_error(ENOMEM, "receive an answer on", what_));
  while (!reply.complete) {
    const int code = nl_recvmsgs(socket_.get(), callbacks.get());
    if (reply.complete || code >= 0 || code == -NLE_INTR) continue;
    const int failure = code == -NLE_AGAIN ? ETIMEDOUT : errno_of_libnl(code);
    return std::unexpected(model::system_error(failure, "receive an answer on", what_));
  }
  if (reply.failure != 0)
    return std::unexpected(model::system_error(reply.failure, "ask", what_, std::move(reply.explanation)));
  return reply.interrupted ? Outcome::interrupted : Outcome::complete;
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

std::expected<void, model::Error> NetlinkSocket::change(std::uint16_t type, Bytes payload, int flags) {
  const auto outcome = exchange(type, NLM_F_ACK | flags, payload, [](Bytes) {});
  if (!outcome) return std::unexpected(outcome.error());
  return {};
}

std::expected<void, model::Error> NetlinkSocket::ask(std::uint16_t type, Bytes payload,
                                                     const std::function<void(Bytes)>& answer) {
  const auto outcome = exchange(type, 0, payload, answer);
  if (!outcome) return std::unexpected(outcome.error());
  return {};
}

}  // namespace nic::host
