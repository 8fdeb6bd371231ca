// Ports and health of cards in the inventory, and the events that tell of them.
#include "host/kernel_events.hpp"
#include "host/observe.hpp"
#include "lib/packet.hpp"
#include "lib/sysfs_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>

#include <cerrno>

namespace nic::host {
namespace {

using model::Dirty;
using model::PortFlavour;
using testing::ElementsAre, testing::IsEmpty, testing::SizeIs;

const model::PciAddress kPf = *model::PciAddress::parse("0000:3b:00.0");
const model::PciAddress kOther = *model::PciAddress::parse("0000:5e:00.0");

model::DevlinkPort port(unsigned index, PortFlavour flavour) {
  model::DevlinkPort port;
  port.index = index;
  port.flavour = flavour;
  return port;
}

class DevlinkFactsTest : public testing::Test {
 protected:
  DevlinkFactsTest() {
    tree.pf("0000:3b:00.0", 0x15b3, 0x1021).driver("mlx5_core");
    tree.pf("0000:5e:00.0", 0x15b3, 0x1021).driver("mlx5_core");
    netlink = sysfs_netlink(roots);
    netlink.devlink = [this]() -> std::expected<DevlinkFacts, model::Error> {
      ++asked;
      if (failure) return std::unexpected(*failure);
      return facts;
    };
  }
  model::Inventory look(const model::Inventory& before = {}, const Dirty& dirty = Dirty::all(),
                        const std::set<model::PciAddress>& busy = {}) {
    return observe(roots, netlink, before, dirty, busy);
  }

  test::SysfsTree tree;
  model::Roots roots = model::Roots::below(tree.root());
  NetlinkSource netlink;
  DevlinkFacts facts;
  std::optional<model::Error> failure;
  unsigned asked{0};
};

TEST_F(DevlinkFactsTest, StandWithTheirFunctionInOrder) {
  auto sf = port(32768, PortFlavour::pci_sf);
  sf.pf = 0;
  sf.sf = 88;
  facts.ports = {{DevlinkDevice::of(kPf), port(65535, PortFlavour::physical)},
                 {DevlinkDevice::of(kPf), sf},
                 {{"netdevsim", "netdevsim1"}, port(0, PortFlavour::physical)}};
  facts.reporters = {{DevlinkDevice::of(kPf), {65535, "tx", true, 0, 0}},
                     {DevlinkDevice::of(kPf), {std::nullopt, "fw_fatal", false, 1, 0}}};
  const auto seen = look();
  EXPECT_THAT(seen.function(kPf)->ports, ElementsAre(sf, port(65535, PortFlavour::physical)));
  ASSERT_THAT(seen.function(kPf)->reporters, SizeIs(2));
  EXPECT_EQ(seen.function(kPf)->reporters[0].name, "fw_fatal");
  EXPECT_THAT(seen.function(kOther)->ports, IsEmpty());
}

// Newer kernels have the ports of mlx5 on a device below the PF.
TEST_F(DevlinkFactsTest, OfAnAuxiliaryDeviceAreThoseOfTheFunctionAboveIt) {
  tree.link("sys/bus/auxiliary/devices/mlx5_core.eth.0", "sys/devices/pci0000:3b/0000:3b:00.0/mlx5_core.eth.0");
  facts.ports = {{{"auxiliary", "mlx5_core.eth.0"}, port(65535, PortFlavour::physical)},
                 {{"auxiliary", "../../0000:5e:00.0"}, port(1, PortFlavour::physical)},
                 {{"auxiliary", "mlx5_core.eth.7"}, port(2, PortFlavour::physical)}};
  const auto seen = look();
  EXPECT_THAT(seen.function(kPf)->ports, SizeIs(1));
  EXPECT_THAT(seen.function(kOther)->ports, IsEmpty());
}

TEST_F(DevlinkFactsTest, AreReadWhenDevlinkOrAFunctionChangesAndNotOtherwise) {
  const auto before = look();
  facts.reporters = {{DevlinkDevice::of(kPf), {std::nullopt, "fw", false, 1, 0}}};
  Dirty network;
  network.network = true;
  EXPECT_THAT(look(before, network).function(kPf)->reporters, IsEmpty());
  Dirty devlink;
  devlink.devlink = true;
  const auto broken = look(before, devlink);
  EXPECT_THAT(broken.function(kPf)->reporters, SizeIs(1));
  Dirty other;
  other.functions = {kOther};
  EXPECT_THAT(look(before, other).function(kPf)->reporters, SizeIs(1));
  facts.reporters.clear();
  EXPECT_THAT(look(broken, devlink).function(kPf)->reporters, IsEmpty());
}

TEST_F(DevlinkFactsTest, AreAsTheyWereWhileADriverMayHoldItsLock) {
  facts.ports = {{DevlinkDevice::of(kPf), port(1, PortFlavour::physical)}};
  const auto before = look();
  facts.ports.clear();
  asked = 0;
  EXPECT_THAT(look(before, Dirty::all(), {kOther}).function(kPf)->ports, SizeIs(1));
  EXPECT_EQ(asked, 0U);
}

TEST_F(DevlinkFactsTest, ThatCannotBeReadAreAsTheyWereAndAProblem) {
  facts.ports = {{DevlinkDevice::of(kPf), port(1, PortFlavour::physical)}};
  const auto before = look();
  failure = model::system_error(EPERM, "list the devlink ports", "generic netlink");
  const auto seen = look(before);
  EXPECT_THAT(seen.function(kPf)->ports, SizeIs(1));
  ASSERT_THAT(seen.problems, SizeIs(1));
  EXPECT_THAT(seen.problems[0].operation, testing::StartsWith("look at the ports and the health of cards"));
  failure.reset();
  EXPECT_THAT(look(seen).problems, IsEmpty());
}

test::Packet news(std::uint8_t command, std::uint16_t type = 0x17) {
  return test::Packet{}.raw(genlmsghdr{command, 1, 0}).message(type);
}

TEST(DevlinkEvents, TellOfPortsDevicesAndHealth) {
  for (const std::uint8_t command : {DEVLINK_CMD_NEW, DEVLINK_CMD_DEL, DEVLINK_CMD_PORT_NEW, DEVLINK_CMD_PORT_DEL,
                                     DEVLINK_CMD_HEALTH_REPORTER_RECOVER}) {
    const auto dirty = dirty_of_devlink(news(command).bytes());
    EXPECT_TRUE(dirty.devlink) << int{command};
    EXPECT_FALSE(dirty.everything);
  }
  EXPECT_TRUE(dirty_of_devlink(news(DEVLINK_CMD_PARAM_NEW).bytes()).empty());
  EXPECT_TRUE(dirty_of_devlink(news(DEVLINK_CMD_NEW, NLMSG_ERROR).bytes()).empty());
  EXPECT_TRUE(dirty_of_devlink({}).empty());
}

}  // namespace
}  // namespace nic::host
