// Writing netlink attributes. Pure; thread: any (values). Source: netlink(7), linux/netlink.h (struct nlattr).
#pragma once

#include "host/netlink_message.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace nic::host {

class Attributes {
 public:
  Attributes() = default;
  // Behind the fixed header of a message.
  template <class Header>
  [[nodiscard]] static Attributes behind(const Header& header) {
    Attributes made;
    made.append(std::as_bytes(std::span{&header, 1}));
    return made;
  }

  template <class T>
    requires std::is_trivially_copyable_v<T>
  Attributes& number(unsigned type, T value) {
    return add(type, std::as_bytes(std::span{&value, 1}));
  }
  // With the NUL that the kernel's NLA_NUL_STRING wants.
  Attributes& text(unsigned type, std::string_view value) {
    const std::string ended{value};
    return add(type, std::as_bytes(std::span{ended.c_str(), ended.size() + 1}));
  }
  Attributes& flag(unsigned type) { return add(type, {}); }
  Attributes& nest(unsigned type, const Attributes& inner) { return add(type | NLA_F_NESTED, inner.bytes()); }
  Attributes& add(unsigned type, Bytes value) {
    const nlattr header{static_cast<std::uint16_t>(NLA_HDRLEN + value.size()), static_cast<std::uint16_t>(type)};
    append(std::as_bytes(std::span{&header, 1}));
    append(value);
    return *this;
  }
  Attributes& add(const Attributes& others) {
    append(others.bytes());
    return *this;
  }

  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  void append(Bytes value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }

  std::vector<std::byte> bytes_;
};

}  // namespace nic::host
