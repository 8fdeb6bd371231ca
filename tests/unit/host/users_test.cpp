#include "host/users.hpp"

#include "host/observe.hpp"
#include "lib/sysfs_tree.hpp"

#include <gtest/gtest.h>

namespace nic::host {
namespace {

namespace fs = std::filesystem;
using model::PciAddress;

constexpr auto kPf = "0000:3b:00.0";
const PciAddress kFirst = PciAddress::parse("0000:3b:00.1").value();
const PciAddress kSecond = PciAddress::parse("0000:3b:00.2").value();

class Users : public testing::Test {
 protected:
  Users() {
    tree.pf(kPf, 0x15b3, 0x1021).driver("mlx5_core").netdev("ens1np0", 3);
    tree.vf(kPf, 0, kFirst.text(), 0x15b3, 0x101e).driver("mlx5_core").netdev("ens1v0", 4);
    tree.vf(kPf, 1, kSecond.text(), 0x15b3, 0x101e).driver("vfio-pci").iommu_group(12);
  }
  [[nodiscard]] std::map<PciAddress, std::string> users() const {
    return users_of(roots, std::vector{kFirst, kSecond});
  }
  [[nodiscard]] std::string in_use(const PciAddress& vf) const {
    return observe(roots, {}, model::Dirty::all()).functions.at(vf).in_use;
  }
  // What the tree looks like from here when the interface is moved to another network namespace.
  void move_away() const {
    fs::remove(tree.sys() / "class/net/ens1v0");
    fs::remove_all(tree.device_link(kFirst.text()) / "net/ens1v0");
  }
  void hold(const std::string& node) {
    fs::create_directories(tree.root() / "proc/1234/fd");
    tree.write("proc/1234/comm", "qemu-system-x86\n");
    fs::create_symlink("/dev/null", tree.root() / "proc/1234/fd/0");
    fs::create_symlink(node, tree.root() / "proc/1234/fd/27");
  }

  test::SysfsTree tree;
  model::Roots roots{model::Roots::below(tree.root())};
};

TEST_F(Users, AreNoneAtFirst) {
  EXPECT_TRUE(users().empty());
  EXPECT_EQ(in_use(kFirst), "");
  EXPECT_EQ(in_use(kSecond), "");
}

TEST_F(Users, HaveMovedTheInterfaceAway) {
  move_away();
  EXPECT_EQ(users().at(kFirst), "its network interface is in another network namespace");
  EXPECT_EQ(in_use(kFirst), "its network interface is in another network namespace");
}

TEST_F(Users, AreNotSeenInADriverThatMadeNoInterfaceYet) {
  fs::remove(tree.sys() / "class/net/ens1v0");
  fs::remove_all(tree.device_link(kFirst.text()) / "net");
  EXPECT_TRUE(users().empty());
}

TEST_F(Users, HoldTheGroupOpen) {
  hold("/dev/vfio/12");
  EXPECT_EQ(users().at(kSecond), "/dev/vfio/12 is held open by qemu-system-x86 (1234)");
  EXPECT_EQ(in_use(kSecond), "/dev/vfio/12 is held open by qemu-system-x86 (1234)");
}

TEST_F(Users, HoldTheDeviceOpenByIommufd) {
  fs::create_directories(tree.device_link(kSecond.text()) / "vfio-dev/vfio3");
  hold("/dev/vfio/devices/vfio3");
  EXPECT_EQ(users().at(kSecond), "/dev/vfio/devices/vfio3 is held open by qemu-system-x86 (1234)");
}

TEST_F(Users, OfAnotherGroupAreNotOurs) {
  hold("/dev/vfio/13");
  EXPECT_TRUE(users().empty());
}

TEST_F(Users, OfAFunctionThatIsGoneAreNone) {
  EXPECT_TRUE(users_of(roots, std::vector{PciAddress::parse("0000:99:00.0").value()}).empty());
}

}  // namespace
}  // namespace nic::host
