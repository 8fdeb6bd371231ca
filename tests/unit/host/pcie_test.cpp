// The way between GPUs and NICs, read from a composed tree.
#include "core/gpu_path.hpp"
#include "host/observe.hpp"
#include "lib/config_space.hpp"
#include "lib/sysfs_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::host {
namespace {

using model::Dirty;
using model::Inventory;
using model::PciAddress;
using model::PcieType;
using model::Roots;
using test::ConfigSpace;
using test::SysfsTree;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

PciAddress at(std::string_view text) { return PciAddress::parse(text).value(); }

constexpr const char* kRootPort = "0000:3a:00.0";
constexpr const char* kUpstream = "0000:3b:00.0";
constexpr const char* kGpuPort = "0000:3c:00.0";
constexpr const char* kNicPort = "0000:3c:01.0";
constexpr const char* kGpu = "0000:3d:00.0";
constexpr const char* kNic = "0000:3e:00.0";
constexpr unsigned kBridge = 0x060400;
constexpr unsigned k3d = 0x030200;
constexpr unsigned kEthernet = 0x020000;

class Pcie : public testing::Test {
 protected:
  Pcie() {
    tree.plain(kRootPort, 0x8086, 0x352a).class_code(kBridge).numa(1).file("config", port(PcieType::root_port));
    tree.behind(kRootPort, kUpstream, 0x1000, 0xc030, kBridge).file("config", port(PcieType::upstream_port));
    tree.behind(kUpstream, kGpuPort, 0x1000, 0xc030, kBridge).file("config", port(PcieType::downstream_port));
    tree.behind(kUpstream, kNicPort, 0x1000, 0xc030, kBridge).file("config", port(PcieType::downstream_port));
  }
  static std::string port(PcieType type) { return ConfigSpace{}.express(type, 0x0000).acs(0x5f, 0x1d).bytes(); }
  static std::string card(std::uint16_t device_control = 0x2810) {
    return ConfigSpace{}.express(PcieType::endpoint, device_control).bytes();
  }
  void plug_gpu() {
    tree.behind(kGpuPort, kGpu, 0x10de, 0x2330, k3d).numa(1).iommu_group(7).file("config", card());
    tree.write("sys/kernel/iommu_groups/7/type", "DMA-FQ\n");
  }
  void plug_nic() {
    tree.behind(kNicPort, kNic, 0x15b3, 0x1021, kEthernet).numa(1).total_vfs(16).file("config", card());
  }
  Inventory scan() { return observe(Roots::below(tree.root()), {}, Dirty::all()); }
  Inventory again(const Inventory& previous, std::initializer_list<std::string_view> dirty) {
    Dirty what;
    for (const auto address : dirty) what.functions.insert(at(address));
    return observe(Roots::below(tree.root()), previous, what);
  }
  SysfsTree tree;
};

TEST_F(Pcie, IsReadAlongTheWay) {
  plug_gpu();
  plug_nic();
  const auto inventory = scan();
  EXPECT_THAT(inventory.pcie.gpus, ElementsAre(at(kGpu)));
  EXPECT_THAT(inventory.pcie.functions, SizeIs(6));
  const auto* gpu = inventory.pcie.function(at(kGpu));
  ASSERT_NE(gpu, nullptr);
  EXPECT_EQ(gpu->vendor, 0x10de);
  EXPECT_EQ(gpu->root, "pci0000:3a");
  EXPECT_THAT(gpu->above, ElementsAre(at(kRootPort), at(kUpstream), at(kGpuPort)));
  EXPECT_EQ(gpu->numa_node, 1);
  EXPECT_EQ(gpu->iommu_group, 7u);
  EXPECT_EQ(gpu->iommu_type, "DMA-FQ");
  EXPECT_EQ(inventory.pcie.function(at(kNic))->config.express->max_read_request, 512u);
  EXPECT_EQ(inventory.pcie.function(at(kNicPort))->config.acs, (model::Acs{0x5f, 0x1d}));
  const auto paths = core::gpu_paths(inventory);
  ASSERT_THAT(paths, SizeIs(1));
  EXPECT_EQ(paths[0].level, model::PathLevel::pix);
  EXPECT_THAT(paths[0].bridges, ElementsAre(at(kGpuPort), at(kNicPort)));
  EXPECT_EQ(paths[0].verdict, model::Verdict::warn);
}

TEST_F(Pcie, IsNotReadWhereThereIsNoGpu) {
  plug_nic();
  tree.behind(kGpuPort, kGpu, 0x1a03, 0x2000, 0x030000).file("config", card());  // a server's console
  EXPECT_EQ(scan().pcie, model::PcieTopology{});
}

TEST_F(Pcie, ReadsAgainOnlyWhatIsDirty) {
  plug_gpu();
  plug_nic();
  const auto before = scan();
  for (const auto* function : {kNic, kGpu})
    tree.write(std::string{"sys/bus/pci/devices/"} + function + "/config", card(0x5810));
  const auto after = again(before, {kNic});
  EXPECT_EQ(after.pcie.function(at(kNic))->config.express->max_read_request, 4096u);
  EXPECT_EQ(after.pcie.function(at(kGpu))->config.express->max_read_request, 512u);
}

TEST_F(Pcie, SeesAGpuComeAndKeepsLookingWhenItHasGone) {
  plug_nic();
  const auto without = scan();
  plug_gpu();
  const auto with = again(without, {kGpu});
  EXPECT_THAT(with.pcie.gpus, ElementsAre(at(kGpu)));
  EXPECT_THAT(with.pcie.functions, SizeIs(6));
  std::filesystem::remove(tree.device_link(kGpu));
  const auto gone = again(with, {kGpu});
  EXPECT_THAT(gone.pcie.gpus, IsEmpty());
  EXPECT_NE(gone.pcie.function(at(kGpuPort)), nullptr);
  EXPECT_EQ(gone.pcie.function(at(kGpu)), nullptr);
  EXPECT_THAT(core::gpu_paths(gone), IsEmpty());
  // A full look, too.
  EXPECT_NE(observe(Roots::below(tree.root()), gone, Dirty::all()).pcie.function(at(kGpuPort)), nullptr);
}

TEST_F(Pcie, LeavesFunctionsAloneThatAreBusy) {
  plug_gpu();
  plug_nic();
  const auto before = scan();
  tree.write(std::string{"sys/bus/pci/devices/"} + kNic + "/config", card(0x5810));
  Dirty what;
  what.functions = {at(kNic)};
  const auto after = observe(Roots::below(tree.root()), before, what, {at(kNic)});
  EXPECT_EQ(after.pcie.function(at(kNic))->config.express->max_read_request, 512u);
}

TEST_F(Pcie, SaysWhatCannotBeRead) {
  plug_gpu();
  plug_nic();
  tree.write(std::string{"sys/bus/pci/devices/"} + kNicPort + "/config", port(PcieType::downstream_port).substr(0, 64));
  auto paths = core::gpu_paths(scan());
  EXPECT_THAT(paths.at(0).findings.back().text, HasSubstr("up to byte 64 only"));
  std::filesystem::remove(tree.root() / "sys/bus/pci/devices" / kNicPort / "config");
  paths = core::gpu_paths(scan());
  EXPECT_EQ(paths.at(0).findings.back().severity, model::Verdict::unknown);
}

TEST_F(Pcie, WakesNobody) {
  plug_gpu();
  plug_nic();
  tree.write(std::string{"sys/bus/pci/devices/"} + kGpu + "/power_state", "D3cold\n");
  const auto inventory = scan();
  EXPECT_FALSE(inventory.pcie.function(at(kGpu))->config.express.has_value());
  EXPECT_THAT(inventory.pcie.function(at(kGpu))->config.problem, HasSubstr("asleep"));
}

TEST_F(Pcie, KnowsWhoIsPassedThroughAndWhere) {
  plug_gpu();
  plug_nic();
  tree.behind(kNicPort, "0000:3e:00.1", 0x15b3, 0x101e, kEthernet).driver("vfio-pci");
  tree.link("sys/bus/pci/drivers/vfio-pci/0000:3e:00.1", "sys/bus/pci/devices/0000:3e:00.1");
  tree.write("sys/bus/pci/drivers/vfio-pci/new_id", "");
  EXPECT_THAT(
      scan().pcie.passthrough,
      ElementsAre(model::Passthrough{at("0000:3e:00.1"), "vfio-pci", {at(kRootPort), at(kUpstream), at(kNicPort)}}));
}

TEST_F(Pcie, CountsNumaNodesAndKnowsTheCommandLine) {
  plug_gpu();
  for (const char* name : {"node0", "node1", "possible"})
    tree.write(std::string{"sys/devices/system/node/"} + name + "/x", "");
  tree.write("proc/cmdline", "BOOT_IMAGE=/vmlinuz iommu=pt quiet\n");
  const auto inventory = scan();
  EXPECT_EQ(inventory.pcie.numa_nodes, 2u);
  EXPECT_TRUE(inventory.pcie.iommu_passthrough);
  tree.write("proc/cmdline", "iommu=ptx\n");
  EXPECT_FALSE(scan().pcie.iommu_passthrough);
}

}  // namespace
}  // namespace nic::host
