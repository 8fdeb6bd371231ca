// The kernel's own messages of addresses, routes and VLANs, kept and sent back to interfaces with other indexes.
#include "host/reload_messages.hpp"

#include "lib/packet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace nic::host {
namespace {

using test::Packet;

constexpr std::string_view kAddress{"\xc0\x00\x02\x01", 4};
const std::map<unsigned, std::string> kGoing{{2, "enp1s0"}, {5, "enp1s0.7"}};

Packet address_of(unsigned ifindex) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = 24;
  header.ifa_index = ifindex;
  return Packet{}.raw(header).attribute(IFA_ADDRESS, kAddress).attribute(IFA_LOCAL, kAddress).number(IFA_FLAGS, 0x80U);
}

rtmsg route_header() {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_type = RTN_UNICAST;
  header.rtm_flags = RTNH_F_LINKDOWN | RTNH_F_ONLINK;
  return header;
}

// One payload for both: what a hop holds behind its header may be anything.
Packet over(std::initializer_list<int> hops) {
  Packet list;
  for (const int index : hops) {
    rtnexthop hop{};
    hop.rtnh_len = sizeof hop;
    hop.rtnh_flags = RTNH_F_DEAD;
    hop.rtnh_ifindex = index;
    list.raw(hop);
  }
  return list;
}

TEST(ReloadMessages, AnAddressGoesToTheNewIndexAndStaysWhatItIs) {
  const auto packet = address_of(2);
  const auto kept = kept_address(packet.bytes());
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->first, 2U);
  const auto sent = address_message(kept->second, 70);
  ASSERT_TRUE(sent);
  EXPECT_TRUE(std::ranges::equal(bytes_of(*sent), address_of(70).bytes()));
  EXPECT_EQ(address_bytes(packet.bytes()), kAddress);
}

TEST(ReloadMessages, ARouteIsKeptWithAllButWhatIsOfTheMoment) {
  const auto packet = Packet{}
                          .raw(route_header())
                          .attribute(RTA_DST, kAddress)
                          .number(RTA_OIF, 2U)
                          .number(RTA_PRIORITY, 100U)
                          .attribute(RTA_CACHEINFO, "counts")
                          .number(RTA_NH_ID, 9U);
  const auto kept = kept_route(packet.bytes(), kGoing);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->interfaces, (std::map<unsigned, std::string>{{2, "enp1s0"}}));
  EXPECT_FALSE(needs_gateway(*kept));
  auto header = route_header();
  header.rtm_flags = RTNH_F_ONLINK;
  const auto wanted = Packet{}.raw(header).attribute(RTA_DST, kAddress).number(RTA_OIF, 70U).number(RTA_PRIORITY, 100U);
  const auto sent = route_message(*kept, [](const std::string&) { return 70U; });
  ASSERT_TRUE(sent);
  EXPECT_TRUE(std::ranges::equal(bytes_of(*sent), wanted.bytes()));
}

TEST(ReloadMessages, ARouteWaitsForAllItsInterfaces) {
  const auto packet = Packet{}.raw(route_header()).nest(RTA_MULTIPATH, over({2, 5, 9}));
  const auto kept = kept_route(packet.bytes(), kGoing);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->interfaces, kGoing);
  EXPECT_TRUE(needs_gateway(*kept));
  EXPECT_FALSE(route_message(*kept, [](const std::string& name) { return name == "enp1s0" ? 70U : 0U; }));
  const auto sent = route_message(*kept, [](const std::string& name) { return name == "enp1s0" ? 70U : 71U; });
  ASSERT_TRUE(sent);
  // The third hop leads over an interface that stays.
  std::vector<int> hops;
  auto rest = behind<rtmsg>(bytes_of(*sent));
  const auto list = next_attribute(rest);
  ASSERT_TRUE(list);
  auto left = list->payload;
  while (const auto hop = leading<rtnexthop>(left)) {
    hops.push_back(hop->rtnh_ifindex);
    EXPECT_EQ(hop->rtnh_flags, 0);
    ASSERT_GE(hop->rtnh_len, sizeof(rtnexthop));
    left = left.subspan(std::min<std::size_t>(hop->rtnh_len, left.size()));
  }
  EXPECT_THAT(hops, testing::ElementsAre(70, 71, 9));
}

TEST(ReloadMessages, WhatTheKernelMakesItselfAndWhatLeadsElsewhereIsNotKept) {
  const auto route = [](const rtmsg& header, unsigned ifindex) {
    return kept_route(Packet{}.raw(header).number(RTA_OIF, ifindex).bytes(), kGoing).has_value();
  };
  EXPECT_TRUE(route(route_header(), 2));
  EXPECT_FALSE(route(route_header(), 3));
  auto header = route_header();
  header.rtm_protocol = RTPROT_KERNEL;
  EXPECT_FALSE(route(header, 2));
  header = route_header();
  header.rtm_flags = RTM_F_CLONED;
  EXPECT_FALSE(route(header, 2));
  header = route_header();
  header.rtm_family = AF_BRIDGE;
  EXPECT_FALSE(route(header, 2));
}

TEST(ReloadMessages, AVlanIsKeptByItsKindAndData) {
  const auto data = Packet{}.number(IFLA_VLAN_ID, std::uint16_t{7});
  const auto info = Packet{}.attribute(IFLA_INFO_KIND, "vlan").nest(IFLA_INFO_DATA, data);
  auto with_counts = info;
  with_counts.attribute(IFLA_INFO_XSTATS, "counts");
  const auto link = Packet{}.raw(ifinfomsg{}).attribute(IFLA_IFNAME, "enp1s0.7").nest(IFLA_LINKINFO, with_counts);
  EXPECT_TRUE(std::ranges::equal(bytes_of(kept_link_info(link.bytes())), info.bytes()));
  EXPECT_EQ(kept_link_info(Packet{}.raw(ifinfomsg{}).bytes()), "");
}

// A mask of all ones, as the kernel tells it, is EINVAL when it is sent.
TEST(ReloadMessages, FlagsOfAVlanAreSentWithTheBitsThatAreMeant) {
  const auto link = [](ifla_vlan_flags flags) {
    const auto data = Packet{}.number(IFLA_VLAN_ID, std::uint16_t{7}).number(IFLA_VLAN_FLAGS, flags);
    return Packet{}.attribute(IFLA_INFO_KIND, "vlan").nest(IFLA_INFO_DATA, data);
  };
  const auto told = Packet{}.raw(ifinfomsg{}).nest(IFLA_LINKINFO, link({VLAN_FLAG_GVRP, ~0U}));
  const auto sent = link({VLAN_FLAG_GVRP, VLAN_FLAG_GVRP | VLAN_FLAG_REORDER_HDR});
  EXPECT_TRUE(std::ranges::equal(bytes_of(kept_link_info(told.bytes())), sent.bytes()));
}

TEST(ReloadMessages, TornOnesAreRefused) {
  EXPECT_FALSE(kept_address(Packet{}.raw(std::uint32_t{7}).bytes()));
  EXPECT_FALSE(address_message("short", 2));
  EXPECT_FALSE(kept_route({}, kGoing));
  EXPECT_FALSE(route_message({"short", {}}, [](const std::string&) { return 1U; }));
}

}  // namespace
}  // namespace nic::host
