#include "host/vf_message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>

namespace nic::host {
namespace {

using model::VfSettings;

VfSettings everything() {
  VfSettings all;
  all.mac = model::MacAddress::parse("02:00:00:00:00:10");
  all.node_guid = all.port_guid = model::Guid::parse("0002:c903:00f9:bfa0");
  all.vlan = model::Vlan{100, 3, model::VlanProtocol::dot1ad};
  all.trust = true;
  all.spoof_check = false;
  all.link_state = model::VfLinkState::disable;
  all.min_tx_rate = 100;
  all.max_tx_rate = 1000;
  return all;
}

std::vector<std::byte> message_of(unsigned vf_index, const VfSettings& settings) {
  const auto message = vf_message(7, vf_index, settings);
  return {message.bytes().begin(), message.bytes().end()};
}

TEST(VfMessage, SaysWhatIsReadOutOfIt) {
  const auto message = message_of(3, everything());
  const auto vfs = parse_vfs(message);
  ASSERT_EQ(vfs.size(), 1u);
  EXPECT_EQ(vfs.at(3), everything());
  EXPECT_EQ(leading<ifinfomsg>(message)->ifi_index, 7);
}

TEST(VfMessage, HasNothingInItThatIsNotToBeChanged) {
  VfSettings trust;
  trust.trust = false;
  EXPECT_EQ(parse_vfs(message_of(0, trust)).at(0), trust);
}

TEST(VfMessage, AMacStandsInTheOrderOfTheWire) {
  VfSettings one;
  one.mac = model::MacAddress::parse("02:00:00:00:00:10");
  const auto message = message_of(0, one);
  const std::array<std::byte, 6> wire{std::byte{2}, {}, {}, {}, {}, std::byte{0x10}};
  EXPECT_NE(std::ranges::search(message, wire).begin(), message.end());
}

// A driver that fills in nothing leaves all bits set: rtnl_fill_vfinfo.
TEST(VfMessage, TakesAllBitsSetForUntold) {
  VfSettings trusted;
  trusted.trust = true;
  auto message = message_of(0, trusted);
  ASSERT_TRUE(parse_vfs(message).at(0).trust.has_value());
  const ifla_vf_trust untold{.vf = 0, .setting = 0xffffffff};
  std::ranges::copy(std::as_bytes(std::span{&untold, 1}), message.end() - sizeof untold);  // its only attribute
  EXPECT_FALSE(parse_vfs(message).at(0).trust.has_value());
}

TEST(VfMessage, CutShortNeverReadsBeyondItsEnd) {
  const auto message = message_of(3, everything());
  for (std::size_t size = 0; size < message.size(); ++size)
    (void)parse_vfs(std::vector<std::byte>{message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size)});
}

}  // namespace
}  // namespace nic::host
