// Switching the eswitch and writing udev rules, against a composed tree and a stand-in for devlink.
#include "host/eswitch.hpp"

#include "host/observe.hpp"
#include "host/perform.hpp"
#include "host/probe_windows.hpp"
#include "host/rdma_netns.hpp"
#include "host/udev_rules.hpp"
#include "host/vdpa.hpp"
#include "lib/sysfs_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace nic::host {
namespace {

using model::EswitchMode;
using model::PciAddress;
using model::SetEswitchMode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr PciAddress kPf{0, 0x3b, 0, 0};
constexpr SetEswitchMode kToSwitchdev{kPf, EswitchMode::legacy, EswitchMode::switchdev};

// A PF with two VFs, of which one is bound; everything that is asked of the kernel stands in `asked`.
class Eswitch : public testing::Test {
 protected:
  Eswitch() {
    tree.pf("0000:3b:00.0", 0x15b3, 0x101d).driver("mlx5_core").netdev("ens1np0", 3);
    tree.vf("0000:3b:00.0", 0, "0000:3b:00.2", 0x15b3, 0x101e).driver("mlx5_core").netdev("ens1v0", 4);
    tree.vf("0000:3b:00.0", 1, "0000:3b:00.3", 0x15b3, 0x101e);
  }

  std::expected<void, model::Error> act(const model::Action& action) {
    return perform(
        roots, action,
        {[this](const Sysfs&, const char* path, std::string_view value) -> std::expected<void, model::Error> {
           const std::string file{path};
           asked.push_back(file.substr(file.rfind('/') + 1) + " " + std::string{value});
           return {};
         },
         {},
         kernel(),
         {},
         {},
         windows});
  }
  EswitchKernel kernel() {
    const auto answer = [this](const std::string& what) -> std::expected<void, model::Error> {
      asked.push_back(what);
      const auto failure = failures.find(what);
      if (failure == failures.end()) return {};
      return std::unexpected(model::system_error(failure->second, "ask", "generic netlink", words));
    };
    return {[this](const DevlinkDevice&) -> std::expected<std::optional<EswitchMode>, model::Error> { return mode; },
            [this, answer](const DevlinkDevice& device, EswitchMode to) {
              auto done = answer(device.text() + " " + std::string{word(to)});
              if (done && obeys) mode = to;
              return done;
            },
            [answer](const DevlinkDevice&) { return answer("steer"); },
            [answer](unsigned ifindex) { return answer("offload " + std::to_string(ifindex)); }};
  }

  test::SysfsTree tree;
  model::Roots roots{model::Roots::below(tree.root())};
  ProbeWindows windows;
  std::optional<EswitchMode> mode{EswitchMode::legacy};
  bool obeys{true};
  std::vector<std::string> asked;
  std::map<std::string, int> failures;
  std::string words;
};

TEST_F(Eswitch, IsSwitchedWithVfsUnboundAndTheCardMadeReady) {
  ASSERT_TRUE(act(kToSwitchdev).has_value());
  EXPECT_THAT(asked, ElementsAre("unbind 0000:3b:00.2", "offload 3", "steer", "pci/0000:3b:00.0 switchdev"));
}

TEST_F(Eswitch, GoesToLegacyWithoutAnyPreparation) {
  mode = EswitchMode::switchdev;
  ASSERT_TRUE(act(SetEswitchMode{kPf, EswitchMode::switchdev, EswitchMode::legacy}).has_value());
  EXPECT_THAT(asked, ElementsAre("unbind 0000:3b:00.2", "pci/0000:3b:00.0 legacy"));
}

TEST_F(Eswitch, ThatIsRightIsNotTouched) {
  mode = EswitchMode::switchdev;
  ASSERT_TRUE(act(kToSwitchdev).has_value());
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(Eswitch, RepresentorsAreNotPreparedAsThePf) {
  tree.write("sys/devices/pci0000:3b/0000:3b:00.0/net/ens1np0_0/ifindex", "9\n");
  tree.write("sys/devices/pci0000:3b/0000:3b:00.0/net/ens1np0_0/phys_port_name", "pf0vf0\n");
  ASSERT_TRUE(act(kToSwitchdev).has_value());
  EXPECT_THAT(asked, testing::Not(testing::Contains("offload 9")));
}

TEST_F(Eswitch, TellsTheKernelsWordsAndWhatHelps) {
  failures["pci/0000:3b:00.0 switchdev"] = EBUSY;
  words = "Can't change mode, E-Switch is busy";
  const auto done = act(kToSwitchdev);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, model::Code::busy);
  EXPECT_THAT(done.error().advice, testing::StartsWith("Can't change mode, E-Switch is busy: the eswitch is in use"));
}

TEST_F(Eswitch, ThatDevlinkDoesNotKnowIsExplained) {
  mode.reset();
  const auto done = act(kToSwitchdev);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, model::Code::unsupported);
  EXPECT_THAT(done.error().text(), HasSubstr("InfiniBand ports have no eswitch"));
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(Eswitch, ThatDidNotSwitchThoughTheKernelSaidSoIsAnError) {
  obeys = false;
  EXPECT_THAT(act(kToSwitchdev).error().text(), HasSubstr("it is legacy all the same"));
}

TEST_F(Eswitch, IsReadOfPfsThatNoStepIsBusyWith) {
  auto netlink = sysfs_netlink(roots);
  std::vector<PciAddress> seen;
  netlink.eswitch_modes = [&](std::span<const PciAddress> pfs) -> std::expected<EswitchModes, model::Error> {
    seen.assign(pfs.begin(), pfs.end());
    return EswitchModes{{kPf, EswitchMode::switchdev}};
  };
  const auto first = observe(roots, netlink, {}, model::Dirty::all());
  EXPECT_EQ(first.function(kPf)->eswitch_mode, EswitchMode::switchdev);
  EXPECT_THAT(seen, ElementsAre(kPf));  // no VF
  seen.clear();
  EXPECT_EQ(observe(roots, netlink, first, model::Dirty::all(), {kPf}), first);
  EXPECT_THAT(seen, IsEmpty());
}

TEST_F(Eswitch, ThatCannotBeReadNowIsAsItWas) {
  auto netlink = sysfs_netlink(roots);
  netlink.eswitch_modes = [](std::span<const PciAddress>) -> std::expected<EswitchModes, model::Error> {
    return EswitchModes{{kPf, EswitchMode::switchdev}};
  };
  const auto before = observe(roots, netlink, {}, model::Dirty::all());
  netlink.eswitch_modes = [](std::span<const PciAddress>) -> std::expected<EswitchModes, model::Error> {
    return EswitchModes{{kPf, std::unexpected(model::system_error(EINTR, "ask", "generic netlink"))}};
  };
  const auto now = observe(roots, netlink, before, model::Dirty::all());
  EXPECT_EQ(now.function(kPf)->eswitch_mode, EswitchMode::switchdev);
  ASSERT_EQ(now.problems.size(), 1U);
  EXPECT_THAT(now.problems[0].operation, testing::StartsWith("look at the eswitches"));
  netlink.eswitch_modes = [](std::span<const PciAddress>) -> std::expected<EswitchModes, model::Error> {
    return EswitchModes{{kPf, std::nullopt}};
  };
  const auto later = observe(roots, netlink, now, model::Dirty::all());
  EXPECT_FALSE(later.function(kPf)->eswitch_mode.has_value());
  EXPECT_THAT(later.problems, IsEmpty());
}

class UdevFiles : public Eswitch {
 protected:
  UdevFiles() { std::filesystem::create_directories(tree.root() / "run/udev"); }
  const std::filesystem::path file{"run/udev/rules.d/70-nic-agent-0000:3b:00.0.rules"};
};

TEST_F(UdevFiles, AreWrittenAndWhatIsThereAlreadyIsSentThroughThem) {
  tree.write("sys/devices/pci0000:3b/0000:3b:00.0/net/eth7/phys_port_name", "pf0vf0\n");
  ASSERT_TRUE(act(model::WriteUdevRules{kPf, "# rules\n"}).has_value());
  EXPECT_EQ(tree.read(file), "# rules\n");
  EXPECT_THAT(asked, ElementsAre("uevent add", "uevent change"));  // of the representor eth7, of ens1v0
  asked.clear();
  ASSERT_TRUE(act(model::WriteUdevRules{kPf, "# rules\n"}).has_value());
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(UdevFiles, AreAFactOfThePf) {
  const auto none = observe(roots, {}, model::Dirty::all());
  EXPECT_EQ(none.function(kPf)->udev_rules, "");
  EXPECT_FALSE(none.function({0, 0x3b, 0, 2})->udev_rules.has_value());
  ASSERT_TRUE(act(model::WriteUdevRules{kPf, "# rules\n"}).has_value());
  EXPECT_EQ(observe(roots, {}, model::Dirty::all()).function(kPf)->udev_rules, "# rules\n");
}

TEST_F(UdevFiles, GoWithThePf) {
  ASSERT_TRUE(act(model::WriteUdevRules{kPf, "# rules\n"}).has_value());
  ASSERT_TRUE(act(model::WriteUdevRules{kPf, ""}).has_value());
  EXPECT_FALSE(std::filesystem::exists(tree.root() / file));
  ASSERT_TRUE(act(model::WriteUdevRules{kPf, "# rules\n"}).has_value());
  ASSERT_TRUE(remove_udev_rules(roots, kPf).has_value());
  ASSERT_TRUE(remove_udev_rules(roots, kPf).has_value());
  EXPECT_FALSE(std::filesystem::exists(tree.root() / file));
}

TEST_F(Eswitch, WithoutUdevThereAreNoRules) {
  EXPECT_FALSE(observe(roots, {}, model::Dirty::all()).function(kPf)->udev_rules.has_value());
}

}  // namespace
}  // namespace nic::host
