// [gpudirect] on the whole reconciler: asked for, kept, given back.
#include "lib/agent_on_sim.hpp"
#include "lib/gpu_hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::apply {
namespace {

using model::ComponentState;
using test::AgentOnSim;
using test::GpuHost;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint16_t kIsolating = 0x1d;
const model::PciAddress kPort = test::pci("0000:12:00.0");

class Gpudirect : public testing::Test {
 protected:
  Gpudirect() {
    machine.acs(kIsolating);
    machine.read_requests(512);
  }
  static model::Config asking(bool asked) {
    model::Config config;
    config.sources = {"test.toml"};
    if (asked) config.gpudirect = {model::AcsPolicy::off_on_gpu_paths, 4096};
    return config;
  }
  static bool settled(const AgentOnSim& agent) { return agent.idle() && agent.now()->settled; }
  static bool as_asked(const AgentOnSim& agent, const GpuHost& machine) {
    const auto now = agent.now();
    return settled(agent) && now->plan.empty() &&
           now->inventory.pcie.function(kPort)->config.acs->control == (kIsolating & ~model::kAcsRedirects) &&
           now->inventory.pcie.function(machine.nics[0])->config.express->max_read_request == 4096;
  }
  static model::Component component(const AgentOnSim& agent) {
    for (const auto& one : agent.now()->components)
      if (one.name == "gpudirect") return one;
    return {};
  }
  [[nodiscard]] bool as_found(const AgentOnSim& agent) const {
    return settled(agent) && agent.machine->state().pcie == machine.host.pcie && agent.now()->owned.empty();
  }

  test::TemporaryFolder state;
  GpuHost machine;
};

TEST_F(Gpudirect, IsShownAndNotTouchedUnlessItIsAskedFor) {
  AgentOnSim agent{machine.host, state.path()};
  agent.reconciler->configure(asking(false));
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return settled(agent); }));
  EXPECT_EQ(agent.machine->performed(), 0u);
  EXPECT_EQ(agent.now()->gpu_paths.size(), 64u);
  EXPECT_EQ(component(agent).state, ComponentState::ready);
  EXPECT_THAT(component(agent).text, HasSubstr("8 GPUs, 52 of 64 paths"));
}

TEST_F(Gpudirect, IsNotedSetKeptAndGivenBack) {
  AgentOnSim agent{machine.host, state.path()};
  agent.reconciler->configure(asking(true));
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return as_asked(agent, machine); }));
  EXPECT_TRUE(std::filesystem::exists(state.path() / "owned/0000_12_00_0.json"));
  EXPECT_EQ(agent.now()->owned.at(machine.nics[0]).found.max_read_request, 512u);
  EXPECT_EQ(component(agent).state, ComponentState::ready);
  // A reset of the card forgets it.
  agent.machine->change(
      [&](model::Inventory& now) { now.pcie.functions.at(machine.nics[0]).config.express->max_read_request = 512; });
  ASSERT_TRUE(agent.run_until([&] { return as_asked(agent, machine); }));
  agent.reconciler->configure(asking(false));
  EXPECT_TRUE(agent.run_until([&] { return as_found(agent); }));
  EXPECT_TRUE(std::filesystem::is_empty(state.path() / "owned"));
}

TEST_F(Gpudirect, IsGivenBackAfterARestart) {
  model::Inventory between;
  {
    AgentOnSim agent{machine.host, state.path()};
    agent.reconciler->configure(asking(true));
    agent.reconciler->start();
    ASSERT_TRUE(agent.run_until([&] { return as_asked(agent, machine); }));
    between = agent.machine->state();
  }
  AgentOnSim agent{between, state.path()};
  agent.reconciler->configure(asking(false));
  agent.reconciler->start();
  EXPECT_TRUE(agent.run_until([&] { return as_found(agent); }));
}

TEST_F(Gpudirect, SaysWhatFailedAndDoesTheRest) {
  AgentOnSim agent{machine.host, state.path()};
  agent.machine->fail_when([](const model::Action& action) -> std::optional<model::Error> {
    if (model::target(action) != kPort.text()) return std::nullopt;
    return model::system_error(EPERM, "set ACS: write", "config", "the kernel is locked down");
  });
  agent.reconciler->configure(asking(true));
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return component(agent).state == ComponentState::error && settled(agent); }));
  EXPECT_THAT(component(agent).text, testing::AllOf(HasSubstr("0000:12:00.0"), HasSubstr("locked down")));
  EXPECT_EQ(agent.now()->state, ComponentState::error);
  EXPECT_EQ(agent.machine->state().pcie.function(machine.nics[0])->config.express->max_read_request, 4096u);
  const auto refused = agent.reconciler->release({.device = machine.nics[0]});
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().text(), HasSubstr("[gpudirect]"));
}

TEST_F(Gpudirect, LeavesIsolationToGuestsUntilItIsForced) {
  machine.host.pcie.passthrough = {{test::pci("0000:14:00.3"), "vfio-pci", machine.at(machine.nics[0]).above}};
  AgentOnSim agent{machine.host, state.path()};
  agent.reconciler->configure(asking(true));
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return settled(agent); }));
  const auto port = test::pci("0000:12:01.0");
  const auto control = [&] { return agent.machine->state().pcie.function(port)->config.acs->control; };
  EXPECT_EQ(control(), kIsolating);
  EXPECT_THAT(component(agent).text, HasSubstr("0000:14:00.3"));
  ASSERT_TRUE(agent.reconciler->apply({.devices = {}, .force = true}).has_value());
  EXPECT_TRUE(agent.run_until([&] { return control() == (kIsolating & ~model::kAcsRedirects); }));
  EXPECT_TRUE(agent.run_until([&] { return component(agent).state == ComponentState::ready; }));
}

}  // namespace
}  // namespace nic::apply
