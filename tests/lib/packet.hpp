#pragma once

#include "host/netlink_message.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace nic::test {

using host::Bytes;

// Builds netlink bytes.
class Packet {
 public:
  template <class T>
  Packet& raw(const T& value) {
    const auto at = bytes_.size();
    bytes_.resize(at + NLMSG_ALIGN(sizeof value));
    std::memcpy(bytes_.data() + at, &value, sizeof value);
    return *this;
  }
  Packet& attribute(unsigned type, std::string_view value) {
    const nlattr header{static_cast<std::uint16_t>(NLA_HDRLEN + value.size()), static_cast<std::uint16_t>(type)};
    raw(header);
    const auto at = bytes_.size();
    bytes_.resize(at + NLA_ALIGN(value.size()));
    std::memcpy(bytes_.data() + at, value.data(), value.size());
    return *this;
  }
  template <class T>
  Packet& number(unsigned type, T value) {
    return attribute(type, {reinterpret_cast<const char*>(&value), sizeof value});
  }
  Packet& nest(unsigned type, const Packet& inner) {
    return attribute(type | NLA_F_NESTED, {reinterpret_cast<const char*>(inner.bytes_.data()), inner.bytes_.size()});
  }
  // The whole as one message.
  [[nodiscard]] Packet message(std::uint16_t type) const {
    Packet outer;
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + bytes_.size());
    header.nlmsg_type = type;
    outer.raw(header);
    outer.bytes_.insert(outer.bytes_.end(), bytes_.begin(), bytes_.end());
    return outer;
  }
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace nic::test
