#include "kmod/peer_memory.hpp"

#include "unit/kmod/module_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::kmod {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr const char* kRegister = "ib_register_peer_memory_client";

class PeerMemory : public testing::Test {
 protected:
  void gpu() const {
    tree.write("sys/bus/pci/devices/0000:17:00.0/vendor", "0x10de\n");
    tree.write("sys/bus/pci/devices/0000:17:00.0/class", "0x030200\n");
  }
  void nvidia(const std::string& version, const char* flavour = "NVIDIA UNIX x86_64 Kernel Module") const {
    tree.live("nvidia");
    tree.write("sys/module/nvidia/version", version + "\n");
    tree.write("proc/driver/nvidia/version", std::string{"NVRM version: "} + flavour + "  " + version + "\n");
  }
  [[nodiscard]] model::PeerMemoryFacts read() const {
    tree.depmod();
    const auto context = Context::open(tree.roots());
    EXPECT_TRUE(context.has_value());
    return read_peer_memory(tree.roots(), *context);
  }
  ModuleTree tree;
};

TEST_F(PeerMemory, IsNotLookedAtWithoutAGpu) {
  tree.add("kernel/a.ko", fitting());
  // An NVIDIA card that is no GPU, and a GPU that is not NVIDIA's.
  tree.write("sys/bus/pci/devices/0000:17:00.0/vendor", "0x10de\n");
  tree.write("sys/bus/pci/devices/0000:17:00.0/class", "0x068000\n");
  tree.write("sys/bus/pci/devices/0000:18:00.0/vendor", "0x1002\n");
  tree.write("sys/bus/pci/devices/0000:18:00.0/class", "0x030000\n");
  EXPECT_EQ(read(), model::PeerMemoryFacts{});
}

TEST_F(PeerMemory, SeesDriverFlavourAndKernel) {
  gpu();
  nvidia("570.86.15", "NVIDIA UNIX Open Kernel Module for x86_64");
  tree.add("kernel/a.ko", fitting());
  const auto facts = read();
  EXPECT_TRUE(facts.gpu);
  EXPECT_EQ(facts.nvidia_version, "570.86.15");
  EXPECT_TRUE(facts.nvidia_open);
  EXPECT_TRUE(facts.kernel_dmabuf);
  EXPECT_FALSE(facts.nvidia_peermem.there);
}

// Behaviours 21 and 22, from the files.
TEST_F(PeerMemory, TellsAModuleThatWasBuiltWithoutSupportFromOneThatFits) {
  gpu();
  nvidia("570.86.15");
  tree.add("updates/ib_core.ko", fitting().provides(kRegister, 0x1234));
  tree.add("updates/nvidia.ko", fitting().provides("nvidia_p2p_get_pages", 0x5678));
  tree.add("updates/nvidia_peermem.ko", fitting().uses("nvidia_p2p_get_pages", 0x5678).info("depends", "nvidia"));
  tree.add("updates/nv_peer_mem.ko", fitting().uses(kRegister, 0x1234).uses("nvidia_p2p_get_pages", 0x9999));
  const auto facts = read();
  EXPECT_TRUE(facts.ib_core_registers);
  EXPECT_TRUE(facts.nvidia_peermem.there);
  EXPECT_TRUE(facts.nvidia_peermem.symbols_read);
  EXPECT_FALSE(facts.nvidia_peermem.uses_ib_core);
  EXPECT_THAT(facts.nvidia_peermem.clashes, IsEmpty());
  EXPECT_TRUE(facts.nv_peer_mem.uses_ib_core);
  EXPECT_THAT(facts.nv_peer_mem.clashes, ElementsAre(AllOf(HasSubstr("nvidia_p2p_get_pages of nvidia"),
                                                           HasSubstr("0x00009999"), HasSubstr("0x00005678"))));
}

// Behaviour 24: what is registered now.
TEST_F(PeerMemory, CountsClientsAndRegistrations) {
  gpu();
  tree.live("nvidia_peermem");
  tree.add("kernel/a.ko", fitting());
  // A client whose version cannot be read has not registered.
  std::filesystem::create_directories(tree.path("sys/kernel/mm/memory_peers/other"));
  tree.write("sys/kernel/mm/memory_peers/nv_mem/version", "570.86.15\n");
  tree.write("sys/kernel/mm/memory_peers/nv_mem/num_alloc_mrs", "12\n");
  tree.write("sys/kernel/mm/memory_peers/nv_mem/num_dealloc_mrs", "5\n");
  const auto facts = read();
  EXPECT_TRUE(facts.nvidia_peermem.live);
  EXPECT_THAT(facts.clients, ElementsAre(Pair("nv_mem", "570.86.15")));
  EXPECT_EQ(facts.registrations, 7U);
}

}  // namespace
}  // namespace nic::kmod
