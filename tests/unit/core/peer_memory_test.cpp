// By which way GPU memory is registered, on every kind of machine.
#include "core/peer_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using model::PeerMemory;
using model::PeerMemoryFacts;
using model::PeerMemoryWish;
using model::PeerModule;
using model::Readiness;
using testing::AllOf;
using testing::HasSubstr;

const PeerModule kFits{.there = true, .uses_ib_core = true, .symbols_read = true, .clashes = {}, .version = ""};

// A node with the proprietary driver and an ib_core that takes clients.
PeerMemoryFacts proprietary() {
  PeerMemoryFacts facts;
  facts.gpu = true;
  facts.nvidia_version = "570.86.15";
  facts.kernel_dmabuf = true;
  facts.ib_core_registers = true;
  facts.nvidia_peermem = kFits;
  return facts;
}

PeerMemoryFacts open_driver() {
  auto facts = proprietary();
  facts.nvidia_open = true;
  return facts;
}

std::string module_of(PeerMemoryWish wish, const PeerMemoryFacts& facts) {
  return peer_memory_module(wish, facts).value_or("none");
}

std::string why(const PeerMemoryFacts& facts, PeerMemoryWish wish = PeerMemoryWish::peermem) {
  EXPECT_EQ(module_of(wish, facts), "none");
  const auto status = judge_peer_memory(wish, facts);
  EXPECT_EQ(status.readiness, Readiness::not_ready);
  return status.text;
}

TEST(PeerMemory, IsNotApplicableWithoutAGpu) {
  const auto status = judge_peer_memory(PeerMemoryWish::automatic, {});
  EXPECT_EQ(status.readiness, Readiness::not_applicable);
  EXPECT_EQ(module_of(PeerMemoryWish::automatic, {}), "none");
}

// Behaviour 25.
TEST(PeerMemory, IsByDmabufWhereTheMachineCan) {
  const auto status = judge_peer_memory(PeerMemoryWish::automatic, open_driver());
  EXPECT_EQ(status.way, PeerMemory::dmabuf);
  EXPECT_EQ(status.readiness, Readiness::ready);
  EXPECT_EQ(module_of(PeerMemoryWish::automatic, open_driver()), "none");
  EXPECT_EQ(module_of(PeerMemoryWish::peermem, open_driver()), "nvidia_peermem");
}

TEST(PeerMemory, IsByTheModuleOfTheDriverBeforeTheOlderOne) {
  auto facts = proprietary();
  facts.nv_peer_mem = kFits;
  EXPECT_EQ(module_of(PeerMemoryWish::automatic, facts), "nvidia_peermem");
  facts.nvidia_peermem = {};
  EXPECT_EQ(module_of(PeerMemoryWish::automatic, facts), "nv_peer_mem");
}

// Behaviour 23.
TEST(PeerMemory, IsNeverByBothModules) {
  auto facts = proprietary();
  facts.nv_peer_mem = {.there = true, .live = true, .clashes = {}, .version = "1.3-0"};
  EXPECT_EQ(module_of(PeerMemoryWish::peermem, facts), "none");
  EXPECT_EQ(judge_peer_memory(PeerMemoryWish::peermem, facts).way, PeerMemory::nv_peer_mem);
  facts.nvidia_peermem.live = true;
  EXPECT_THAT(why(facts), HasSubstr("both loaded"));
}

// Behaviours 21 and 22.
TEST(PeerMemory, TellsTheReasonsOfAnInvalidArgumentApartBeforeLoading) {
  auto stub = proprietary();
  stub.nvidia_peermem.uses_ib_core = false;
  EXPECT_THAT(why(stub), HasSubstr("built without peer memory support"));

  auto rebuilt = proprietary();
  rebuilt.nvidia_peermem.clashes = {"nvidia_p2p_get_pages of nvidia (wants 0x1, installed is 0x2)"};
  EXPECT_THAT(why(rebuilt), AllOf(HasSubstr("has to be built again"), HasSubstr("nvidia_p2p_get_pages of nvidia")));

  auto inbox = proprietary();
  inbox.ib_core_registers = false;
  EXPECT_THAT(why(inbox), HasSubstr("takes no peer memory clients"));

  auto no_driver = proprietary();
  no_driver.nvidia_version.clear();
  EXPECT_THAT(why(no_driver), HasSubstr("the NVIDIA driver is not loaded"));

  auto nothing = proprietary();
  nothing.nvidia_peermem = {};
  EXPECT_THAT(why(nothing), HasSubstr("there is no nvidia_peermem for this kernel"));
}

TEST(PeerMemory, LeavesToTheKernelWhatCannotBeReadBeforehand) {
  auto facts = proprietary();
  facts.nvidia_peermem.symbols_read = false;
  facts.nvidia_peermem.uses_ib_core = false;
  EXPECT_EQ(module_of(PeerMemoryWish::peermem, facts), "nvidia_peermem");
}

// Behaviour 24.
TEST(PeerMemory, IsReadyOnceTheModuleHasRegisteredForTheRunningDriver) {
  auto facts = proprietary();
  facts.nvidia_peermem.live = true;
  EXPECT_THAT(why(facts), HasSubstr("has not registered with ib_core"));
  facts.clients = {{"nv_mem", "550.54.14"}};
  EXPECT_THAT(why(facts), AllOf(HasSubstr("550.54.14"), HasSubstr("570.86.15")));
  facts.clients = {{"nv_mem", "570.86.15"}};
  facts.registrations = 7;
  const auto status = judge_peer_memory(PeerMemoryWish::peermem, facts);
  EXPECT_EQ(status.readiness, Readiness::ready);
  EXPECT_EQ(status.registrations, 7U);
}

TEST(PeerMemory, SaysWhyDmabufCannotBe) {
  auto old_kernel = open_driver();
  old_kernel.kernel_dmabuf = false;
  EXPECT_THAT(why(old_kernel, PeerMemoryWish::dmabuf), HasSubstr("older than 5.12"));
  EXPECT_THAT(why(proprietary(), PeerMemoryWish::dmabuf), HasSubstr("not of the open flavour"));
}

TEST(PeerMemory, IsLeftAloneWhereNobodyAsksForIt) {
  EXPECT_EQ(module_of(PeerMemoryWish::not_said, proprietary()), "none");
  EXPECT_EQ(module_of(PeerMemoryWish::none, proprietary()), "none");
}

}  // namespace
}  // namespace nic::core
