// vDPA devices: seen below their VFs, made, bound and removed, against a kernel that answers as vdpa.c does.
#include "host/vdpa.hpp"

#include "host/kernel_events.hpp"
#include "host/observe.hpp"
#include "host/users.hpp"
#include "lib/packet.hpp"
#include "lib/sysfs_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/vdpa.h>

#include <cerrno>

namespace nic::host {
namespace {

namespace fs = std::filesystem;
using model::PciAddress;
using model::SetVdpa;
using model::VdpaDevice;
using model::VdpaType;
using test::Packet;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kPf = "0000:3b:00.0";
constexpr auto kVf = "0000:3b:00.2";
constexpr auto kName = "vdpa:0000:3b:00.2";
const PciAddress kFunction = PciAddress::parse(kVf).value();

TEST(VdpaNetlink, ReadsWhatDevicesCanBeMadeOn) {
  Packet pci;
  pci.attribute(VDPA_ATTR_MGMTDEV_BUS_NAME, {"pci\0", 4}).attribute(VDPA_ATTR_MGMTDEV_DEV_NAME, {"0000:3b:00.2\0", 13});
  EXPECT_EQ(parse_vdpa_management(pci.bytes()), VdpaManagement::of(kFunction));
  Packet simulator;
  simulator.attribute(VDPA_ATTR_MGMTDEV_DEV_NAME, {"vdpasim_net\0", 12}).number<std::uint64_t>(3, 2);
  EXPECT_EQ(parse_vdpa_management(simulator.bytes()), (VdpaManagement{"", "vdpasim_net"}));
  EXPECT_FALSE(parse_vdpa_management({}).has_value());
  for (const char* text : {"pci/0000:3b:00.2", "vduse"}) EXPECT_EQ(VdpaManagement::parse(text).text(), text);
}

class Vdpas : public testing::Test {
 protected:
  Vdpas() {
    pf.driver("mlx5_core").netdev("ens1np0", 3);
    vf.driver("mlx5_core").netdev("ens1v0", 4);
    for (const char* driver : {"vhost_vdpa", "virtio_vdpa"})
      fs::create_directories(tree.sys() / "bus/vdpa/drivers" / driver);
  }

  // The kernel makes a device and probes it with the driver that was there first; by name it binds what is asked.
  VdpaKernel kernel() {
    return {[this](const VdpaManagement& on, std::string_view name,
                   std::optional<std::uint16_t> pairs) -> std::expected<void, model::Error> {
              asked.push_back("add " + std::string{name} + " on " + on.text() +
                              (pairs ? " with " + std::to_string(*pairs) : ""));
              if (pairs ? many_fail : any_fail)
                return std::unexpected(model::system_error(*(pairs ? many_fail : any_fail), "ask", "vdpa"));
              vf.vdpa(std::string{name}, first);
              return {};
            },
            [this](std::string_view name) -> std::expected<void, model::Error> {
              asked.push_back("remove " + std::string{name});
              if (any_fail) return std::unexpected(model::system_error(*any_fail, "ask", "vdpa"));
              return {};
            }};
  }
  std::expected<void, model::Error> act(const SetVdpa& step) {
    const auto sys = Sysfs::open(tree.sys());
    const WriteAttribute write = [this](const Sysfs& below, const char* path,
                                        std::string_view value) -> std::expected<void, model::Error> {
      const fs::path file{path};
      const std::string text{value.substr(0, value.find('\n'))};
      asked.push_back(file.filename().string() + " " + text);
      const auto link = tree.device_link(kVf) / kName / "driver";
      if (file.filename() == "unbind") fs::remove(link);
      if (file.filename() == "bind" && binds) fs::create_symlink(tree.sys() / file.parent_path(), link);
      return file.filename() == "driver_override" ? below.write(path, value) : std::expected<void, model::Error>{};
    };
    return set_vdpa({*sys, write, kFunction}, step, kernel());
  }
  [[nodiscard]] std::vector<VdpaDevice> seen() const {
    return observe(roots, {}, model::Dirty::all()).functions.at(kFunction).vdpa;
  }

  test::SysfsTree tree;
  test::TreeFunction pf{tree.pf(kPf, 0x15b3, 0x101d)};
  test::TreeFunction vf{tree.vf(kPf, 0, kVf, 0x15b3, 0x101e)};
  model::Roots roots{model::Roots::below(tree.root())};
  std::optional<int> many_fail, any_fail;
  std::string first{"virtio_vdpa"};
  bool binds{true};
  std::vector<std::string> asked;
};

TEST_F(Vdpas, AreSeenBelowTheirVfWithTheirDriver) {
  EXPECT_THAT(seen(), IsEmpty());
  vf.vdpa(kName, "vhost_vdpa").vdpa("other", "");
  EXPECT_THAT(seen(), ElementsAre(VdpaDevice{"other", ""}, VdpaDevice{kName, "vhost_vdpa"}));
}

TEST_F(Vdpas, TheirInterfaceIsNotTheVfsOwn) {
  vf.vdpa(kName, "virtio_vdpa");
  const auto below = std::string{"sys/devices/pci0000:3b/0000:3b:00.2/"} + kName + "/virtio3/net/eth4";
  tree.write(below + "/ifindex", "9\n");
  tree.link("sys/class/net/eth4", below);
  const auto inventory = observe(roots, sysfs_netlink(roots), {}, model::Dirty::all(), {});
  ASSERT_NE(inventory.net_device("eth4"), nullptr);
  EXPECT_TRUE(inventory.net_device("eth4")->vdpa);
  EXPECT_FALSE(inventory.net_device("ens1v0")->vdpa);
  EXPECT_EQ(inventory.net_devices_of(kFunction).size(), 1U);
}

TEST_F(Vdpas, AreMadeAndGivenToTheirDriver) {
  ASSERT_TRUE(act({kFunction, 0, {}, VdpaType::vhost}).has_value());
  EXPECT_THAT(asked, ElementsAre("add vdpa:0000:3b:00.2 on pci/0000:3b:00.2 with 32", "driver_override vhost_vdpa",
                                 "unbind vdpa:0000:3b:00.2", "bind vdpa:0000:3b:00.2"));
  EXPECT_THAT(seen(), ElementsAre(VdpaDevice{kName, "vhost_vdpa"}));
  asked.clear();
  ASSERT_TRUE(act({kFunction, 0, VdpaDevice{kName, "vhost_vdpa"}, VdpaType::vhost}).has_value());
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(Vdpas, AreMadeWithFewerQueuesWhereThereAreNotSoMany) {
  for (const int refusal : {EOPNOTSUPP, EINVAL}) {
    many_fail = refusal;
    any_fail = EEXIST;
    asked.clear();
    EXPECT_EQ(act({kFunction, 0, {}, VdpaType::virtio}).error().errno_value, EEXIST);
    EXPECT_THAT(asked, ElementsAre("add vdpa:0000:3b:00.2 on pci/0000:3b:00.2 with 32",
                                   "add vdpa:0000:3b:00.2 on pci/0000:3b:00.2"));
  }
  any_fail.reset();
  EXPECT_TRUE(act({kFunction, 0, {}, VdpaType::virtio}).has_value());
}

TEST_F(Vdpas, WithoutTheirModuleSayWhichIsMissing) {
  many_fail = any_fail = ENODEV;
  EXPECT_THAT(act({kFunction, 0, {}, VdpaType::vhost}).error().text(), HasSubstr("mlx5_vdpa"));
  many_fail.reset();
  fs::remove(tree.sys() / "bus/vdpa/drivers/vhost_vdpa");
  const auto done = act({kFunction, 0, {}, VdpaType::vhost});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, model::Code::not_found);
  EXPECT_THAT(done.error().text(), HasSubstr("load the module vhost_vdpa"));
}

TEST_F(Vdpas, ThatTheirDriverDoesNotTakeAreAFailure) {
  binds = false;
  EXPECT_THAT(act({kFunction, 0, {}, VdpaType::vhost}).error().text(), HasSubstr("dmesg"));
}

TEST_F(Vdpas, AreRemoved) {
  ASSERT_TRUE(act({kFunction, 0, VdpaDevice{kName, ""}, {}}).has_value());
  EXPECT_THAT(asked, IsEmpty()) << "there is none";
  vf.vdpa(kName, "");
  ASSERT_TRUE(act({kFunction, 0, VdpaDevice{kName, ""}, {}}).has_value());
  EXPECT_THAT(asked, ElementsAre("remove vdpa:0000:3b:00.2"));
  any_fail = ENODEV;  // gone meanwhile
  EXPECT_TRUE(act({kFunction, 0, VdpaDevice{kName, ""}, {}}).has_value());
  any_fail = EBUSY;
  EXPECT_THAT(act({kFunction, 0, VdpaDevice{kName, ""}, {}}).error().text(), HasSubstr("has it open"));
}

TEST_F(Vdpas, MakeTheirVfUsedWhileSomebodyHoldsThemOpen) {
  vf.vdpa(kName, "vhost_vdpa");
  fs::create_directories(tree.device_link(kVf) / kName / "vhost-vdpa-0");
  EXPECT_TRUE(users_of(roots, std::vector{kFunction}).empty());
  fs::create_directories(tree.root() / "proc/77/fd");
  tree.write("proc/77/comm", "qemu\n");
  fs::create_symlink("/dev/vhost-vdpa-0", tree.root() / "proc/77/fd/9");
  EXPECT_EQ(users_of(roots, std::vector{kFunction}).at(kFunction), "/dev/vhost-vdpa-0 is held open by qemu (77)");
  EXPECT_THAT(observe(roots, {}, model::Dirty::all()).functions.at(kFunction).in_use, HasSubstr("vhost-vdpa-0"));
}

TEST(VdpaEvents, AreAboutTheVf) {
  const auto dirty = dirty_of({"vdpa", "/devices/pci0000:00/0000:3b:00.2/vdpa:0000:3b:00.2"});
  EXPECT_THAT(dirty.functions, ElementsAre(kFunction));
  EXPECT_TRUE(dirty_of({"vdpa", "/devices/virtual/vduse/nic0/nic0"}).empty());
}

}  // namespace
}  // namespace nic::host
