// The RDMA network-namespace mode on its whole way: asked for, changed or waiting for the next start, given back.
#include "apply/rdma_netns_record.hpp"
#include "lib/agent_on_sim.hpp"
#include "lib/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>

namespace nic::apply {
namespace {

using model::OwnedRdmaNetns;
using model::RdmaNetnsMode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kShared = RdmaNetnsMode::shared;
constexpr auto kExclusive = RdmaNetnsMode::exclusive;

model::Inventory with_rdma(RdmaNetnsMode mode = kShared) {
  model::Inventory inventory;
  inventory.rdma_subsystem = true;
  inventory.rdma_netns_mode = mode;
  return inventory;
}

class RdmaNetnsAgent : public testing::Test {
 protected:
  void ask(std::optional<RdmaNetnsMode> mode) {
    model::Config config;
    config.rdma_netns_mode = mode;
    config.sources = {"test.toml"};
    agent->reconciler->configure(config);
  }
  // Nothing is left to be done now.
  [[nodiscard]] bool settles() const {
    return agent->run_until(
        [this] { return agent->now()->settled && agent->idle() && agent->now()->plan.rdma.empty(); });
  }
  void start(model::Inventory host) {
    agent = std::make_unique<test::AgentOnSim>(std::move(host), state.path());
    agent->reconciler->start();
  }
  [[nodiscard]] OwnedRdmaNetns noted() const { return agent->records->rdma_netns.read().owned; }
  [[nodiscard]] RdmaNetnsMode mode() const { return *agent->machine->state().rdma_netns_mode; }

  test::TemporaryFolder state;
  std::unique_ptr<test::AgentOnSim> agent;
};

TEST_F(RdmaNetnsAgent, ChangesTheModeAndGivesItBack) {
  start(with_rdma());
  ask(kExclusive);
  ASSERT_TRUE(agent->run_until([&] { return mode() == kExclusive && settles(); }));
  EXPECT_EQ(noted().found, kShared);
  EXPECT_THAT(agent->now()->reboot_reasons, IsEmpty());
  EXPECT_EQ(agent->machine->performed(), 1U);
  ask({});
  ASSERT_TRUE(agent->run_until([&] { return mode() == kShared && noted() == OwnedRdmaNetns{}; }));
}

TEST_F(RdmaNetnsAgent, TouchesNothingWhereTheModeIsRight) {
  start(with_rdma(kExclusive));
  ask(kExclusive);
  ASSERT_TRUE(settles());
  EXPECT_EQ(agent->machine->performed(), 0U);
  EXPECT_EQ(noted(), OwnedRdmaNetns{});
  EXPECT_EQ(agent->now()->applied_generation, agent->now()->config_generation);
}

TEST_F(RdmaNetnsAgent, AsksForOneRebootWhereTheKernelRefuses) {
  start(with_rdma());
  agent->machine->namespaces(true);
  ask(kExclusive);
  ASSERT_TRUE(agent->run_until([&] { return !agent->now()->reboot_reasons.empty() && settles(); }));
  EXPECT_THAT(agent->now()->reboot_reasons, ElementsAre(HasSubstr("becomes exclusive when the machine starts")));
  EXPECT_FALSE(agent->now()->rdma_problem.has_value());
  EXPECT_EQ(agent->machine->performed(), 1U);
  EXPECT_EQ(agent->machine->state().rdma_netns_option, model::ib_core_option(kExclusive));
  EXPECT_LT(agent->now()->applied_generation, agent->now()->config_generation);
  // Looking again tries nothing again.
  const auto jobs = agent->finished.size();
  static_cast<void>(agent->reconciler->rescan(0));
  ASSERT_TRUE(agent->run_until([&] { return agent->finished.size() > jobs; }));
  EXPECT_EQ(agent->machine->performed(), 1U);
}

TEST_F(RdmaNetnsAgent, IsChangedByApplyWhenTheNamespacesHaveGone) {
  start(with_rdma());
  agent->machine->namespaces(true);
  ask(kExclusive);
  ASSERT_TRUE(agent->run_until([&] { return !agent->now()->reboot_reasons.empty() && settles(); }));
  ASSERT_TRUE(agent->reconciler->apply({}).has_value());
  ASSERT_TRUE(agent->run_until([&] { return agent->finished.size() >= 2 && settles(); }));
  EXPECT_EQ(agent->finished.back().state, model::JobState::failed);
  EXPECT_EQ(agent->finished.back().error->errno_value, EBUSY);
  EXPECT_THAT(agent->now()->reboot_reasons, testing::SizeIs(1));
  agent->machine->namespaces(false);
  ASSERT_TRUE(agent->reconciler->apply({}).has_value());
  ASSERT_TRUE(agent->run_until([&] { return mode() == kExclusive && settles(); }));
  EXPECT_THAT(agent->now()->reboot_reasons, IsEmpty());
}

TEST_F(RdmaNetnsAgent, TakesTheOptionAwayWhenNobodyAsksAnyMore) {
  start(with_rdma());
  agent->machine->namespaces(true);
  ask(kExclusive);
  ASSERT_TRUE(agent->run_until([&] { return !agent->now()->reboot_reasons.empty() && settles(); }));
  ask({});
  ASSERT_TRUE(agent->run_until([&] { return noted() == OwnedRdmaNetns{} && settles(); }));
  EXPECT_EQ(agent->machine->state().rdma_netns_option, "");
  EXPECT_THAT(agent->now()->reboot_reasons, IsEmpty());
}

TEST_F(RdmaNetnsAgent, SaysWhenGivingBackWaitsForTheNextStart) {
  start(with_rdma());
  ask(kExclusive);
  ASSERT_TRUE(agent->run_until([&] { return mode() == kExclusive && settles(); }));
  agent->machine->namespaces(true);
  ask({});
  ASSERT_TRUE(agent->run_until([&] { return !agent->now()->reboot_reasons.empty() && agent->now()->settled; }));
  EXPECT_THAT(agent->now()->reboot_reasons, ElementsAre(HasSubstr("is exclusive and becomes shared")));
  EXPECT_FALSE(agent->now()->rdma_problem.has_value());
  EXPECT_EQ(noted().found, kShared);
}

TEST_F(RdmaNetnsAgent, AFailureIsShown) {
  start(with_rdma());
  agent->machine->fail_when([](const model::Action&) { return model::system_error(EPERM, "ask", "RDMA netlink"); });
  ask(kExclusive);
  ASSERT_TRUE(agent->run_until([&] { return agent->now()->rdma_problem.has_value(); }));
  EXPECT_THAT(agent->now()->rdma_problem->text(), HasSubstr("from shared to exclusive"));
  agent->machine->fail_when(nullptr);
  ASSERT_TRUE(agent->run_until([&] { return mode() == kExclusive && settles(); }));
  EXPECT_FALSE(agent->now()->rdma_problem.has_value());
}

class RdmaNetnsRecordTest : public testing::Test {
 protected:
  RdmaNetnsRecordTest() { boots("1111"); }
  void boots(const std::string& id) const { write(roots.proc / "sys/kernel/random/boot_id", id + "\n"); }
  void option(RdmaNetnsMode mode) const { write(roots.etc / "modprobe.d/nic-agent-rdma.conf", ib_core_option(mode)); }
  static void write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
  }
  test::TemporaryFolder folder;
  model::Roots roots = model::Roots::below(folder.path());
  RdmaNetnsRecord record{roots};
};

TEST_F(RdmaNetnsRecordTest, IsRememberedInItsBoot) {
  const OwnedRdmaNetns owned{.found = kShared, .option = kExclusive};
  ASSERT_TRUE(record.note(owned).has_value());
  EXPECT_EQ(record.read().owned, owned);
  ASSERT_TRUE(record.forget().has_value());
  EXPECT_EQ(record.read().owned, OwnedRdmaNetns{});
}

TEST_F(RdmaNetnsRecordTest, LivesInTheNextBootAsLongAsTheOption) {
  ASSERT_TRUE(record.note({.found = kShared, .option = kExclusive}).has_value());
  option(kExclusive);
  boots("2222");
  const auto read = record.read().owned;
  EXPECT_EQ(read, (OwnedRdmaNetns{.found = kShared, .option = kExclusive, .rebooted = true}));
  // Noted anew it still tells that the option was there at the start.
  ASSERT_TRUE(record.note(read).has_value());
  EXPECT_TRUE(record.read().owned.rebooted);
  std::filesystem::remove(roots.etc / "modprobe.d/nic-agent-rdma.conf");
  EXPECT_EQ(record.read().owned, OwnedRdmaNetns{});
  EXPECT_FALSE(std::filesystem::exists(roots.state / "rdma-netns.json"));
}

TEST_F(RdmaNetnsRecordTest, KeepsADamagedOneAside) {
  for (const char* text : {"{", "[]", R"({"version":1,"boot":"1111","found":"both"})", R"({"version":2,"boot":""})"}) {
    write(roots.state / "rdma-netns.json", text);
    const auto read = record.read();
    EXPECT_TRUE(read.set_aside.has_value()) << text;
    EXPECT_EQ(read.owned, OwnedRdmaNetns{});
    EXPECT_TRUE(std::filesystem::exists(roots.state / "rdma-netns.json.corrupt"));
  }
  EXPECT_FALSE(record.read().set_aside.has_value());
}

}  // namespace
}  // namespace nic::apply
