#include "core/gpu_path.hpp"

#include "core/predict.hpp"
#include "lib/gpu_hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using model::Verdict;
using test::GpuHost;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string levels(const GpuHost& machine, std::size_t gpu) {
  std::string line;
  for (const auto& nic : machine.nics)
    line +=
        std::string{line.empty() ? "" : " "} + std::string{word(distance(machine.host, machine.gpus[gpu], nic)->level)};
  return line;
}

model::GpuPath path(const GpuHost& machine, std::size_t gpu, std::size_t nic,
                    const model::GpudirectSettings& wanted = {}) {
  for (auto& one : gpu_paths(machine.host, wanted))
    if (one.gpu == machine.gpus[gpu] && one.nic == machine.nics[nic]) return one;
  ADD_FAILURE() << "there is no such path";
  return {};
}

std::vector<std::string> words(const model::GpuPath& path) {
  std::vector<std::string> all;
  for (const auto& finding : path.findings)
    all.push_back(fmt::format("{} {}", model::word(finding.severity), finding.word));
  return all;
}

TEST(Distance, HasTheLevelsOfTheVendorsTools) {
  const GpuHost machine;
  EXPECT_EQ(levels(machine, 0), "PIX PXB PHB NODE SYS SYS SYS SYS");
  EXPECT_EQ(levels(machine, 1), "PXB PIX PHB NODE SYS SYS SYS SYS");
  EXPECT_EQ(levels(machine, 2), "PHB PHB PIX NODE SYS SYS SYS SYS");
  EXPECT_EQ(levels(machine, 3), "NODE NODE NODE PIX SYS SYS SYS SYS");
  EXPECT_EQ(levels(machine, 4), "SYS SYS SYS SYS PIX PXB PHB NODE");
  EXPECT_EQ(levels(machine, 5), "SYS SYS SYS SYS PXB PIX PHB NODE");
  EXPECT_EQ(levels(machine, 6), "SYS SYS SYS SYS PHB PHB PIX NODE");
  EXPECT_EQ(levels(machine, 7), "SYS SYS SYS SYS NODE NODE NODE PIX");
}

TEST(Distance, OfAVfIsThatOfItsPf) {
  GpuHost machine;
  predict(machine.host, model::SetNumVfs{machine.nics[1], 0, 2});
  const auto vf = machine.host.function(machine.nics[1])->sriov->virtfns.at(0);
  EXPECT_EQ(distance(machine.host, machine.gpus[1], vf), distance(machine.host, machine.gpus[1], machine.nics[1]));
  EXPECT_FALSE(distance(machine.host, machine.gpus[0], test::pci("0000:ff:00.0")).has_value());
}

TEST(Distance, CountsTheBridgesWithinALevel) {
  const GpuHost machine;
  const auto away = [&](std::size_t gpu, std::size_t nic) {
    return *distance(machine.host, machine.gpus[gpu], machine.nics[nic]);
  };
  EXPECT_EQ(away(0, 0).bridges, 2u);
  EXPECT_LT(away(0, 0), away(0, 1));
  EXPECT_LT(away(0, 2), away(1, 2));  // both PHB; GPU 1 is behind another switch
}

TEST(Distance, WithoutNumaNodesIsWithinOneNodeOnlyWhereThereIsNoOther) {
  GpuHost machine;
  for (auto& [address, function] : machine.host.pcie.functions) function.numa_node.reset();
  EXPECT_EQ(distance(machine.host, machine.gpus[0], machine.nics[4])->level, model::PathLevel::sys);
  machine.host.pcie.numa_nodes = 1;
  EXPECT_EQ(distance(machine.host, machine.gpus[0], machine.nics[4])->level, model::PathLevel::node);
}

TEST(Distance, OnOneBusBelowOneBridgeIsPix) {
  GpuHost machine;
  machine.at(machine.nics[0]).above = machine.at(machine.gpus[0]).above;
  EXPECT_EQ(distance(machine.host, machine.gpus[0], machine.nics[0]), (Distance{model::PathLevel::pix, 0}));
}

TEST(Nearest, IsEveryNicOfTheBestLevel) {
  GpuHost machine;
  EXPECT_THAT(nearest_nics(machine.host, machine.gpus[1]), ElementsAre(machine.nics[1]));
  machine.host.functions.erase(machine.nics[0]);
  machine.host.functions.erase(machine.nics[1]);
  machine.host.functions.erase(machine.nics[2]);
  machine.host.functions.erase(machine.nics[3]);
  EXPECT_EQ(nearest_nics(machine.host, machine.gpus[0]).size(), 4u);  // all SYS
}

TEST(GpuPaths, AreAllPairsWithTheBridgesBetween) {
  const GpuHost machine;
  EXPECT_EQ(gpu_paths(machine.host).size(), 64u);
  const auto near = path(machine, 0, 0);
  EXPECT_THAT(near.bridges, ElementsAre(test::pci("0000:12:00.0"), test::pci("0000:12:01.0")));
  EXPECT_TRUE(near.nearest);
  EXPECT_THAT(near.findings, IsEmpty());
  EXPECT_EQ(near.verdict, Verdict::pass);
  EXPECT_FALSE(path(machine, 0, 1).nearest);
  EXPECT_EQ(path(machine, 0, 2).bridges.front(), test::pci("0000:12:00.0"));
  EXPECT_EQ(path(machine, 0, 2).bridges.back(), test::pci("0000:1a:01.0"));
  EXPECT_EQ(path(machine, 0, 2).bridges.size(), 6u);
}

TEST(GpuPaths, AreNoneWithoutAGpu) {
  GpuHost machine;
  machine.host.pcie.gpus.clear();
  EXPECT_THAT(gpu_paths(machine.host), IsEmpty());
}

TEST(GpuPaths, WarnOfNumaNodes) {
  const GpuHost machine;
  const auto far = path(machine, 0, 4);
  EXPECT_THAT(words(far), ElementsAre("warn distance"));
  EXPECT_EQ(far.verdict, Verdict::warn);
  EXPECT_THAT(far.findings[0].text, HasSubstr("use a NIC that is nearer"));
}

TEST(GpuPaths, WarnOfPortsBetweenThemThatRedirect) {
  GpuHost machine;
  machine.at(test::pci("0000:12:01.0")).config.acs->control = 0x1d;  // as the kernel sets it with an IOMMU
  const auto near = path(machine, 0, 0);
  EXPECT_THAT(words(near), ElementsAre("warn acs-redirect"));
  EXPECT_THAT(near.findings[0].text, testing::AllOf(HasSubstr("bridge 0000:12:01.0 (ACS SV RR CR UF)"),
                                                    HasSubstr("pci=disable_acs_redir=0000:12:01.0")));
  EXPECT_THAT(words(path(machine, 1, 1)), IsEmpty());
  // What is no redirection.
  machine.at(test::pci("0000:12:01.0")).config.acs->control = 0x53;
  EXPECT_THAT(words(path(machine, 0, 0)), IsEmpty());
}

TEST(GpuPaths, SayNothingOfPortsThatBothAreBelowNorOfThoseThatCannotMatter) {
  GpuHost machine;
  machine.at(test::pci("0000:10:00.0")).config.acs->control = 0x1d;  // the root port above the switch
  EXPECT_THAT(words(path(machine, 0, 0)), IsEmpty());
  EXPECT_THAT(words(path(machine, 0, 2)), ElementsAre("warn acs-redirect"));
  machine.acs(0x1d);
  EXPECT_THAT(words(path(machine, 0, 3)), IsEmpty());  // between host bridges
}

TEST(GpuPaths, LetTranslatedTrafficGoDirectly) {
  GpuHost machine;
  machine.acs(0x5d);
  for (const auto& end : {machine.gpus[0], machine.nics[0]}) machine.at(end).config.ats->enabled = true;
  EXPECT_THAT(words(path(machine, 0, 0)), IsEmpty());
  machine.at(machine.nics[0]).config.ats->enabled = false;
  EXPECT_THAT(words(path(machine, 0, 0)), ElementsAre("warn acs-redirect", "warn acs-redirect"));
}

TEST(GpuPaths, WarnOfAnIommuThatTranslates) {
  GpuHost machine;
  machine.at(machine.nics[0]).iommu_type = "DMA-FQ";
  EXPECT_THAT(words(path(machine, 0, 0)), ElementsAre("warn iommu-translating"));
  EXPECT_THAT(path(machine, 0, 0).findings[0].text, HasSubstr("boot with iommu=pt"));
  machine.at(machine.nics[0]).iommu_type = "";
  EXPECT_THAT(words(path(machine, 0, 0)), ElementsAre("unknown iommu-translating"));
  EXPECT_EQ(path(machine, 0, 0).verdict, Verdict::unknown);
  machine.host.pcie.iommu_passthrough = true;
  EXPECT_THAT(words(path(machine, 0, 0)), IsEmpty());
  machine.at(machine.nics[0]).iommu_group.reset();
  EXPECT_THAT(words(path(machine, 0, 0)), IsEmpty());
}

TEST(GpuPaths, KnowWhatReadRequestsShouldBe) {
  GpuHost machine;
  machine.read_requests(512);
  EXPECT_THAT(words(path(machine, 0, 0)), ElementsAre("pass max-read-request"));
  EXPECT_EQ(path(machine, 0, 0).verdict, Verdict::pass);
  const model::GpudirectSettings wanted{model::AcsPolicy::leave, 1024};
  EXPECT_THAT(words(path(machine, 0, 0, wanted)), ElementsAre("warn max-read-request"));
  EXPECT_THAT(words(path(machine, 0, 1, wanted)), ElementsAre("pass max-read-request"));
  machine.read_requests(1024);
  EXPECT_THAT(words(path(machine, 0, 0, wanted)), IsEmpty());
  machine.read_requests(0);
  EXPECT_THAT(words(path(machine, 0, 0, wanted)), ElementsAre("unknown max-read-request"));
}

TEST(GpuPaths, WarnOfLinksThatAreLessThanBothEndsCan) {
  GpuHost machine;
  auto& link = *machine.at(machine.nics[0]).config.express;
  link.now = model::PcieLink{5, 8};
  EXPECT_THAT(words(path(machine, 0, 0)), ElementsAre("warn link-degraded"));
  EXPECT_THAT(path(machine, 0, 0).findings[0].text, HasSubstr("x8 gen 5, both ends can x16 gen 5"));
  link.now = model::PcieLink{3, 16};
  EXPECT_THAT(words(path(machine, 0, 0)), ElementsAre("warn link-degraded"));
  // A card that can no more is as good as it gets.
  link.able = model::PcieLink{3, 16};
  EXPECT_THAT(words(path(machine, 0, 0)), IsEmpty());
}

TEST(GpuPaths, TakeAnIdleGpusSlowLinkForWhatItIs) {
  GpuHost machine;
  machine.at(machine.gpus[0]).config.express->now = model::PcieLink{1, 16};
  EXPECT_THAT(words(path(machine, 0, 0)), IsEmpty());
  machine.at(machine.gpus[0]).config.express->now = model::PcieLink{5, 4};
  EXPECT_THAT(words(path(machine, 0, 0)), ElementsAre("warn link-degraded"));
}

TEST(GpuPaths, SeeASwitchesUplinkOnTheWay) {
  GpuHost machine;
  machine.at(test::pci("0000:15:00.0")).config.express->now = model::PcieLink{5, 1};
  EXPECT_THAT(words(path(machine, 0, 1)), ElementsAre("warn link-degraded"));
  EXPECT_THAT(words(path(machine, 1, 1)), IsEmpty());
}

TEST(GpuPaths, NeverPassForWantOfKnowledge) {
  GpuHost machine;
  auto& port = machine.at(test::pci("0000:12:00.0"));
  port.config = {};
  port.config.problem = "configuration space can be read up to byte 64 only";
  EXPECT_THAT(words(path(machine, 0, 0)), ElementsAre("unknown not-readable"));
  EXPECT_EQ(path(machine, 0, 0).verdict, Verdict::unknown);
  machine.host.pcie.functions.erase(test::pci("0000:12:00.0"));
  EXPECT_EQ(path(machine, 0, 0).verdict, Verdict::unknown);
}

TEST(GpuPaths, MentionRelaxedOrdering) {
  GpuHost machine;
  machine.at(machine.nics[0]).config.express->relaxed_ordering = false;
  EXPECT_THAT(words(path(machine, 0, 0)), ElementsAre("pass relaxed-ordering"));
}

TEST(IsGpu, KnowsGpusFromConsoles) {
  EXPECT_TRUE(model::is_gpu(0x030200, 0x10de));
  EXPECT_TRUE(model::is_gpu(0x038000, 0x1002));
  EXPECT_TRUE(model::is_gpu(0x120000, 0x1002));
  EXPECT_TRUE(model::is_gpu(0x030000, 0x10de));
  EXPECT_FALSE(model::is_gpu(0x030000, 0x1a03));  // ASPEED, the console of most servers
  EXPECT_FALSE(model::is_gpu(0x040300, 0x10de));  // the sound of a GPU
  EXPECT_FALSE(model::is_gpu(0x068000, 0x10de));  // NVSwitch
}

}  // namespace
}  // namespace nic::core
