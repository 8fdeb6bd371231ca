// What is asked while a step is under way: the newest wish is what it comes to, not the one that the step was planned
// for.
#include "lib/agent_on_sim.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"

#include <gtest/gtest.h>

namespace nic::apply {
namespace {

using test::AgentOnSim;
using test::Host;
using test::pci;

const model::PciAddress kPf = pci("0000:01:00.0");

model::SriovPolicy vfs(unsigned count) { return test::policy("p", {{"enp1s0", {}}}, count); }

class Midway : public testing::Test {
 protected:
  // The agent is in the middle of making seven VFs.
  void SetUp() override {
    agent.machine->hang_when(
        [](const model::Action& action) { return std::holds_alternative<model::SetNumVfs>(action); });
    agent.configure({vfs(7)});
    agent.reconciler->start();
    ASSERT_TRUE(agent.run_until([&] { return agent.machine->performed() == 1; }));
  }
  // VFs of the card when everything has been done that can be.
  std::size_t vfs_in_the_end() {
    agent.machine->release();
    EXPECT_TRUE(agent.run_until([&] { return agent.now()->settled && agent.now()->plan.empty(); }));
    return agent.machine->state().functions.size() - 1;
  }
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
};

TEST_F(Midway, AnotherNumberIsWhatItComesTo) {
  agent.configure({vfs(2)});
  EXPECT_EQ(vfs_in_the_end(), 2U);
  EXPECT_EQ(agent.status(kPf).state, model::FunctionState::ok);
}

TEST_F(Midway, APolicyThatGoesTakesItsVfsWithIt) {
  agent.configure({});
  EXPECT_EQ(vfs_in_the_end(), 0U);
  EXPECT_TRUE(agent.run_until([&] { return agent.now()->owned.empty(); }));
}

TEST_F(Midway, AWishThatIsTakenBackLeavesTheFirstOne) {
  agent.configure({vfs(2)});
  agent.configure({vfs(7)});
  EXPECT_EQ(vfs_in_the_end(), 7U);
}

}  // namespace
}  // namespace nic::apply
