#include "host/sysfs.hpp"

#include "lib/sysfs_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace nic::host {
namespace {

using test::SysfsTree;

TEST(Sysfs, TellsAMissingFileFromAFailure) {
  const SysfsTree tree;
  const auto sys = Sysfs::open(tree.sys()).value();
  const auto missing = sys.text("class/net/eth9/mtu");
  ASSERT_TRUE(missing.has_value());
  EXPECT_FALSE(missing->has_value());
  const auto folder = sys.text("class");
  ASSERT_FALSE(folder.has_value());
  EXPECT_EQ(folder.error().errno_value, EISDIR);
  EXPECT_EQ(folder.error().object, (tree.sys() / "class").string());
}

TEST(Sysfs, TrimsTextAndMakesItPrintable) {
  SysfsTree tree;
  tree.write("sys/a", "  mlx5_0 \xc3\xa4\x01 x \n\n");
  tree.write("sys/b", std::string{"fw\0\0\0\0", 6});
  const auto sys = Sysfs::open(tree.sys()).value();
  EXPECT_EQ(sys.text("a").value(), "mlx5_0 ??? x");
  EXPECT_EQ(sys.text("b").value(), "fw");
}

TEST(Sysfs, ReadsAtMostAPage) {
  SysfsTree tree;
  tree.write("sys/a", std::string(100000, 'x'));
  EXPECT_EQ(Sysfs::open(tree.sys()).value().text("a").value()->size(), 4096U);
}

TEST(Sysfs, ReadsNumbersThatFitAndFillTheText) {
  SysfsTree tree;
  tree.write("sys/hex", "0x15b3\n");
  tree.write("sys/negative", "-1\n");
  tree.write("sys/wide", "70000\n");
  tree.write("sys/tail", "12 apples\n");
  const auto sys = Sysfs::open(tree.sys()).value();
  EXPECT_EQ(sys.number<std::uint16_t>("hex", 16).value(), 0x15b3);
  EXPECT_EQ(sys.number<int>("negative").value(), -1);
  EXPECT_FALSE(sys.number<unsigned>("negative").has_value());
  EXPECT_FALSE(sys.number<std::uint16_t>("wide").has_value());
  EXPECT_FALSE(sys.number<int>("tail").has_value());
  EXPECT_EQ(sys.number<int>("tail").error().code, model::Code::invalid);
}

TEST(Sysfs, WritesReplaceTheValue) {
  SysfsTree tree;
  tree.write("sys/value", "16\n");
  const auto sys = Sysfs::open(tree.sys()).value();
  ASSERT_TRUE(sys.write("value", "4\n").has_value());
  EXPECT_EQ(tree.read("sys/value"), "4\n");
  EXPECT_EQ(sys.write("none", "4\n").error().errno_value, ENOENT);
}

TEST(Sysfs, ListsNamesInOrderAndFollowsLinks) {
  SysfsTree tree;
  tree.plain("0000:3c:00.0", 1, 2);
  tree.plain("0000:3b:00.0", 1, 2).driver("igb");
  const auto sys = Sysfs::open(tree.sys()).value();
  EXPECT_THAT(sys.list("bus/pci/devices").value().value(), testing::ElementsAre("0000:3b:00.0", "0000:3c:00.0"));
  EXPECT_EQ(sys.link("bus/pci/devices/0000:3b:00.0/driver").value(), "igb");
  EXPECT_FALSE(sys.link("bus/pci/devices/0000:3c:00.0/driver").value().has_value());
  EXPECT_FALSE(sys.list("bus/usb").value().has_value());
}

}  // namespace
}  // namespace nic::host
