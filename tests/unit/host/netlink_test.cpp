#include "host/kernel_events.hpp"
#include "host/rtnetlink_parse.hpp"
#include "lib/packet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <rdma/rdma_netlink.h>
#include <sys/socket.h>

namespace nic::host {
namespace {

using test::Packet;
using testing::ElementsAre;
using testing::IsEmpty;

Packet link_packet(int ifindex, const char* name, const char* kind = nullptr) {
  ifinfomsg header{};
  header.ifi_index = ifindex;
  header.ifi_type = 1;
  header.ifi_flags = 0x1003;
  Packet packet;
  packet.raw(header).attribute(IFLA_IFNAME, {name, std::strlen(name) + 1});
  if (kind != nullptr) packet.nest(IFLA_LINKINFO, Packet{}.attribute(IFLA_INFO_KIND, kind));
  return packet;
}

Packet route_packet(unsigned char family, unsigned char length, unsigned oif) {
  rtmsg header{};
  header.rtm_family = family;
  header.rtm_dst_len = length;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_type = RTN_UNICAST;
  return Packet{}.raw(header).number<std::uint32_t>(RTA_OIF, oif);
}

TEST(Rtnetlink, ReadsALinkWithItsAlternativeNames) {
  auto packet = link_packet(3, "ens1np0");
  packet.attribute(IFLA_ADDRESS, std::string_view{"\x94\x40\xc9\xc3\x67\xfa", 6})
      .number<std::uint32_t>(IFLA_MTU, 9000)
      .number<std::uint32_t>(IFLA_MAX_MTU, 9978)
      .number<std::uint8_t>(IFLA_OPERSTATE, 6)
      .number<std::uint8_t>(IFLA_CARRIER, 1)
      .number<std::uint32_t>(IFLA_MASTER, 12)
      .attribute(IFLA_PHYS_PORT_NAME, "p0")
      .attribute(IFLA_PHYS_SWITCH_ID, std::string_view{"\xfa\x67", 2})
      .nest(IFLA_PROP_LIST, Packet{}.attribute(IFLA_ALT_IFNAME, "enp59s0np0").attribute(IFLA_ALT_IFNAME, "enxabc"));
  const auto link = parse_link(packet.bytes());
  ASSERT_TRUE(link.has_value());
  EXPECT_EQ(link->ifindex, 3U);
  EXPECT_EQ(link->name, "ens1np0");
  EXPECT_THAT(link->altnames, ElementsAre("enp59s0np0", "enxabc"));
  EXPECT_EQ(link->address, "94:40:c9:c3:67:fa");
  EXPECT_EQ(link->mtu, 9000U);
  EXPECT_EQ(link->max_mtu, 9978U);
  EXPECT_EQ(link->operstate, 6);
  EXPECT_TRUE(link->carrier);
  EXPECT_EQ(link->master_ifindex, 12U);
  EXPECT_EQ(link->phys_port_name, "p0");
  EXPECT_EQ(link->phys_switch_id, "fa67");
}

TEST(Rtnetlink, ALowerInterfaceOfAnotherNamespaceIsNone) {
  auto here = link_packet(3, "vlan7", "vlan");
  here.number<std::uint32_t>(IFLA_LINK, 2);
  EXPECT_EQ(parse_link(here.bytes())->lower_ifindex, 2U);
  here.number<std::int32_t>(IFLA_LINK_NETNSID, 0);
  EXPECT_FALSE(parse_link(here.bytes())->lower_ifindex.has_value());
}

TEST(Rtnetlink, CutOffMessagesGiveNoLinkAndNoCrash) {
  const auto packet = link_packet(3, "ens1np0");
  for (std::size_t size = 0; size < sizeof(ifinfomsg) + 8; ++size)
    EXPECT_FALSE(parse_link(packet.bytes().first(size)).has_value()) << size;
}

TEST(Rtnetlink, FindsDefaultRoutesOfBothFamiliesAndAllTheirHops) {
  EXPECT_THAT(parse_default_routes(route_packet(AF_INET, 0, 2).bytes()),
              ElementsAre(model::DefaultRoute{false, 2, 254}));
  auto many = route_packet(AF_INET6, 0, 2);
  rtnexthop hop{};
  hop.rtnh_len = sizeof hop;
  hop.rtnh_ifindex = 3;
  auto other = hop;
  other.rtnh_ifindex = 4;
  many.number<std::uint32_t>(RTA_TABLE, 1000).nest(RTA_MULTIPATH, Packet{}.raw(hop).raw(other));
  EXPECT_THAT(parse_default_routes(many.bytes()),
              ElementsAre(model::DefaultRoute{true, 2, 1000}, model::DefaultRoute{true, 3, 1000},
                          model::DefaultRoute{true, 4, 1000}));
}

TEST(Rtnetlink, OtherRoutesAreNoDefaultRoutes) {
  EXPECT_THAT(parse_default_routes(route_packet(AF_INET, 24, 2).bytes()), IsEmpty());
  rtmsg unreachable{};
  unreachable.rtm_family = AF_INET6;
  unreachable.rtm_type = RTN_UNREACHABLE;
  EXPECT_THAT(parse_default_routes(Packet{}.raw(unreachable).number<std::uint32_t>(RTA_OIF, 1).bytes()), IsEmpty());
}

TEST(Rtnetlink, ANextHopOfNoLengthEndsTheList) {
  rtnexthop endless{};
  EXPECT_THAT(
      parse_default_routes(route_packet(AF_INET, 0, 2).nest(RTA_MULTIPATH, Packet{}.raw(endless).raw(endless)).bytes()),
      ElementsAre(model::DefaultRoute{false, 2, 254}));
}

TEST(RdmaNetlink, ReadsADevice) {
  Packet packet;
  packet.number<std::uint32_t>(RDMA_NLDEV_ATTR_DEV_INDEX, 7)
      .attribute(RDMA_NLDEV_ATTR_DEV_NAME, "mlx5_0")
      .number<std::uint32_t>(RDMA_NLDEV_ATTR_PORT_INDEX, 2)
      .attribute(RDMA_NLDEV_ATTR_FW_VERSION, "28.41.1000")
      .number<std::uint64_t>(RDMA_NLDEV_ATTR_NODE_GUID, 0x9440c9ffffc367fa);
  const auto device = parse_rdma_device(packet.bytes());
  ASSERT_TRUE(device.has_value());
  EXPECT_EQ(device->name, "mlx5_0");
  EXPECT_EQ(device->index, 7U);
  EXPECT_EQ(device->port_count, 2U);
  EXPECT_EQ(device->firmware, "28.41.1000");
  EXPECT_EQ(device->node_guid, "9440:c9ff:ffc3:67fa");
  EXPECT_FALSE(parse_rdma_device({}).has_value());
}

TEST(RdmaNetlink, ReadsThePortsInterfaceAndTheNamespaceMode) {
  Packet port;
  port.number<std::uint32_t>(RDMA_NLDEV_ATTR_PORT_INDEX, 1).number<std::uint32_t>(RDMA_NLDEV_ATTR_NDEV_INDEX, 12);
  EXPECT_EQ(parse_rdma_port(port.bytes()), (RdmaPortLink{1, 12}));
  EXPECT_FALSE(parse_rdma_port({}).has_value());
  EXPECT_EQ(parse_rdma_netns_mode(Packet{}.number<std::uint8_t>(RDMA_NLDEV_SYS_ATTR_NETNS_MODE, 0).bytes()),
            model::RdmaNetnsMode::exclusive);
  EXPECT_EQ(parse_rdma_netns_mode(Packet{}.number<std::uint8_t>(RDMA_NLDEV_SYS_ATTR_NETNS_MODE, 1).bytes()),
            model::RdmaNetnsMode::shared);
  EXPECT_FALSE(parse_rdma_netns_mode(Packet{}.number<std::uint8_t>(RDMA_NLDEV_SYS_ATTR_NETNS_MODE, 2).bytes()));
  EXPECT_FALSE(parse_rdma_netns_mode({}).has_value());
}

TEST(EventDirt, AVfEventNamesJustTheVf) {
  const auto dirty = dirty_of({"pci", "/devices/pci0000:00/0000:00:03.0/0000:01:10.2"});
  EXPECT_THAT(dirty.functions, ElementsAre(model::PciAddress{0, 1, 0x10, 2}));
  EXPECT_FALSE(dirty.everything || dirty.network || dirty.rdma || dirty.modules);
}

TEST(EventDirt, AnInterfaceEventNamesItsFunction) {
  const auto dirty = dirty_of({"net", "/devices/pci0000:00/0000:00:03.0/0000:01:10.2/net/enp1s0v1"});
  EXPECT_TRUE(dirty.network);
  EXPECT_THAT(dirty.functions, ElementsAre(model::PciAddress{0, 1, 0x10, 2}));
  EXPECT_THAT(dirty_of({"net", "/devices/virtual/net/br0"}).functions, IsEmpty());
}

TEST(EventDirt, RdmaAndModuleEventsNameTheirKind) {
  EXPECT_TRUE(dirty_of({"infiniband", "/devices/virtual/infiniband/rxe0"}).rdma);
  EXPECT_TRUE(dirty_of({"infiniband_verbs", "/devices/virtual/infiniband_verbs/uverbs0"}).rdma);
  EXPECT_TRUE(dirty_of({"misc", "/devices/virtual/misc/rdma_cm"}).rdma);
  EXPECT_TRUE(dirty_of({"misc", "/devices/virtual/misc/kvm"}).empty());
  const auto module = dirty_of({"module", "/module/ib_core"});
  EXPECT_TRUE(module.modules);
  EXPECT_TRUE(module.rdma);
  EXPECT_FALSE(dirty_of({"module", "/module/igb"}).rdma);
}

TEST(EventDirt, WhatCannotBeReadMakesEverythingDirty) {
  EXPECT_TRUE(dirty_of({"pci", "/devices/strange"}).everything);
  EXPECT_TRUE(dirty_of({"pci", ""}).everything);
  EXPECT_TRUE(dirty_of({"block", "/devices/virtual/block/loop0"}).empty());
}

TEST(EventDirt, LinksAndDefaultRoutesTouchTheNetwork) {
  EXPECT_TRUE(dirty_of_rtnetlink(link_packet(3, "ens1").message(RTM_NEWLINK).bytes()).network);
  EXPECT_TRUE(dirty_of_rtnetlink(link_packet(3, "ens1").message(RTM_DELLINK).bytes()).rdma);
  EXPECT_FALSE(dirty_of_rtnetlink(link_packet(9, "veth1", "veth").message(RTM_NEWLINK).bytes()).rdma);
  EXPECT_TRUE(dirty_of_rtnetlink(route_packet(AF_INET, 0, 2).message(RTM_DELROUTE).bytes()).network);
  EXPECT_TRUE(dirty_of_rtnetlink(route_packet(AF_INET, 24, 2).message(RTM_NEWROUTE).bytes()).empty());
  EXPECT_TRUE(dirty_of_rtnetlink({}).empty());
}

}  // namespace
}  // namespace nic::host
