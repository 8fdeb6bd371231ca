#include "host/offload.hpp"

#include "host/genl_socket.hpp"

#include <linux/ethtool_netlink.h>

#include <cerrno>

namespace nic::host {
namespace {

// Older headers have it too, newer ones in another file.
constexpr std::uint32_t kOmitReply = 1U << 1U;  // ETHTOOL_FLAG_OMIT_REPLY

}  // namespace

std::expected<void, model::Error> offload_tc(unsigned ifindex) {
  auto socket = GenlSocket::open(ETHTOOL_GENL_NAME, ETHTOOL_GENL_VERSION);
  if (!socket && socket.error().code == model::Code::unsupported) return {};
  if (!socket) return std::unexpected(std::move(socket.error()));
  const auto bit = Attributes{}.text(ETHTOOL_A_BITSET_BIT_NAME, "hw-tc-offload").flag(ETHTOOL_A_BITSET_BIT_VALUE);
  const auto bits = Attributes{}.nest(ETHTOOL_A_BITSET_BITS_BIT, bit);
  const auto header = Attributes{}
                          .number(ETHTOOL_A_HEADER_DEV_INDEX, std::uint32_t{ifindex})
                          .number(ETHTOOL_A_HEADER_FLAGS, kOmitReply);
  const auto done = socket->change(
      ETHTOOL_MSG_FEATURES_SET, Attributes{}
                                    .nest(ETHTOOL_A_FEATURES_HEADER, header)
                                    .nest(ETHTOOL_A_FEATURES_WANTED, Attributes{}.nest(ETHTOOL_A_BITSET_BITS, bits)));
  // EINVAL: the kernel knows no feature of that name.
  if (done || done.error().errno_value == EOPNOTSUPP || done.error().errno_value == EINVAL ||
      done.error().errno_value == ENODEV)
    return {};
  return std::unexpected(done.error().during("turn hw-tc-offload on"));
}

}  // namespace nic::host
