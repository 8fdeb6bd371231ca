#include "host/facts.hpp"
#include "host/observe.hpp"
#include "lib/sysfs_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::host {
namespace {

using model::Dirty;

using model::FunctionKind;
using model::Inventory;
using model::PciAddress;
using model::Roots;
using test::SysfsTree;
using testing::IsEmpty;
using testing::Not;

PciAddress at(std::string_view text) { return PciAddress::parse(text).value(); }

Inventory scan(const SysfsTree& tree) { return observe(Roots::below(tree.root()), {}, Dirty::all()); }

Inventory again(const SysfsTree& tree, const Inventory& previous, std::initializer_list<std::string_view> dirty) {
  Dirty what;
  for (const auto address : dirty) what.functions.insert(at(address));
  return observe(Roots::below(tree.root()), previous, what);
}

// What stands in its place later is another one.
TEST(ObservePci, KnowsAFunctionThatWasMadeAnew) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021);
  const auto first = scan(tree).functions.begin()->second.life;
  EXPECT_NE(first, 0U);
  EXPECT_EQ(scan(tree).functions.begin()->second.life, first);
  const auto folder = tree.root() / "sys/devices/pci0000:3b/0000:3b:00.0";
  std::filesystem::rename(folder, tree.root() / "old");
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021);
  EXPECT_NE(scan(tree).functions.begin()->second.life, first);
}

TEST(ObservePci, ReadsWhatAPfSaysOfItself) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021)
      .total_vfs(16)
      .driver("mlx5_core")
      .numa(1)
      .iommu_group(47)
      .class_code(0x020700);
  const auto inventory = scan(tree);
  const auto* pf = inventory.function(at("0000:3b:00.0"));
  ASSERT_NE(pf, nullptr);
  EXPECT_EQ(pf->kind(), FunctionKind::pf);
  EXPECT_EQ(pf->vendor, 0x15b3);
  EXPECT_EQ(pf->device, 0x1021);
  EXPECT_EQ(pf->subsystem_vendor, 0x15b3);
  EXPECT_EQ(pf->subsystem_device, 1);
  EXPECT_EQ(pf->class_code, 0x020700U);
  EXPECT_EQ(pf->revision, 1);
  EXPECT_EQ(pf->modalias, "pci:v000015B3d00001021sv000015B3sd00000001bc02sc07i00");
  EXPECT_EQ(pf->driver, "mlx5_core");
  EXPECT_EQ(pf->numa_node, 1);
  EXPECT_EQ(pf->iommu_group, 47U);
  EXPECT_EQ(pf->sriov->total_vfs, 16U);
  EXPECT_EQ(pf->sriov->num_vfs, 0U);
  EXPECT_EQ(pf->sriov->vf_device_id, 0x101e);
  EXPECT_EQ(pf->sriov->offset, 1U);
  EXPECT_EQ(pf->sriov->stride, 1U);
  EXPECT_TRUE(pf->sriov->drivers_autoprobe);
  EXPECT_THAT(pf->problems, IsEmpty());
  EXPECT_THAT(inventory.problems, IsEmpty());
}

TEST(ObservePci, TiesVfsToTheirPfByTheLinks) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021);
  tree.vf("0000:3b:00.0", 0, "0000:3b:00.1", 0x15b3, 0x101e);
  tree.vf("0000:3b:00.0", 10, "0000:3c:00.3", 0x15b3, 0x101e);
  const auto inventory = scan(tree);
  EXPECT_EQ(inventory.function(at("0000:3b:00.0"))->sriov->num_vfs, 2U);
  const auto* vf = inventory.function(at("0000:3c:00.3"));
  ASSERT_NE(vf, nullptr);
  EXPECT_EQ(vf->kind(), FunctionKind::vf);
  EXPECT_EQ(vf->physfn, at("0000:3b:00.0"));
  EXPECT_EQ(vf->vf_index, 10U);
  EXPECT_FALSE(vf->sriov.has_value());
}

TEST(ObservePci, FindsVfsOfAnotherClassThroughTheirPf) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x1af4, 0x1041);
  tree.vf("0000:3b:00.0", 0, "0000:3b:00.1", 0x1af4, 0x1042).class_code(0x010802);
  EXPECT_EQ(scan(tree).functions.size(), 2U);
}

TEST(ObservePci, LeavesOtherFunctionsOut) {
  SysfsTree tree;
  tree.plain("0000:01:00.0", 0x10de, 0x2330).class_code(0x030200);
  tree.plain("0000:00:01.0", 0x8086, 0x0001).class_code(0x060400);
  EXPECT_THAT(scan(tree).functions, IsEmpty());
}

TEST(ObservePci, KnowsDomainsAboveFfffAndUnknownNumaNodes) {
  SysfsTree tree;
  tree.plain("10000:e1:00.0", 0x8086, 0x1592).numa(-1);
  const auto inventory = scan(tree);
  const auto* function = inventory.function(at("10000:e1:00.0"));
  ASSERT_NE(function, nullptr);
  EXPECT_EQ(function->kind(), FunctionKind::plain);
  EXPECT_FALSE(function->numa_node.has_value());
  EXPECT_FALSE(function->driver.has_value());
  EXPECT_FALSE(function->iommu_group.has_value());
  EXPECT_THAT(function->problems, IsEmpty());
}

TEST(ObservePci, NotesGarbageAndKeepsTheRest) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021).file("numa_node", "many\n").file("sriov_totalvfs", std::string(9000, '9'));
  tree.plain("0000:3c:00.0", 0x15b3, 0x1021).file("revision", "");
  const auto inventory = scan(tree);
  const auto* pf = inventory.function(at("0000:3b:00.0"));
  ASSERT_NE(pf, nullptr);
  EXPECT_EQ(pf->vendor, 0x15b3);
  ASSERT_EQ(pf->problems.size(), 2U);
  EXPECT_THAT(pf->problems[0].object, testing::EndsWith("/numa_node"));
  EXPECT_THAT(pf->problems[0].advice, testing::HasSubstr("many"));
  EXPECT_LT(pf->problems[1].advice.size(), 100U);
  EXPECT_THAT(inventory.function(at("0000:3c:00.0"))->problems, Not(IsEmpty()));
}

TEST(ObservePci, ReadsTheIdFilesWhereModaliasIsNoUse) {
  SysfsTree tree;
  tree.plain("0000:3b:00.0", 0x15b3, 0x1021).file("modalias", "pci:garbage\n");
  const auto inventory = scan(tree);
  const auto* function = inventory.function(at("0000:3b:00.0"));
  ASSERT_NE(function, nullptr);
  EXPECT_EQ(function->device, 0x1021);
  EXPECT_EQ(function->class_code, 0x020000U);
}

TEST(ObservePci, TakesATreeWithoutPciAsAMachineWithoutFunctions) {
  SysfsTree tree;
  std::filesystem::remove_all(tree.sys() / "bus");
  const auto inventory = scan(tree);
  EXPECT_THAT(inventory.functions, IsEmpty());
  EXPECT_THAT(inventory.problems, IsEmpty());
}

TEST(ObservePci, SaysWhenThereIsNoSysfsAtAll) {
  const auto inventory = observe(Roots::below("/nonexistent"), {}, Dirty::all());
  ASSERT_EQ(inventory.problems.size(), 1U);
  EXPECT_EQ(inventory.problems[0].errno_value, ENOENT);
}

TEST(ObservePci, RereadsOnlyWhatIsDirty) {
  SysfsTree tree;
  auto one = tree.plain("0000:3b:00.0", 0x15b3, 0x1021);
  auto two = tree.plain("0000:3c:00.0", 0x15b3, 0x1021);
  const auto before = scan(tree);
  one.driver("mlx5_core");
  two.driver("mlx5_core");
  const auto after = again(tree, before, {"0000:3b:00.0"});
  EXPECT_EQ(after.function(at("0000:3b:00.0"))->driver, "mlx5_core");
  EXPECT_FALSE(after.function(at("0000:3c:00.0"))->driver.has_value());
}

TEST(ObservePci, DropsAFunctionThatIsGone) {
  SysfsTree tree;
  auto card = tree.plain("0000:3b:00.0", 0x15b3, 0x1021);
  const auto before = scan(tree);
  card.remove();
  EXPECT_THAT(again(tree, before, {"0000:3b:00.0"}).functions, IsEmpty());
}

TEST(ObservePci, ANewVfBringsItsPfUpToDate) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021);
  const auto before = scan(tree);
  tree.vf("0000:3b:00.0", 0, "0000:3b:00.1", 0x15b3, 0x101e);
  const auto after = again(tree, before, {"0000:3b:00.1"});
  EXPECT_EQ(after.function(at("0000:3b:00.0"))->sriov->num_vfs, 1U);
  EXPECT_EQ(after.function(at("0000:3b:00.1"))->vf_index, 0U);
}

TEST(ObservePci, AVfBeforeItsLinksIsPlainUntilTheNextEvent) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021);
  const auto before = scan(tree);
  auto vf = tree.vf("0000:3b:00.0", 0, "0000:3b:00.1", 0x15b3, 0x101e);
  const auto pf_folder = std::filesystem::canonical(tree.device_link("0000:3b:00.0"));
  std::filesystem::remove(vf.folder() / "physfn");
  std::filesystem::remove(pf_folder / "virtfn0");
  const auto early = again(tree, before, {"0000:3b:00.1"});
  EXPECT_EQ(early.function(at("0000:3b:00.1"))->kind(), FunctionKind::plain);

  std::filesystem::create_directory_symlink("../0000:3b:00.0", vf.folder() / "physfn");
  std::filesystem::create_directory_symlink("../0000:3b:00.1", pf_folder / "virtfn0");
  const auto late = again(tree, early, {"0000:3b:00.1"});
  EXPECT_EQ(late.function(at("0000:3b:00.1"))->kind(), FunctionKind::vf);
  EXPECT_EQ(late.function(at("0000:3b:00.0"))->sriov->num_vfs, 1U);
}

TEST(ObservePci, AVfThatOnlyThePfKnowsIsAVf) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021);
  std::filesystem::remove(tree.vf("0000:3b:00.0", 3, "0000:3b:00.4", 0x15b3, 0x101e).folder() / "physfn");
  const auto inventory = scan(tree);
  EXPECT_EQ(inventory.function(at("0000:3b:00.4"))->physfn, at("0000:3b:00.0"));
  EXPECT_EQ(inventory.function(at("0000:3b:00.4"))->vf_index, 3U);
}

TEST(ObservePci, ARemovedVfLeavesItsPf) {
  SysfsTree tree;
  tree.pf("0000:3b:00.0", 0x15b3, 0x1021);
  auto vf = tree.vf("0000:3b:00.0", 0, "0000:3b:00.1", 0x15b3, 0x101e);
  const auto before = scan(tree);
  vf.remove();
  const auto after = again(tree, before, {"0000:3b:00.1"});
  EXPECT_EQ(after.functions.size(), 1U);
  EXPECT_EQ(after.function(at("0000:3b:00.0"))->sriov->num_vfs, 0U);
}

TEST(ObservePci, VfsThatWentWithTheirPfAreGone) {
  SysfsTree tree;
  auto pf = tree.pf("0000:3b:00.0", 0x15b3, 0x1021);
  auto vf = tree.vf("0000:3b:00.0", 0, "0000:3b:00.1", 0x15b3, 0x101e);
  const auto before = scan(tree);
  vf.remove();
  pf.remove();
  EXPECT_THAT(again(tree, before, {"0000:3b:00.0"}).functions, IsEmpty());
}

TEST(ObservePci, AFolderThatEmptiesUnderTheReaderIsAbsentOrNoted) {
  SysfsTree tree;
  auto card = tree.plain("0000:3b:00.0", 0x15b3, 0x1021);
  std::filesystem::remove_all(card.folder());  // the link of the bus still stands
  const auto inventory = scan(tree);
  EXPECT_THAT(inventory.functions, IsEmpty());
  EXPECT_THAT(inventory.problems, IsEmpty());
}

TEST(PciModalias, HoldsAllIds) {
  EXPECT_EQ(parse_pci_modalias("pci:v00008086d000010C9sv0000FFFFsd0000A03Cbc02sc00i01"),
            (PciIds{0x8086, 0x10c9, 0xffff, 0xa03c, 0x020001}));
  for (const char* bad : {"", "pci:v00008086", "pci:v0000808Gd000010C9sv00008086sd0000A03Cbc02sc00i00",
                          "pci:v00008086d000010C9sv00008086sd0000A03Cbc02sc00i00x",
                          "pci:v00018086d000010C9sv00008086sd0000A03Cbc02sc00i00", "usb:v1D6Bp0002"})
    EXPECT_FALSE(parse_pci_modalias(bad).has_value()) << bad;
}

TEST(DevicePath, GivesTheNearestPciFunctionAbove) {
  EXPECT_EQ(function_above("../../devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0/net/ens1"), at("0000:3b:00.0"));
  EXPECT_EQ(function_above("/devices/pci0000:00/0000:00:02.0/virtio0/net/eth0"), at("0000:00:02.0"));
  EXPECT_EQ(function_above("/devices/pci10000:00/10000:e1:00.0"), at("10000:e1:00.0"));
  EXPECT_FALSE(function_above("/devices/virtual/net/lo").has_value());
  EXPECT_FALSE(function_above("").has_value());
}

}  // namespace
}  // namespace nic::host
