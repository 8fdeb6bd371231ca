#include "host/mmio.hpp"

#include "lib/sysfs_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::host {
namespace {

using test::SysfsTree;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr model::PciAddress kPf{0, 0x3b, 0, 0};
constexpr const char* kNone = "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";

// What resource_show prints: BARs and ROM that nothing is asked of, then the lines that a test gives.
std::string resource_file(const std::vector<std::string>& vf_bars, const std::vector<std::string>& windows = {}) {
  std::string text;
  for (int line = 0; line < 7; ++line) text += kNone;
  for (std::size_t line = 0; line < 6; ++line) text += line < vf_bars.size() ? vf_bars[line] : kNone;
  for (const auto& window : windows) text += window;
  return text;
}

// A PF behind the bridge 0000:3a:00.0, which has bus numbers up to 3b.
class Mmio : public testing::Test {
 protected:
  Mmio() {
    tree.plain("0000:3a:00.0", 0x8086, 0x2030).file("subordinate_bus_number", "59\n");
    tree.link("sys/bus/pci/devices/0000:3b:00.0", kFolder);
    for (const auto& [file, text] :
         {std::pair{"sriov_totalvfs", "7\n"}, {"sriov_offset", "128\n"}, {"sriov_stride", "2\n"}})
      tree.write(std::string{kFolder} + "/" + file, text);
  }
  void pf(const std::vector<std::string>& vf_bars) {
    tree.write(std::string{kFolder} + "/resource", resource_file(vf_bars));
  }
  void bridge(const std::vector<std::string>& windows) {
    tree.write("sys/devices/pci0000:3a/0000:3a:00.0/resource", resource_file({}, windows));
  }
  std::string room(unsigned wanted) {
    const auto sys = Sysfs::open(tree.sys());
    const WriteAttribute none;
    return room_for_vfs({*sys, none, kPf}, wanted);
  }

  static constexpr const char* kFolder = "sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0";
  SysfsTree tree;
};

TEST_F(Mmio, TellsWhatTheVfsNeedAndWhatTheBridgeHas) {
  // Two VF BARs of 16 KiB for each of 7 VFs, without a place (IORESOURCE_UNSET).
  const std::string bar = "0x0000000000000000 0x000000000001bfff 0x000000002014220c\n";
  pf({bar, kNone, kNone, bar});
  bridge({kNone, "0x00000000c0000000 0x00000000c00fffff 0x0000000000000200\n",
          "0x0000380000000000 0x000038000001ffff 0x0000000000102201\n"});
  EXPECT_EQ(
      room(4),
      "The kernel gives room to the BARs of all VFs that the card can have at once: 32 KiB for each VF, 128 KiB for "
      "the 4 asked for, 224 KiB for all 7; they need 224 KiB of prefetchable memory, and the bridge 0000:3a:00.0 has a "
      "window of 128 KiB for all behind it");
}

TEST_F(Mmio, TellsThatTheBridgeHasNoWindowOfTheKind) {
  pf({"0x0000000000000000 0x0000000006ffffff 0x0000000020040200\n"});
  bridge({kNone, kNone, "0x0000380000000000 0x000038000001ffff 0x0000000000102201\n"});
  EXPECT_THAT(room(1), AllOf(HasSubstr("16 MiB for each VF"), HasSubstr("112 MiB of memory"),
                             HasSubstr("0000:3a:00.0 has no window for it")));
}

TEST_F(Mmio, DoesNotGuessTheSizeForOneVfWhereTheDriverLoweredTheTotal) {
  tree.write(std::string{kFolder} + "/sriov_totalvfs", "5\n");
  pf({"0x0000000000000000 0x000000000001bfff 0x000000002014220c\n"});
  bridge({kNone, kNone, kNone});
  EXPECT_THAT(room(4), AllOf(HasSubstr("112 KiB of prefetchable memory"), testing::Not(HasSubstr("for each VF"))));
}

TEST_F(Mmio, PointsToTheKernelLogWhereTheKernelForgotTheSizes) {
  pf({});
  EXPECT_THAT(room(4), AllOf(HasSubstr("dmesg"), HasSubstr("0000:3b:00.0")));
}

TEST_F(Mmio, TellsTheBusNumberThatIsMissing) {
  const std::string placed = "0x0000380000000000 0x000038000001bfff 0x000000000014220c\n";
  pf({placed, kNone, kNone, placed});
  EXPECT_THAT(room(4), IsEmpty());
  tree.write(std::string{kFolder} + "/sriov_offset", "256\n");
  EXPECT_THAT(room(4), AllOf(HasSubstr("VF 3 would be on bus 3c"), HasSubstr("up to 3b"), HasSubstr("assign-busses")));
}

TEST_F(Mmio, SaysNothingWithoutFactsAndNothingAboutABridgeThatIsNotThere) {
  EXPECT_THAT(room(4), IsEmpty());
  tree.write(std::string{kFolder} + "/resource", "no resource file\n");
  EXPECT_THAT(room(4), IsEmpty());
  tree.plain("0000:02:00.0", 0x8086, 0x10c9)
      .total_vfs(7)
      .file("resource", resource_file({"0x0000000000000000 0x000000000001bfff 0x000000002014220c\n"}));
  const auto sys = Sysfs::open(tree.sys());
  const WriteAttribute none;
  EXPECT_EQ(
      room_for_vfs({*sys, none, {0, 2, 0, 0}}, 2),
      "The kernel gives room to the BARs of all VFs that the card can have at once: 16 KiB for each VF, 32 KiB for the "
      "2 asked for, 112 KiB for all 7");
}

TEST(Resources, EndAtTheFirstLineThatMakesNoSense) {
  EXPECT_EQ(parse_resources("0x10 0x1f 0x200\n0x0 0x0 0x0\n"),
            (std::vector<PciResource>{{0x10, 0x1f, 0x200}, {0, 0, 0}}));
  for (const auto* text : {"", "0x10 0x1f\n", "10 1f 200\n", "0x10 0x1f 0x200 0x0\n", "0x10  0x1f 0x200\n",
                           "0x10000000000000000 0x0 0x0\n", "\n"})
    EXPECT_THAT(parse_resources(text), IsEmpty()) << text;
}

}  // namespace
}  // namespace nic::host
