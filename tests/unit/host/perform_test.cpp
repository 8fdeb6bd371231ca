#include "host/perform.hpp"

#include "host/eswitch.hpp"
#include "host/probe_windows.hpp"
#include "host/rdma_netns.hpp"
#include "host/vdpa.hpp"
#include "lib/rtnetlink_peer.hpp"
#include "lib/sysfs_tree.hpp"
#include "lib/told_vfs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <cerrno>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace nic::host {
namespace {

using model::BindDriver;
using model::Code;
using model::DeviceType;
using model::PciAddress;
using model::Roots;
using model::SetAutoprobe;
using model::SetMtu;
using model::SetNumVfs;
using test::SysfsTree;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr PciAddress kPf{0, 0x3b, 0, 0};
constexpr PciAddress kVf{0, 0x3b, 0, 1};
constexpr const char* kPfFiles = "sys/bus/pci/devices/0000:3b:00.0/";
constexpr const char* kVfFiles = "sys/bus/pci/devices/0000:3b:00.1/";

// A tree with a PF and a VF, and as much of a kernel behind the writes as a test needs.
class Perform : public testing::Test {
 protected:
  Perform() {
    tree.pf("0000:3b:00.0", 0x8086, 0x10c9).driver("igb").netdev("ens1", 3);
    tree.vf("0000:3b:00.0", 0, "0000:3b:00.1", 0x8086, 0x10ca).iommu_group(7);
    tree.driver("vfio-pci");
    tree.driver("igbvf");
  }

  // Writes as the kernel would take them: `written` has them in order as "file value".
  std::expected<void, model::Error> act(const model::Action& action) {
    return perform(
        Roots::below(tree.root()), action,
        {[this](const Sysfs& sys, const char* path, std::string_view value) { return this->write(sys, path, value); },
         speaker.rtnetlink(), eswitch_kernel(), rdma_netns_kernel(Roots::below(tree.root())), vdpa_kernel(), windows});
  }
  std::expected<void, model::Error> write(const Sysfs& sys, const std::string& path, std::string_view value) {
    const auto file = path.substr(path.rfind('/') + 1);
    if (file == "drivers_probe" && before_probe) before_probe();
    const std::lock_guard lock{mutex};
    written.push_back(file + " " + std::string{value.substr(0, value.find('\n'))});
    if (const auto failure = failures.find(written.back()); failure != failures.end())
      return std::unexpected(model::system_error(failure->second, "write", sys.name(path)));
    if (file == "unbind") {
      std::filesystem::remove(tree.device_link(std::string{value}) / "driver");
      return {};
    }
    if (file == "drivers_probe") {
      probe(std::string{value});
      return {};
    }
    if (file == "sriov_numvfs" && enabled) value = *enabled;
    return sys.write(path.c_str(), value);
  }
  // pci_device_can_probe and the match by driver_override.
  void probe(const std::string& address) {
    const auto over = tree.read("sys/bus/pci/devices/" + address + "/driver_override");
    const bool overridden = over == "vfio-pci\n";
    if (!overridden && tree.read(std::string{kPfFiles} + "sriov_drivers_autoprobe") != "1\n") return;
    const auto driver = overridden ? std::string{"vfio-pci"} : net_driver;
    if (driver.empty()) return;
    tree.link(std::filesystem::relative(std::filesystem::canonical(tree.device_link(address)), tree.root()) / "driver",
              "sys/bus/pci/drivers/" + driver);
  }
  void bind_now(const std::string& driver) {
    tree.link(
        std::filesystem::relative(std::filesystem::canonical(tree.device_link("0000:3b:00.1")), tree.root()) / "driver",
        "sys/bus/pci/drivers/" + driver);
  }

  SysfsTree tree;
  std::mutex mutex;  // steps may be under way side by side
  std::vector<std::string> written;
  std::function<void()> before_probe;
  std::map<std::string, int> failures;      // "file value" -> errno
  std::optional<std::string_view> enabled;  // what sriov_numvfs holds after a write, if not what was written
  std::string net_driver{"igbvf"};
  test::RtnetlinkPeer speaker;
  ProbeWindows windows;
};

model::VfSettings some_settings() {
  model::VfSettings some;
  some.mac = model::MacAddress::parse("02:00:00:00:00:10");
  some.vlan = model::Vlan{100, 0, model::VlanProtocol::dot1q};
  some.trust = true;
  return some;
}

TEST_F(Perform, TellsThePfWhatItsVfIsToBe) {
  speaker.vfs[0] = test::fresh_vf();
  ASSERT_TRUE(act(model::SetVf{kPf, 0, some_settings()}).has_value());
  EXPECT_THAT(speaker.told, ElementsAre("vf 0: mac 02:00:00:00:00:10", "vf 0: vlan 100", "vf 0: trust on"));
  EXPECT_THAT(written, IsEmpty());
}

TEST_F(Perform, NamesTheSettingThatWasRefusedAndTellsTheOthers) {
  speaker.vfs[0] = test::fresh_vf();
  speaker.refuses["vlan"] = EPROTONOSUPPORT;
  const auto done = act(model::SetVf{kPf, 0, some_settings()});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().object, "VF 0 of 0000:3b:00.0");
  EXPECT_THAT(done.error().operation, HasSubstr("vlan 100"));
  EXPECT_THAT(done.error().advice, HasSubstr("igb tags with 802.1q only"));
  EXPECT_TRUE(speaker.vfs[0].trust.value());
}

TEST_F(Perform, ExplainsWhatADriverCannotSet) {
  speaker.vfs[0] = test::fresh_vf();
  speaker.refuses["link_state"] = EOPNOTSUPP;
  model::VfSettings down;
  down.link_state = model::VfLinkState::disable;
  const auto done = act(model::SetVf{kPf, 0, down});
  EXPECT_EQ(done.error().code, Code::unsupported);
  EXPECT_THAT(done.error().advice, HasSubstr("igb cannot set this"));
}

TEST_F(Perform, ADriverThatAcceptsAndDoesNothingIsFoundOut) {
  speaker.vfs[0] = test::fresh_vf();
  speaker.deaf = true;
  const auto done = act(model::SetVf{kPf, 0, some_settings()});
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().advice, HasSubstr("does not show it"));
}

TEST_F(Perform, APfWithoutInterfaceCannotBeTold) {
  tree.pf("0000:5e:00.0", 0x15b3, 0x1021).driver("mlx5_core");
  const auto done = act(model::SetVf{*PciAddress::parse("0000:5e:00.0"), 0, some_settings()});
  EXPECT_EQ(done.error().code, Code::not_found);
}

TEST_F(Perform, BringsAnInterfaceUpOnce) {
  tree.write("sys/class/net/ens1/flags", "0x1002\n");
  ASSERT_TRUE(act(model::BringUp{kPf}).has_value());
  EXPECT_EQ(tree.read("sys/class/net/ens1/flags"), "0x1003\n");
  ASSERT_TRUE(act(model::BringUp{kPf}).has_value());
  EXPECT_THAT(written, ElementsAre("flags 0x1003"));
}

TEST_F(Perform, TakesAVfFromItsDriver) {
  bind_now("igbvf");
  ASSERT_TRUE(act(model::UnbindDriver{kVf, 0, "igbvf"}).has_value());
  EXPECT_FALSE(std::filesystem::exists(tree.device_link("0000:3b:00.1") / "driver"));
  failures["unbind 0000:3b:00.1"] = ENODEV;  // somebody was quicker
  EXPECT_TRUE(act(model::UnbindDriver{kVf, 0, "igbvf"}).has_value());
}

TEST_F(Perform, TakesBackTheOverrideThatABindingLeftThatWasCutOff) {
  bind_now("vfio-pci");
  tree.write(std::string{kVfFiles} + "driver_override", "vfio-pci\n");
  ASSERT_TRUE(act(SetAutoprobe{kPf, true}).has_value());
  EXPECT_THAT(written, ElementsAre("driver_override "));
  written.clear();
  bind_now("igbvf");  // somebody wants the next driver to be another one
  tree.write(std::string{kVfFiles} + "driver_override", "vfio-pci\n");
  ASSERT_TRUE(act(SetAutoprobe{kPf, true}).has_value());
  EXPECT_THAT(written, IsEmpty());
}

TEST_F(Perform, CreatesVfsThatNobodyBinds) {
  ASSERT_TRUE(act(SetNumVfs{kPf, 0, 4}).has_value());
  EXPECT_THAT(written, ElementsAre("sriov_drivers_autoprobe 0", "sriov_numvfs 4"));
  EXPECT_EQ(tree.read(std::string{kPfFiles} + "sriov_numvfs"), "4\n");
}

TEST_F(Perform, WritesNothingWhenTheCountIsRight) {
  tree.write(std::string{kPfFiles} + "sriov_numvfs", "4\n");
  ASSERT_TRUE(act(SetNumVfs{kPf, 0, 4}).has_value());
  EXPECT_THAT(written, IsEmpty());
}

TEST_F(Perform, GoesByWayOfNoneToAnotherCount) {
  tree.write(std::string{kPfFiles} + "sriov_numvfs", "2\n");
  ASSERT_TRUE(act(SetNumVfs{kPf, 2, 4}).has_value());
  EXPECT_THAT(written, ElementsAre("sriov_drivers_autoprobe 0", "sriov_numvfs 0", "sriov_numvfs 4"));
}

TEST_F(Perform, LeavesProbingAloneWhereTheAdministratorTurnedItOff) {
  tree.write(std::string{kPfFiles} + "sriov_drivers_autoprobe", "0\n");
  ASSERT_TRUE(act(SetNumVfs{kPf, 0, 4}).has_value());
  EXPECT_THAT(written, ElementsAre("sriov_numvfs 4"));
}

TEST_F(Perform, RemovesVfsWithoutTouchingProbing) {
  tree.write(std::string{kPfFiles} + "sriov_numvfs", "2\n");
  ASSERT_TRUE(act(SetNumVfs{kPf, 2, 0}).has_value());
  EXPECT_THAT(written, ElementsAre("sriov_numvfs 0"));
}

class NumVfsErrno : public Perform, public testing::WithParamInterface<int> {};

TEST_P(NumVfsErrno, TellsWhatHelps) {
  failures["sriov_numvfs 4"] = GetParam();
  const auto done = act(SetNumVfs{kPf, 0, 4});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().errno_value, GetParam());
  EXPECT_EQ(done.error().code, model::code_of_errno(GetParam()));
  EXPECT_THAT(done.error().operation, HasSubstr("create 4 VFs"));
  EXPECT_THAT(done.error().object, testing::EndsWith("/sriov_numvfs"));
  EXPECT_THAT(done.error().advice, testing::SizeIs(testing::Gt(10U)));
}

INSTANTIATE_TEST_SUITE_P(Kernel, NumVfsErrno,
                         testing::Values(ENOENT, ENOMEM, ERANGE, EINVAL, EBUSY, EAGAIN, EPERM, EIO, ENODEV, ENOSYS,
                                         EOPNOTSUPP, ENOSPC, EACCES, EROFS, ETIMEDOUT));

TEST_F(Perform, AdvisesPciReallocWhenThereIsNoMemorySpace) {
  failures["sriov_numvfs 4"] = ENOMEM;
  EXPECT_THAT(act(SetNumVfs{kPf, 0, 4}).error().text(), HasSubstr("pci=realloc"));
}

TEST_F(Perform, TellsHowMuchMemorySpaceTheVfsNeed) {
  failures["sriov_numvfs 4"] = ENOMEM;
  std::string resource;
  for (int line = 0; line < 13; ++line)
    resource += line == 7 ? "0x0 0x7fff 0x20140204\n" : "0x0 0x0 0x0\n";  // 8 VFs of 4 KiB
  tree.write(std::string{kPfFiles} + "resource", resource);
  EXPECT_THAT(act(SetNumVfs{kPf, 0, 4}).error().advice,
              testing::AllOf(HasSubstr("pci=realloc"), HasSubstr("16 KiB for the 4 asked for, 32 KiB for all 8")));
}

TEST_F(Perform, AShortCountIsAnErrorWithBothNumbers) {
  enabled = "3\n";
  const auto done = act(SetNumVfs{kPf, 0, 5});
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().text(), HasSubstr("5 requested, 3 enabled"));
}

TEST_F(Perform, MakesNoVfsWhereProbingCannotBeSwitchedOff) {
  failures["sriov_drivers_autoprobe 0"] = EIO;
  ASSERT_FALSE(act(SetNumVfs{kPf, 0, 4}).has_value());
  EXPECT_THAT(written, ElementsAre("sriov_drivers_autoprobe 0"));
}

TEST_F(Perform, AFunctionWithoutTheCapabilityIsTold) {
  const auto done = act(SetNumVfs{kVf, 0, 4});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, Code::not_found);
  EXPECT_THAT(done.error().advice, HasSubstr("SRIOV_EN"));
}

TEST_F(Perform, AFunctionThatWasPulledIsTold) {
  for (const model::Action& action :
       {model::Action{SetNumVfs{{0, 9, 0, 0}, 0, 4}}, model::Action{SetAutoprobe{{0, 9, 0, 0}, true}},
        model::Action{BindDriver{{0, 9, 0, 0}, 0, DeviceType::vfio_pci, {}}},
        model::Action{SetMtu{{0, 9, 0, 0}, 0, 9}}}) {
    const auto done = act(action);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().errno_value, ENODEV);
  }
  EXPECT_THAT(written, IsEmpty());
}

TEST_F(Perform, SetsProbingOnlyWhereItDiffers) {
  ASSERT_TRUE(act(SetAutoprobe{kPf, true}).has_value());
  EXPECT_THAT(written, IsEmpty());
  ASSERT_TRUE(act(SetAutoprobe{kPf, false}).has_value());
  EXPECT_EQ(tree.read(std::string{kPfFiles} + "sriov_drivers_autoprobe"), "0\n");
}

TEST_F(Perform, BindsVfioAndClearsTheOverride) {
  bind_now("igbvf");
  ASSERT_TRUE(act(BindDriver{kVf, 0, DeviceType::vfio_pci, "igbvf"}).has_value());
  EXPECT_THAT(written, ElementsAre("driver_override vfio-pci", "unbind 0000:3b:00.1", "drivers_probe 0000:3b:00.1",
                                   "driver_override "));
  EXPECT_EQ(tree.read(std::string{kVfFiles} + "driver_override"), "\n");
}

TEST_F(Perform, BindingTwiceWritesNothing) {
  ASSERT_TRUE(act(BindDriver{kVf, 0, DeviceType::vfio_pci, {}}).has_value());
  written.clear();
  ASSERT_TRUE(act(BindDriver{kVf, 0, DeviceType::vfio_pci, {}}).has_value());
  EXPECT_THAT(written, IsEmpty());
}

TEST_F(Perform, ClearsTheOverrideOnEveryFailure) {
  for (const auto* step : {"driver_override vfio-pci", "unbind 0000:3b:00.1", "drivers_probe 0000:3b:00.1"}) {
    bind_now("igbvf");
    tree.write(std::string{kVfFiles} + "driver_override", "vfio-pci\n");
    failures = {{step, EIO}};
    const auto done = act(BindDriver{kVf, 0, DeviceType::vfio_pci, "igbvf"});
    ASSERT_FALSE(done.has_value()) << step;
    EXPECT_EQ(done.error().errno_value, EIO);
    EXPECT_EQ(tree.read(std::string{kVfFiles} + "driver_override"), "\n") << step;
  }
}

TEST_F(Perform, NamesTheIommuWhenThereIsNoGroup) {
  std::filesystem::remove(tree.device_link("0000:3b:00.1") / "iommu_group");
  const auto done = act(BindDriver{kVf, 0, DeviceType::vfio_pci, {}});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, Code::unsupported);
  EXPECT_THAT(done.error().advice, HasSubstr("intel_iommu=on"));
  EXPECT_THAT(written, IsEmpty());
}

TEST_F(Perform, VfiosUnsafeModeNeedsNoGroup) {
  std::filesystem::remove(tree.device_link("0000:3b:00.1") / "iommu_group");
  tree.write("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
  EXPECT_TRUE(act(BindDriver{kVf, 0, DeviceType::vfio_pci, {}}).has_value());
}

TEST_F(Perform, NamesTheModuleWhenVfioPciIsNotLoaded) {
  std::filesystem::remove(tree.sys() / "bus/pci/drivers/vfio-pci");
  const auto done = act(BindDriver{kVf, 0, DeviceType::vfio_pci, {}});
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().advice, HasSubstr("vfio_pci"));
  EXPECT_THAT(written, IsEmpty());
}

TEST_F(Perform, BindsTheNetworkDriverInPlaceOfVfio) {
  bind_now("vfio-pci");
  ASSERT_TRUE(act(BindDriver{kVf, 0, DeviceType::netdevice, "vfio-pci"}).has_value());
  EXPECT_THAT(written, ElementsAre("unbind 0000:3b:00.1", "drivers_probe 0000:3b:00.1"));
  EXPECT_EQ(std::filesystem::read_symlink(tree.device_link("0000:3b:00.1") / "driver").filename(), "igbvf");
}

TEST_F(Perform, LeavesANetworkDriverThatIsBound) {
  bind_now("igbvf");
  ASSERT_TRUE(act(BindDriver{kVf, 0, DeviceType::netdevice, {}}).has_value());
  EXPECT_THAT(written, IsEmpty());
}

TEST_F(Perform, TurnsProbingOnAroundTheProbeAndPutsItBack) {
  tree.write(std::string{kPfFiles} + "sriov_drivers_autoprobe", "0\n");
  tree.write(std::string{kVfFiles} + "driver_override", "vfio-pci\n");
  ASSERT_TRUE(act(BindDriver{kVf, 0, DeviceType::netdevice, {}}).has_value());
  EXPECT_THAT(written, ElementsAre("driver_override ", "sriov_drivers_autoprobe 1", "drivers_probe 0000:3b:00.1",
                                   "sriov_drivers_autoprobe 0"));
}

// The first that is done must not take probing away from the other.
TEST_F(Perform, TurnsProbingOnOnceForVfsThatAreBoundSideBySide) {
  tree.vf("0000:3b:00.0", 1, "0000:3b:00.2", 0x8086, 0x10ca);
  tree.write(std::string{kPfFiles} + "sriov_drivers_autoprobe", "0\n");
  std::barrier both_are_there{2};
  before_probe = [&] { both_are_there.arrive_and_wait(); };
  bool other = false;
  std::thread beside{[&] { other = act(BindDriver{{0, 0x3b, 0, 2}, 1, DeviceType::netdevice, {}}).has_value(); }};
  EXPECT_TRUE(act(BindDriver{kVf, 0, DeviceType::netdevice, {}}).has_value());
  beside.join();
  EXPECT_TRUE(other);
  EXPECT_EQ(std::ranges::count(written, "sriov_drivers_autoprobe 1"), 1);
  EXPECT_EQ(written.back(), "sriov_drivers_autoprobe 0");
  EXPECT_EQ(std::ranges::count(written, written.back()), 1);
}

TEST_F(Perform, TellsWhichModuleWouldTakeAFunctionThatNobodyTook) {
  net_driver.clear();
  tree.write(std::string{kPfFiles} + "sriov_drivers_autoprobe", "0\n");
  const auto done = act(BindDriver{kVf, 0, DeviceType::netdevice, {}});
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().advice, HasSubstr("pci:v00008086d000010CA"));
  EXPECT_EQ(tree.read(std::string{kPfFiles} + "sriov_drivers_autoprobe"), "0\n");
}

TEST_F(Perform, SetsTheMtuOfTheInterfaceThatTheFunctionHasNow) {
  ASSERT_TRUE(act(SetMtu{kPf, 1500, 9000}).has_value());
  EXPECT_EQ(tree.read("sys/class/net/ens1/mtu"), "9000\n");
  written.clear();
  ASSERT_TRUE(act(SetMtu{kPf, 1500, 9000}).has_value());
  EXPECT_THAT(written, IsEmpty());
}

TEST_F(Perform, LeavesRepresentorsBelowThePfAlone) {
  tree.write(std::string{kPfFiles} + "net/ens1npf0vf0/mtu", "1500\n");
  tree.write(std::string{kPfFiles} + "net/ens1npf0vf0/phys_port_name", "pf0vf0\n");
  ASSERT_TRUE(act(SetMtu{kPf, 1500, 9000}).has_value());
  EXPECT_THAT(written, ElementsAre("mtu 9000"));
}

TEST_F(Perform, AnMtuWithoutInterfaceOrOutOfRangeIsTold) {
  EXPECT_EQ(act(SetMtu{kVf, 1500, 9000}).error().code, Code::not_found);
  failures["mtu 90000"] = EINVAL;
  const auto done = act(SetMtu{kPf, 1500, 90000});
  EXPECT_EQ(done.error().errno_value, EINVAL);
  EXPECT_THAT(done.error().advice, HasSubstr("MTU"));
}

TEST_F(Perform, LeavesModulesToOthers) {
  EXPECT_EQ(perform(Roots::below(tree.root()), model::LoadModule{"vfio_pci"}, windows).error().code, Code::internal);
}

TEST_F(Perform, WritesForRealWithoutAModelOfTheKernel) {
  ASSERT_TRUE(perform(Roots::below(tree.root()), SetNumVfs{kPf, 0, 4}, windows).has_value());
  EXPECT_EQ(tree.read(std::string{kPfFiles} + "sriov_numvfs"), "4\n");
}

}  // namespace
}  // namespace nic::host
