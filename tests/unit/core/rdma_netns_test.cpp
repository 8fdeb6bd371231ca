#include "core/rdma_netns.hpp"

#include "core/judge.hpp"
#include "core/plan.hpp"
#include "core/predict.hpp"
#include "core/resolve.hpp"
#include "lib/plans.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace nic::core {
namespace {

using model::Inventory;
using model::OwnedRdmaNetns;
using model::RdmaNetnsMode;
using model::SetRdmaNetns;
using test::lines;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

constexpr auto kShared = RdmaNetnsMode::shared;
constexpr auto kExclusive = RdmaNetnsMode::exclusive;
const model::Error kBusy = model::system_error(EBUSY, "set the RDMA network-namespace mode to exclusive", "");

Inventory machine(std::optional<RdmaNetnsMode> mode, std::optional<RdmaNetnsMode> option = {}) {
  Inventory inventory;
  inventory.rdma_subsystem = mode.has_value();
  inventory.rdma_netns_mode = mode;
  if (option) inventory.rdma_netns_option = model::ib_core_option(*option);
  return inventory;
}

// What a configuration that asks for this mode, or for none, asks of the machine.
model::Desired wants(std::optional<RdmaNetnsMode> mode, const OwnedRdmaNetns& owned = {}) {
  model::Config config;
  config.rdma_netns_mode = mode;
  config.sources = {"test.toml"};
  return resolve(config, {}, {}, owned);
}

std::vector<model::Action> actions(const model::Plan& plan) {
  std::vector<model::Action> all;
  for (const auto& step : plan.rdma) all.push_back(step.action);
  return all;
}

TEST(RdmaNetns, DoesNothingWhenTheLiveValueIsRight) {
  EXPECT_TRUE(plan(wants(kExclusive), machine(kExclusive), {}).empty());
  EXPECT_TRUE(plan(wants(kExclusive), machine(kExclusive, kExclusive), {}).empty());
  EXPECT_TRUE(plan(wants({}), machine(kExclusive), {}).empty());
  EXPECT_TRUE(plan(wants(kShared), machine({}), {}).empty());  // ib_core is not loaded
}

TEST(RdmaNetns, IsAStepOfThePlanThatSaysWhy) {
  const auto made = plan(wants(kExclusive), machine(kShared), {});
  EXPECT_FALSE(made.empty());
  ASSERT_THAT(actions(made), ElementsAre(model::Action{SetRdmaNetns{kShared, kExclusive, kExclusive}}));
  EXPECT_THAT(lines(made), ElementsAre("set the RDMA network-namespace mode from shared to exclusive"));
  EXPECT_EQ(made.rdma.front().why, "[rdma] netns_mode asks for exclusive");
  EXPECT_EQ(model::target(made.rdma.front().action), "rdma");
}

TEST(RdmaNetns, LeavesNothingToDoBehindItself) {
  for (const auto wanted : {kShared, kExclusive})
    for (const auto now : {kShared, kExclusive})
      for (const auto option : {std::optional<RdmaNetnsMode>{}, std::optional{kShared}, std::optional{kExclusive}})
        for (const auto& desired : {wants(wanted), wants({}, {.found = wanted})}) {
          auto inventory = machine(now, option);
          for (const auto& action : actions(plan(desired, inventory, {}, {.again = true}))) predict(inventory, action);
          EXPECT_TRUE(plan(desired, inventory, {}).empty()) << word(wanted) << " over " << word(now);
        }
}

TEST(RdmaNetns, AsksForTheRebootOnceWhenTheOptionStands) {
  const auto desired = wants(kExclusive);
  const auto waiting = machine(kShared, kExclusive);
  EXPECT_TRUE(plan(desired, waiting, {}).empty());
  const auto verdict = judge_rdma(desired, waiting, {});
  EXPECT_THAT(verdict.reboot, Optional(HasSubstr("is shared and becomes exclusive when the machine starts")));
  EXPECT_FALSE(verdict.problem);
  EXPECT_EQ(judge_rdma(desired, machine(kExclusive, kExclusive), {}), RdmaVerdict{});
}

TEST(RdmaNetns, TriesAgainWhatWaitsForARebootWhenAskedTo) {
  EXPECT_THAT(actions(plan(wants(kExclusive), machine(kShared, kExclusive), {}, {.again = true})),
              ElementsAre(model::Action{SetRdmaNetns{kShared, kExclusive, kExclusive}}));
}

TEST(RdmaNetns, IsAFailureWithWhatIsAndWhatShouldBeWhenTheRebootDidNotHelp) {
  const auto desired = wants(kExclusive, {.found = kShared, .option = kExclusive, .rebooted = true});
  const auto inventory = machine(kShared, kExclusive);
  EXPECT_FALSE(plan(desired, inventory, {}).empty());  // perhaps it can be changed now
  const auto verdict = judge_rdma(desired, inventory, kBusy);
  ASSERT_TRUE(verdict.problem);
  EXPECT_FALSE(verdict.reboot);
  EXPECT_THAT(verdict.problem->text(), HasSubstr("it is shared instead of exclusive"));
  EXPECT_THAT(verdict.problem->text(), HasSubstr("initramfs"));
}

TEST(RdmaNetns, TakesAnotherModesOptionAway) {
  // Nobody asks any more, and no record tells what was there before.
  EXPECT_THAT(lines(plan(wants({}), machine(kExclusive, kExclusive), {})),
              ElementsAre("remove the agent's option of ib_core"));
  EXPECT_THAT(lines(plan(wants({}), machine({}, kExclusive), {})), ElementsAre("remove the agent's option of ib_core"));
  // The other mode is asked for before the machine has started anew.
  EXPECT_THAT(lines(plan(wants(kShared), machine(kShared, kExclusive), {})),
              ElementsAre("remove the agent's option of ib_core"));
  EXPECT_THAT(actions(plan(wants(kShared), machine({}, kExclusive), {})),
              ElementsAre(model::Action{SetRdmaNetns{{}, kShared, kShared}}));
}

TEST(RdmaNetns, IsGivenBackAsItWasFound) {
  const auto desired = wants({}, {.found = kShared, .option = kExclusive});
  EXPECT_THAT(actions(plan(desired, machine(kExclusive, kExclusive), {})),
              ElementsAre(model::Action{SetRdmaNetns{kExclusive, kShared, {}}}));
  EXPECT_THAT(actions(plan(desired, machine(kExclusive), {})),
              ElementsAre(model::Action{SetRdmaNetns{kExclusive, kShared, {}}}));
  EXPECT_TRUE(plan(desired, machine(kShared), {}).empty());
}

TEST(RdmaNetns, SaysThatGivingBackWaitsForTheNextStart) {
  const auto desired = wants({}, {.found = kShared});
  const auto verdict = judge_rdma(desired, machine(kExclusive), kBusy);
  EXPECT_THAT(verdict.reboot, Optional(HasSubstr("is exclusive and becomes shared")));
  EXPECT_FALSE(verdict.problem);
}

TEST(RdmaNetns, KeepsEverythingWhileThereIsNoConfiguration) {
  const auto desired = resolve(model::Config{}, {}, {}, {.found = kShared, .option = kExclusive});
  EXPECT_FALSE(desired.rdma_netns.has_value());
  EXPECT_TRUE(plan(desired, machine(kExclusive, kExclusive), {}).empty());
  EXPECT_FALSE(over({.found = kShared}, desired, machine(kShared)));
}

TEST(RdmaNetns, NotesTheOlderTruth) {
  const auto first = noted({}, SetRdmaNetns{kShared, kExclusive, kExclusive});
  EXPECT_EQ(first, (OwnedRdmaNetns{.found = kShared, .option = kExclusive}));
  const auto back = noted(first, SetRdmaNetns{kExclusive, kShared, {}});
  EXPECT_EQ(back, first);
  EXPECT_EQ(noted({}, model::LoadModule{"ib_core"}), OwnedRdmaNetns{});
  // An option for another mode is a new one: the last start says nothing about it.
  EXPECT_FALSE(noted({kShared, kExclusive, true}, SetRdmaNetns{kExclusive, kShared, kShared}).rebooted);
  EXPECT_TRUE(noted({kShared, kExclusive, true}, SetRdmaNetns{kShared, kExclusive, kExclusive}).rebooted);
}

TEST(RdmaNetns, RecordsAreOverWhenEverythingIsAsItWasFound) {
  const OwnedRdmaNetns owned{.found = kShared, .option = kExclusive};
  const auto desired = wants({}, owned);
  EXPECT_TRUE(over(owned, desired, machine(kShared)));
  EXPECT_TRUE(over(owned, desired, machine({})));
  EXPECT_FALSE(over(owned, desired, machine(kExclusive)));
  EXPECT_FALSE(over(owned, desired, machine(kShared, kExclusive)));
  EXPECT_FALSE(over(owned, wants(kExclusive, owned), machine(kShared)));
  EXPECT_FALSE(over({}, wants({}), machine(kShared)));  // there is none
}

TEST(RdmaNetns, IsAComponentOfTheNode) {
  const auto component = [](const model::Desired& desired, const Inventory& inventory,
                            const std::optional<model::Error>& failure = {}) {
    model::Snapshot snapshot;
    snapshot.desired = desired;
    snapshot.inventory = inventory;
    const auto verdict = judge_rdma(desired, inventory, failure);
    snapshot.rdma_problem = verdict.problem;
    if (verdict.reboot) snapshot.reboot_reasons = {*verdict.reboot};
    for (auto& one : judge_components(snapshot, Circumstances{}))
      if (one.name == "rdma") return one;
    return model::Component{};
  };
  using model::ComponentState;
  EXPECT_EQ(component(wants({}), machine(kShared)).state, ComponentState::ignore);
  EXPECT_EQ(component(wants(kShared), machine({})).state, ComponentState::ignore);
  EXPECT_EQ(component(wants(kShared), machine(kShared)).state, ComponentState::ready);
  EXPECT_EQ(component(wants(kExclusive), machine(kShared)).state, ComponentState::not_ready);
  const auto waiting = component(wants(kExclusive), machine(kShared, kExclusive));
  EXPECT_EQ(waiting.state, ComponentState::not_ready);
  EXPECT_THAT(waiting.text, HasSubstr("the machine has to start anew"));
  EXPECT_EQ(component(wants(kExclusive), machine(kShared), model::system_error(EPERM, "set", "rdma")).state,
            ComponentState::error);
  Inventory old = machine({});
  old.rdma_subsystem = true;
  EXPECT_THAT(component(wants(kExclusive), old).text, HasSubstr("Linux 5.1"));
}

}  // namespace
}  // namespace nic::core
