// Walking netlink bytes: messages of a datagram and attributes of a message, never beyond the bytes given.
// Pure; thread: any. What is well-formed is libnl's word (nlmsg_ok, nla_ok).
// Source: netlink(7). Bytes are in host order, as netlink has them.
#pragma once

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace nic::host {

using Bytes = std::span<const std::byte>;

// The value at the front; nullopt when there are too few bytes. Alignment does not matter.
template <class T>
  requires std::is_trivially_copyable_v<T>
[[nodiscard]] std::optional<T> leading(Bytes bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// Text up to the NUL; without printable-ASCII rules (plain_text of sysfs.hpp does that).
[[nodiscard]] inline std::string_view leading_text(Bytes bytes) {
  const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  return text.substr(0, text.find('\0'));
}

// As libnl counts.
[[nodiscard]] inline int length(Bytes bytes) { return static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX)); }

struct Message {
  nlmsghdr header{};
  Bytes payload;
};

// Takes the first message off `rest`; nullopt at the end or at the first malformed header.
[[nodiscard]] inline std::optional<Message> next_message(Bytes& rest) {
  const auto header = leading<nlmsghdr>(rest);
  if (!header || nlmsg_ok(&*header, length(rest)) == 0) return std::nullopt;
  const Message message{*header, rest.subspan(NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN)};
  rest = rest.subspan(std::min(NLMSG_ALIGN(std::size_t{header->nlmsg_len}), rest.size()));
  return message;
}

struct Attribute {
  unsigned type{0};  // without the NLA_F_NESTED and byte order flags
  Bytes payload;
};

// Takes the first attribute off `rest`; nullopt at the end or at the first malformed header.
[[nodiscard]] inline std::optional<Attribute> next_attribute(Bytes& rest) {
  const auto header = leading<nlattr>(rest);
  if (!header || nla_ok(&*header, length(rest)) == 0) return std::nullopt;
  const Attribute attribute{static_cast<unsigned>(nla_type(&*header)),
                            rest.subspan(NLA_HDRLEN, header->nla_len - static_cast<std::size_t>(NLA_HDRLEN))};
  rest = rest.subspan(std::min(NLA_ALIGN(std::size_t{header->nla_len}), rest.size()));
  return attribute;
}

// What is left behind a fixed header of type T (aligned); empty when there is nothing.
template <class T>
[[nodiscard]] Bytes behind(Bytes payload) {
  const std::size_t size = NLMSG_ALIGN(sizeof(T));
  return payload.subspan(size < payload.size() ? size : payload.size());
}

}  // namespace nic::host
