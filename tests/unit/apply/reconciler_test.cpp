#include "apply/reconciler.hpp"

#include "lib/agent_on_sim.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::apply {
namespace {

using model::FunctionState;
using test::AgentOnSim;
using test::Host;
using test::pci;
using test::policy;
using testing::HasSubstr;

const model::PciAddress kPf = pci("0000:01:00.0");
const model::PciAddress kOther = pci("0000:02:00.0");

model::SriovPolicy two_and_two() {
  auto workers = policy("workers", {{"enp1s0", {}}}, 4);
  workers.groups = {test::vfio({{0, 1}})};
  return workers;
}

bool is_vfs(const model::Action& action) { return std::holds_alternative<model::SetNumVfs>(action); }

TEST(Reconciler, BringsAPfToItsPolicyAndThenDoesNothing) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0").module("vfio_pci")};
  agent.configure({two_and_two()});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::ok && agent.idle(); }));
  const auto host = agent.machine->state();
  EXPECT_EQ(host.functions.at(pci("0000:01:10.2")).driver, "vfio-pci");
  EXPECT_EQ(host.functions.at(pci("0000:01:10.4")).driver, "igbvf");
  EXPECT_EQ(agent.machine->performed(), 6u);  // the last puts the probing of new VFs back
  EXPECT_EQ(agent.now()->applied_generation, 1u);

  ASSERT_TRUE(agent.reconciler->apply({}).has_value());
  ASSERT_TRUE(agent.run_until([&] { return agent.idle(); }));
  EXPECT_EQ(agent.machine->performed(), 6u);
}

TEST(Reconciler, IsSettledWhenItHasDoneWhatItCan) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0").module("vfio_pci")};
  agent.configure({two_and_two()});
  EXPECT_FALSE(agent.now()->settled);
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  EXPECT_EQ(agent.status(kPf).state, FunctionState::ok);
  agent.configure({policy("p", {{"enp1s0", {}}}, 2)});
  EXPECT_FALSE(agent.now()->settled);
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  EXPECT_EQ(agent.machine->state().functions.size(), 3u);
}

TEST(Reconciler, IsSettledWhenTheSameThingFailedTwice) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  unsigned failures = 0;
  agent.machine->fail_when([&](const model::Action& action) -> std::optional<model::Error> {
    if (!is_vfs(action)) return {};
    ++failures;
    return model::system_error(ENOMEM, "write", "sriov_numvfs");
  });
  agent.configure({policy("p", {{"enp1s0", {}}}, 2)});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  // Once more where reading the machine takes longer than the pause.
  EXPECT_GE(failures, 2u);
  EXPECT_EQ(agent.status(kPf).state, FunctionState::failed);
}

TEST(Reconciler, TearsNothingDownThatWasTakenSinceThePlanWasMade) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  agent.configure({policy("p", {{"enp1s0", {}}}, 2)});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  agent.machine->take(pci("0000:01:10.2"), "somebody has it");
  agent.configure({policy("p", {{"enp1s0", {}}}, 3)});
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::protected_; }));
  EXPECT_EQ(agent.machine->state().functions.size(), 3u);
  EXPECT_NE(agent.status(kPf).text.find("0000:01:10.2 is in use: somebody has it"), std::string::npos)
      << agent.status(kPf).text;

  ASSERT_TRUE(agent.reconciler->apply({.devices = {kPf}, .force = true}).has_value());
  ASSERT_TRUE(agent.run_until([&] { return agent.machine->state().functions.size() == 4u; }));
}

TEST(Reconciler, BeginsNothingWhileItIsHeld) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  agent.configure({policy("p", {{"enp1s0", {}}}, 2)});
  agent.reconciler->hold(true);
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::pending; }));
  EXPECT_FALSE(agent.now()->settled);
  EXPECT_EQ(agent.machine->performed(), 0u);
  agent.reconciler->hold(false);
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  EXPECT_EQ(agent.status(kPf).state, FunctionState::ok);
}

// Behaviour 19.
TEST(Reconciler, FollowsACardThatIsPluggedAndPulled) {
  AgentOnSim agent{model::Inventory{}};
  agent.configure({policy("p", {{"enp1s0", {}}}, 2)});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->state == model::ComponentState::not_ready; }));
  const model::Inventory plugged = Host{}.pf("0000:01:00.0");
  agent.machine->change([&](model::Inventory& host) { host = plugged; });
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::ok; }));
  EXPECT_EQ(agent.now()->inventory.functions.size(), 3u);
  agent.machine->change([](model::Inventory& host) { host = {}; });
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->functions.empty(); }));
}

// Behaviour 19.
TEST(Reconciler, TakesAStormOfCardsForOneChange) {
  AgentOnSim agent{model::Inventory{}};
  agent.configure({});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  const auto before = agent.machine->observations();
  for (unsigned bus = 0; bus < 256; ++bus)
    agent.machine->change([&](model::Inventory& host) {
      const model::Inventory card = Host{}.plain(fmt::format("0000:{:02x}:00.0", bus));
      host.functions.insert(card.functions.begin(), card.functions.end());
    });
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->inventory.functions.size() == 256; }));
  EXPECT_LE(agent.machine->observations() - before, 8U);
}

// Behaviour 19.
TEST(Reconciler, LosesNoCardThatIsPluggedWhileAnotherIsConfigured) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  agent.machine->hang_when(
      [](const model::Action& action) { return is_vfs(action) && model::target(action) == kPf.text(); });
  agent.configure({policy("both", {{"enp1s0", {}}, {"enp2s0", {}}}, 2)});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::applying; }));
  agent.machine->change([](model::Inventory& host) {
    const model::Inventory both = Host{}.pf("0000:01:00.0").pf("0000:02:00.0", "enp2s0");
    host.functions.emplace(kOther, both.functions.at(kOther));
    host.net_devices = both.net_devices;
  });
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kOther).state == FunctionState::ok; }));
  agent.machine->release();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::ok; }));
}

TEST(Reconciler, RepairsWhatSomebodyElseChanges) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  agent.configure({policy("p", {{"enp1s0", {}}}, 2)});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::ok; }));
  agent.machine->change([](model::Inventory& host) { core::predict(host, model::SetNumVfs{kPf, 2, 0}); });
  ASSERT_TRUE(agent.run_until([&] { return agent.machine->state().functions.size() == 3 && agent.idle(); }));
}

TEST(Reconciler, OnlyShowsWhatSomebodyElseChangesWhereThePolicyObserves) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  auto observed = policy("p", {{"enp1s0", {}}}, 2);
  observed.on_drift = model::OnDrift::observe;
  agent.configure({observed});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  const auto performed = agent.machine->performed();
  agent.machine->change([](model::Inventory& host) { core::predict(host, model::SetNumVfs{kPf, 2, 0}); });
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::drifted; }));
  EXPECT_THAT(agent.status(kPf).text, HasSubstr("num_vfs is 0 instead of 2"));
  EXPECT_EQ(agent.now()->state, model::ComponentState::not_ready);
  EXPECT_EQ(agent.machine->performed(), performed);
  ASSERT_TRUE(agent.reconciler->apply({}).has_value());
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::ok; }));
}

TEST(Reconciler, DoesTheRestWhenOneSettingIsRefused) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  agent.machine->fail_when([](const model::Action& action) -> std::optional<model::Error> {
    const auto* told = std::get_if<model::SetVf>(&action);
    if (told == nullptr || told->vf_index != 0) return std::nullopt;
    return model::system_error(EOPNOTSUPP, "ask", "rtnetlink", "igb cannot set this");
  });
  auto wanted = policy("p", {{"enp1s0", {}}}, 2);
  wanted.options.settings.trust = true;
  agent.configure({wanted});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  EXPECT_EQ(agent.status(kPf).state, FunctionState::failed);
  EXPECT_THAT(agent.status(kPf).text, HasSubstr("igb cannot set this"));
  const auto host = agent.machine->state();
  EXPECT_EQ(host.net_device("enp1s0")->vfs.at(1).trust, true);
  EXPECT_EQ(host.functions.at(pci("0000:01:10.0")).driver, "igbvf");
}

TEST(Reconciler, ShowsAFailureAndLetsTheOtherPfsGoOn) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0").pf("0000:02:00.0", "enp2s0")};
  agent.machine->fail_when([](const model::Action& action) -> std::optional<model::Error> {
    if (!is_vfs(action) || model::target(action) != kPf.text()) return std::nullopt;
    return model::system_error(ENOMEM, "write", "sriov_numvfs", "boot with pci=realloc");
  });
  agent.configure({policy("both", {{"enp1s0", {}}, {"enp2s0", {}}}, 2)});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] {
    return agent.status(kPf).state == FunctionState::failed && agent.status(kOther).state == FunctionState::ok;
  }));
  EXPECT_THAT(agent.status(kPf).last_error->text(), HasSubstr("pci=realloc"));
  EXPECT_EQ(agent.now()->state, model::ComponentState::error);
}

TEST(Reconciler, TriesAFailedPfAgainAndRecovers) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  int failures = 3;
  agent.machine->fail_when([&](const model::Action&) -> std::optional<model::Error> {
    if (failures == 0) return std::nullopt;
    --failures;
    return model::system_error(EBUSY, "write", "sriov_numvfs");
  });
  agent.configure({policy("p", {{"enp1s0", {}}}, 2)});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::ok; }));
  EXPECT_FALSE(agent.status(kPf).last_error.has_value());
}

TEST(Reconciler, TellsWhenAStepFailedAndWhenItIsTriedAgain) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  agent.machine->fail_when([](const model::Action& action) -> std::optional<model::Error> {
    if (!is_vfs(action)) return std::nullopt;
    return model::system_error(ENOMEM, "write", "sriov_numvfs");
  });
  agent.configure({policy("p", {{"enp1s0", {}}}, 2)});
  const auto before = realtime_usec();
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).retry_usec != 0; }));
  const auto status = agent.status(kPf);
  EXPECT_GE(status.failed_usec, before);
  EXPECT_LE(status.failed_usec, realtime_usec());
  EXPECT_GE(status.retry_usec, status.failed_usec + 20'000U);  // as the test's agent waits after the first failure
  EXPECT_EQ(status.last_error->errno_value, ENOMEM);
  EXPECT_THAT(status.last_error->operation, HasSubstr("create 2 VFs on 0000:01:00.0"));
}

TEST(Reconciler, DoesNotTryAgainWhatTheDriverCannotDo) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0", "enp1s0", 7, "mlx5_core").eswitch("0000:01:00.0")};
  unsigned tries = 0;
  agent.machine->fail_when([&](const model::Action& action) -> std::optional<model::Error> {
    if (!std::holds_alternative<model::SetEswitchMode>(action)) return std::nullopt;
    ++tries;
    return model::system_error(EOPNOTSUPP, "set", "pci/0000:01:00.0", "the port is InfiniBand");
  });
  auto wanted = policy("p", {{"enp1s0", {}}}, 0);
  wanted.eswitch_mode = model::EswitchMode::switchdev;
  agent.configure({wanted});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  EXPECT_THAT(agent.status(kPf).text, HasSubstr("the port is InfiniBand"));
  EXPECT_NE(agent.reconciler->rescan(0), 0u);
  ASSERT_TRUE(agent.run_until([&] { return agent.idle(); }));
  EXPECT_EQ(tries, 1u);
  EXPECT_EQ(agent.status(kPf).state, FunctionState::failed);
  EXPECT_EQ(agent.status(kPf).retry_usec, 0u);
  ASSERT_TRUE(agent.reconciler->apply({}).has_value());
  EXPECT_TRUE(agent.run_until([&] { return tries == 2; }));
}

TEST(Reconciler, BringsAPfToSwitchdevAndBack) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0", "enp1s0", 7, "ice").eswitch("0000:01:00.0").udev("0000:01:00.0")};
  auto wanted = policy("p", {{"enp1s0", {}}}, 2);
  agent.configure({wanted});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::ok; }));
  wanted.eswitch_mode = model::EswitchMode::switchdev;
  agent.configure({wanted});
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  EXPECT_EQ(agent.status(kPf).state, FunctionState::ok);
  EXPECT_EQ(agent.machine->state().representors_of(kPf).size(), 2u);
  wanted.eswitch_mode = model::EswitchMode::legacy;
  agent.configure({wanted});
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  EXPECT_EQ(agent.machine->state().functions.at(kPf).eswitch_mode, model::EswitchMode::legacy);
  EXPECT_EQ(agent.machine->state().functions.size(), 3u);
}

TEST(Reconciler, GoesOnWithoutAPfWhoseKernelCallHangs) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0").pf("0000:02:00.0", "enp2s0")};
  agent.machine->hang_when(
      [](const model::Action& action) { return is_vfs(action) && model::target(action) == kPf.text(); });
  agent.configure({policy("both", {{"enp1s0", {}}, {"enp2s0", {}}}, 2)});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kOther).state == FunctionState::ok; }));
  EXPECT_EQ(agent.status(kPf).state, FunctionState::applying);
  const auto refused = agent.reconciler->apply({.devices = {kPf}, .force = false, .caller_uid = 0});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, model::Code::busy);
  agent.machine->release();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::ok; }));
}

TEST(Reconciler, KeepsTheLastGoodConfigurationWhenABadOneComes) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  agent.configure({policy("p", {{"enp1s0", {}}}, 2)});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::ok; }));
  agent.reconciler->reject({model::invalid("unknown key \"num_vf\"", "test.toml:3:1")});
  EXPECT_EQ(agent.now()->state, model::ComponentState::error);
  EXPECT_THAT(agent.now()->components.at(1).text, HasSubstr("test.toml:3:1"));
  EXPECT_EQ(agent.now()->config->policies.size(), 1u);
  EXPECT_EQ(agent.status(kPf).state, FunctionState::ok);
}

TEST(Reconciler, OnlyShowsThePlanWhenItMayNotApplyByItself) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  model::Config config;
  config.policies = {policy("p", {{"enp1s0", {}}}, 2)};
  config.auto_apply = false;
  agent.reconciler->configure(config);
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::pending; }));
  EXPECT_EQ(agent.machine->performed(), 0u);
  const auto job = agent.reconciler->apply({});
  ASSERT_TRUE(job.has_value());
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::ok; }));
  ASSERT_EQ(agent.finished.size(), 1u);
  EXPECT_EQ(agent.finished[0].id, *job);
  EXPECT_EQ(agent.finished[0].state, model::JobState::done);
  EXPECT_EQ(agent.finished[0].steps, 3u);
}

TEST(Reconciler, LoadsEachRequiredModuleOnItsOwn) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  agent.machine->fail_when([](const model::Action& action) -> std::optional<model::Error> {
    if (model::target(action) != "no_such") return std::nullopt;
    return model::Error{model::Code::not_found, ENOENT, "load module", "no_such", "there is no such module"};
  });
  model::Config config;
  config.modules = {{"no-such", {"t", 1, 1}}, {"ib_uverbs", {"t", 1, 9}}};
  agent.reconciler->configure(config);
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] {
    const auto modules = agent.now()->modules;
    return modules.size() == 2 && modules[0].verdict == model::Verdict::fail && !modules[0].errors.empty() &&
           modules[1].loaded();
  }));
  EXPECT_THAT(agent.now()->components.at(2).text, HasSubstr("no such module"));
}

// The step has failed, its lane is not over, and the configuration is read again just then.
TEST(Reconciler, AFailureIsShownWheneverTheConfigurationIsReadAgain) {
  for (unsigned turns = 0; turns < 8; ++turns) {
    SCOPED_TRACE(turns);
    model::Config config;
    config.sources = {"t"};
    config.modules = {{"no_such", {"t", 1, 1}}};
    AgentOnSim agent{Host{}};
    const auto post = agent.mailbox.handle();
    bool again = false, midway = false;
    std::function<void(unsigned)> later = [&](unsigned left) {
      if (left > 0) return post([&, left] { later(left - 1); });
      again = true;
      midway = agent.finished.empty();
      agent.reconciler->configure(config);
    };
    agent.machine->fail_when([&, begun = false](const auto&) mutable -> std::optional<model::Error> {
      if (!std::exchange(begun, true)) post([&] { later(turns); });
      return model::Error{model::Code::not_found, ENOENT, "load module", "no_such", "there is no such module"};
    });
    agent.reconciler->configure(config);
    agent.reconciler->start();
    ASSERT_TRUE(agent.run_until([&] { return again && !agent.finished.empty() && agent.idle(); }));
    if (midway) {
      EXPECT_FALSE(agent.now()->modules.at(0).errors.empty());
    }
    EXPECT_TRUE(agent.run_until([&] { return !agent.now()->modules.at(0).errors.empty(); }));
  }
}

TEST(Reconciler, PutsBackWhatAnInterruptedRunLeft) {
  const test::TemporaryFolder state;
  model::Inventory host = Host{}.pf("0000:01:00.0");
  host.functions.at(kPf).sriov->drivers_autoprobe = false;
  {
    model::Roots roots;
    roots.state = state.path();
    ASSERT_TRUE(Records{roots}.begin({kPf, true}).has_value());
  }
  AgentOnSim agent{host, state.path()};
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return !agent.now()->functions.empty(); }));
  EXPECT_TRUE(agent.machine->state().functions.at(kPf).sriov->drivers_autoprobe);
  EXPECT_TRUE(agent.records->interrupted().interrupted.empty());
}

TEST(Reconciler, StopsAfterTheStepThatIsUnderWay) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  agent.machine->hang_when(is_vfs);
  agent.configure({policy("p", {{"enp1s0", {}}}, 2)});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.machine->performed() == 1; }));
  bool quiet = false;
  agent.reconciler->stop([&] { quiet = true; });
  EXPECT_FALSE(quiet);
  agent.machine->release();
  ASSERT_TRUE(agent.run_until([&] { return quiet; }));
  EXPECT_EQ(agent.machine->performed(), 2u);  // the probing of new VFs is put back all the same
}

TEST(Reconciler, CancelsAJobBetweenTwoSteps) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0")};
  agent.machine->hang_when(is_vfs);
  model::Config config;
  config.policies = {policy("p", {{"enp1s0", {}}}, 2)};
  config.auto_apply = false;
  agent.reconciler->configure(config);
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::pending; }));
  const auto job = agent.reconciler->apply({});
  ASSERT_TRUE(agent.run_until([&] { return agent.machine->performed() == 1; }));
  ASSERT_TRUE(agent.reconciler->cancel(*job).has_value());
  agent.machine->release();
  ASSERT_TRUE(agent.run_until([&] { return !agent.finished.empty(); }));
  EXPECT_EQ(agent.finished[0].state, model::JobState::canceled);
  EXPECT_EQ(agent.machine->performed(), 2u);  // the probing of new VFs is put back all the same
}

}  // namespace
}  // namespace nic::apply
