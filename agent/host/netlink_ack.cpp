#include "host/netlink_ack.hpp"

#include "host/sysfs.hpp"

#include <cerrno>

namespace nic::host {

std::string explanation(std::uint16_t flags, Bytes payload) {
  const auto error = leading<nlmsgerr>(payload);
  if (!error || (flags & NLM_F_ACK_TLVS) == 0) return {};
  // The request that was refused stands in between, unless it was left out (NLM_F_CAPPED).
  std::size_t size = sizeof(nlmsgerr);
  if ((flags & NLM_F_CAPPED) == 0 && error->msg.nlmsg_len > NLMSG_HDRLEN) size += error->msg.nlmsg_len - NLMSG_HDRLEN;
  size = NLMSG_ALIGN(size);
  if (size >= payload.size()) return {};
  auto rest = payload.subspan(size);
  while (const auto attribute = next_attribute(rest))
    if (attribute->type == NLMSGERR_ATTR_MSG) return plain_text(leading_text(attribute->payload));
  return {};
}

int errno_of_kernel(int errno_value) {
  constexpr int kNotSupported = 524;  // include/linux/errno.h
  return errno_value == kNotSupported ? EOPNOTSUPP : errno_value;
}

}  // namespace nic::host
