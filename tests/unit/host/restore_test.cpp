// Interfaces and RDMA devices made again what they were, against a kernel that keeps what it was told.
#include "host/restore.hpp"

#include "host/rtnetlink_parse.hpp"
#include "lib/sysfs_tree.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <rdma/rdma_netlink.h>

#include <cerrno>

namespace nic::host {
namespace {

using model::Code;
using testing::ElementsAre;
using testing::IsEmpty;

class Restore : public testing::Test {
 protected:
  Restore() {
    link.name = "eth0";
    link.ifindex = 70;
    link.address = "52:54:00:00:00:01";
    link.mtu = 1500;
    saved.name = "enp1s0";
    saved.address = link.address;
    saved.mtu = 9000;
    saved.up = true;
    ifaddrmsg address{};
    address.ifa_index = 2;
    saved.messages.addresses = {{reinterpret_cast<const char*>(&address), sizeof address}};
    kernel.links = [this] { return std::vector{link, bond}; };
    kernel.route = [this](std::uint16_t type, Bytes payload, int) { return take(type, payload); };
    kernel.rdma = [this] { return rdma; };
    kernel.nldev = [this](unsigned command, Bytes payload) -> std::expected<void, model::Error> {
      const auto device = parse_rdma_device(payload);
      told.push_back(fmt::format("nldev {} {}", command, device ? device->name : "without an index"));
      return {};
    };
    bond.name = "bond0";
    bond.ifindex = 9;
  }
  std::expected<void, model::Error> take(std::uint16_t type, Bytes payload) {
    if (refuses != 0) return std::unexpected(model::system_error(refuses, "ask", "rtnetlink"));
    if (type == RTM_NEWADDR) {
      told.push_back(fmt::format("address to {}", leading<ifaddrmsg>(payload)->ifa_index));
      return {};
    }
    const auto header = *leading<ifinfomsg>(payload);
    if ((header.ifi_change & IFF_UP) != 0) {
      told.emplace_back((header.ifi_flags & IFF_UP) != 0 ? "up" : "down");
      link.flags = header.ifi_flags;
    }
    auto rest = behind<ifinfomsg>(payload);
    while (const auto attribute = next_attribute(rest)) {
      if (attribute->type == IFLA_IFNAME) told.push_back("name " + (link.name = leading_text(attribute->payload)));
      if (attribute->type == IFLA_MTU)
        told.push_back(fmt::format("mtu {}", *leading<std::uint32_t>(attribute->payload)));
      if (attribute->type == IFLA_MASTER)
        told.push_back(fmt::format("master {}", *leading<std::uint32_t>(attribute->payload)));
      if (attribute->type == IFLA_LINK)
        told.push_back(fmt::format("on {}", *leading<std::uint32_t>(attribute->payload)));
      if (attribute->type == IFLA_ADDRESS) told.emplace_back("address");
    }
    return {};
  }
  std::expected<void, model::Error> restored(unsigned ifindex = 70) {
    return restore(roots, model::RestoreInterface{saved, ifindex}, kernel);
  }

  test::SysfsTree tree;
  model::Roots roots{model::Roots::below(tree.root())};
  Link link, bond;
  RdmaFacts rdma;
  model::SavedInterface saved;
  RestoreKernel kernel;
  std::vector<std::string> told;
  int refuses{0};
};

TEST_F(Restore, ChangesWhatIsWrong) {
  const auto done = restored();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_THAT(told, ElementsAre("name enp1s0", "mtu 9000", "up", "address to 70"));
}

TEST_F(Restore, TakesAnInterfaceDownForWhatItTakesOnlyThen) {
  link.flags = IFF_UP;
  saved.address = "02:00:00:00:00:07";
  saved.master = "bond0";
  saved.mtu = 1500;
  ASSERT_TRUE(restored());
  EXPECT_THAT(told, ElementsAre("down", "name enp1s0", "address", "master 9", "up", "address to 70"));
}

TEST_F(Restore, WritesNothingButAddressesWhereAllIsRight) {
  link.name = "enp1s0";
  link.mtu = 9000;
  link.flags = IFF_UP;
  ASSERT_TRUE(restored());
  EXPECT_THAT(told, ElementsAre("address to 70"));
}

TEST_F(Restore, DoesNotNameBeforeUdevDoes) {
  tree.write("run/udev/control", "");
  EXPECT_EQ(restored().error().code, Code::busy);
  EXPECT_THAT(told, IsEmpty());
  tree.write("run/udev/data/n70", "");
  EXPECT_TRUE(restored());
}

TEST_F(Restore, MakesAVlanOnItsInterface) {
  saved.lower = "eth0";
  saved.name = "eth0.7";
  saved.address.clear();
  saved.messages.link_info = "kind";
  const auto made = restored(0);
  EXPECT_THAT(told, testing::Contains("on 70"));
  // The test's kernel named its only interface so: it is found under that name.
  EXPECT_TRUE(made) << made.error().text();
}

TEST_F(Restore, SaysWhatIsMissing) {
  EXPECT_EQ(restored(71).error().code, Code::not_found);
  saved.master = "bond7";
  EXPECT_EQ(restored().error().code, Code::not_found);
}

TEST_F(Restore, WhatIsThereAlreadyIsGood) {
  link.name = "enp1s0";
  link.mtu = 9000;
  link.flags = IFF_UP;
  refuses = EEXIST;
  EXPECT_TRUE(restored());
  refuses = EPERM;
  EXPECT_EQ(restored().error().errno_value, EPERM);
}

TEST_F(Restore, GivesAnRdmaDeviceItsNameBack) {
  rdma.devices = {RdmaLink{"rocep1s0", 4, "", "", "", 1, {}}};
  ASSERT_TRUE(restore(model::RestoreRdmaDevice{{.name = "mlx5_0"}, "rocep1s0"}, kernel));
  EXPECT_THAT(told, ElementsAre(fmt::format("nldev {} mlx5_0", static_cast<unsigned>(RDMA_NLDEV_CMD_SET))));
  rdma.devices.front().name = "mlx5_0";
  ASSERT_TRUE(restore(model::RestoreRdmaDevice{{.name = "mlx5_0"}, "rocep1s0"}, kernel));
  EXPECT_EQ(told.size(), 1U);
  EXPECT_EQ(restore(model::RestoreRdmaDevice{{.name = "mlx5_1"}, "gone"}, kernel).error().code, Code::not_found);
}

TEST_F(Restore, MakesASoftRdmaDeviceAgain) {
  ASSERT_TRUE(restore(model::RestoreRdmaDevice{{.name = "rxe0", .kind = "rxe", .interface = "enp1s0"}, ""}, kernel));
  EXPECT_THAT(told,
              ElementsAre(fmt::format("nldev {} without an index", static_cast<unsigned>(RDMA_NLDEV_CMD_NEWLINK))));
}

}  // namespace
}  // namespace nic::host
