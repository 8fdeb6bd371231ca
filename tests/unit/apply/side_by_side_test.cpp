// A node with eight cards: all are at work at once, so that they take as long as the slowest, and one that hangs holds
// up nobody.
#include "lib/agent_on_sim.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>

namespace nic::apply {
namespace {

using model::FunctionState;
using test::AgentOnSim;
using test::pci;

constexpr unsigned kCards = 8;

model::PciAddress card(unsigned number) { return pci(fmt::format("0000:{:02x}:00.0", number + 1)); }

model::Inventory eight_cards() {
  test::Host host;
  for (unsigned number = 0; number < kCards; ++number) host.pf(card(number).text(), fmt::format("enp{}s0", number + 1));
  return host;
}

model::SriovPolicy seven_vfs_each() {
  auto all = test::policy("all", {}, 7);
  all.selectors.vendors = {0x8086};
  return all;
}

bool makes_vfs(const model::Action& action) { return std::holds_alternative<model::SetNumVfs>(action); }

unsigned in_state(const AgentOnSim& agent, FunctionState state) {
  unsigned count = 0;
  for (unsigned number = 0; number < kCards; ++number) count += agent.status(card(number)).state == state ? 1 : 0;
  return count;
}

// Nobody's first step comes back before everybody's has begun.
TEST(SideBySide, TheFirstStepsOfEightCardsAreUnderWayAtOnce) {
  AgentOnSim agent{eight_cards()};
  agent.machine->hang_when(makes_vfs);
  agent.configure({seven_vfs_each()});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.machine->performed() == kCards; }));
  EXPECT_EQ(agent.machine->state().functions.size(), kCards);
  ASSERT_TRUE(agent.run_until([&] { return in_state(agent, FunctionState::applying) == kCards; }));
  agent.machine->release();
  ASSERT_TRUE(agent.run_until([&] { return in_state(agent, FunctionState::ok) == kCards; }));
  EXPECT_EQ(agent.machine->state().functions.size(), kCards + kCards * 7);
}

TEST(SideBySide, OneThatHangsIsReportedAndTheOthersAreDone) {
  AgentOnSim agent{eight_cards(), {}, std::chrono::seconds{3}};
  const auto hung = card(3);
  agent.machine->hang_when(
      [&](const model::Action& action) { return makes_vfs(action) && model::target(action) == hung.text(); });
  agent.configure({seven_vfs_each()});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return in_state(agent, FunctionState::ok) == kCards - 1; }));
  ASSERT_TRUE(agent.run_until([&] { return agent.status(hung).state == FunctionState::stuck; }));
  EXPECT_EQ(in_state(agent, FunctionState::ok), kCards - 1);
  ASSERT_TRUE(agent.status(hung).last_error.has_value());
  EXPECT_EQ(agent.status(hung).last_error->code, model::Code::timed_out);
  EXPECT_EQ(agent.status(hung).last_error->text(),
            "create 7 VFs on 0000:04:00.0: the kernel has not answered for 3 s; the kernel log may say why");
  EXPECT_EQ(agent.now()->state, model::ComponentState::error);

  // The others take new work meanwhile; the one that hangs takes none until it comes back, and then goes on by itself.
  auto fewer = seven_vfs_each();
  fewer.num_vfs = 2;
  agent.configure({fewer});
  ASSERT_TRUE(agent.run_until(
      [&] { return agent.idle() || agent.machine->state().functions.size() == kCards + (kCards - 1) * 2; }));
  EXPECT_EQ(agent.machine->state().functions.at(hung).sriov->num_vfs, 0U);
  agent.machine->release();
  ASSERT_TRUE(agent.run_until([&] { return agent.machine->state().functions.size() == kCards + kCards * 2; }));
}

model::Inventory one_card() {
  test::Host host;
  host.pf(card(0).text(), "enp1s0");
  return host;
}

const model::BindDriver* binding(const model::Action& action) { return std::get_if<model::BindDriver>(&action); }

unsigned bound_vfs(const AgentOnSim& agent) {
  unsigned count = 0;
  for (const auto& [address, function] : agent.machine->state().functions)
    count += function.physfn && function.driver ? 1 : 0;
  return count;
}

// Nobody's binding comes back before everybody's has begun.
TEST(SideBySide, TheVfsOfACardAreBoundAtOnce) {
  AgentOnSim agent{one_card()};
  std::atomic<unsigned> under_way{0};
  agent.machine->hang_when([&](const model::Action& action) {
    under_way += binding(action) != nullptr ? 1 : 0;
    return binding(action) != nullptr;
  });
  agent.configure({seven_vfs_each()});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return under_way == 7; }));
  EXPECT_EQ(bound_vfs(agent), 0U);
  agent.machine->release();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(card(0)).state == FunctionState::ok; }));
  EXPECT_EQ(bound_vfs(agent), 7U);
}

TEST(SideBySide, AVfThatCannotBeBoundKeepsNoOtherFromIt) {
  AgentOnSim agent{one_card()};
  agent.machine->fail_when([](const model::Action& action) -> std::optional<model::Error> {
    if (binding(action) == nullptr || binding(action)->vf_index != 2) return std::nullopt;
    return model::system_error(EIO, "write", "drivers_probe");
  });
  agent.configure({seven_vfs_each()});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(card(0)).state == FunctionState::failed; }));
  EXPECT_EQ(bound_vfs(agent), 6U);
  EXPECT_THAT(agent.status(card(0)).last_error->text(), testing::HasSubstr("VF 2"));
}

TEST(SideBySide, AVfWhoseBindingHangsIsTheOneThatIsTold) {
  AgentOnSim agent{one_card(), {}, std::chrono::seconds{3}};
  agent.machine->hang_when(
      [](const model::Action& action) { return binding(action) != nullptr && binding(action)->vf_index == 4; });
  agent.configure({seven_vfs_each()});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(card(0)).state == FunctionState::stuck; }));
  EXPECT_EQ(bound_vfs(agent), 6U);
  EXPECT_THAT(agent.status(card(0)).last_error->text(), testing::HasSubstr("VF 4"));
  agent.machine->release();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(card(0)).state == FunctionState::ok; }));
  EXPECT_EQ(bound_vfs(agent), 7U);
}

}  // namespace
}  // namespace nic::apply
