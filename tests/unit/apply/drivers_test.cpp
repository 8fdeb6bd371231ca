// Drivers as an administrator meets them: on the whole reconciler.
#include "apply/ready_file.hpp"
#include "lib/agent_on_sim.hpp"
#include "lib/hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace nic::apply {
namespace {

using model::Verdict;
using test::AgentOnSim;
using test::Host;
using testing::HasSubstr;

model::Config requires_modules(std::vector<std::string> names) {
  model::Config config;
  for (auto& name : names) config.modules.push_back({std::move(name), {"t.toml", 1, 1}});
  return config;
}

const model::Job* ended(const AgentOnSim& agent, std::uint32_t id) {
  const auto job = std::ranges::find(agent.finished, id, &model::Job::id);
  return job == agent.finished.end() ? nullptr : &*job;
}

bool runs(const AgentOnSim& agent, std::string_view module) {
  return [&] {
    const auto modules = agent.machine->state().modules;
    return std::ranges::find(modules, module, &model::LoadedModule::name) != modules.end();
  }();
}

TEST(DriversOnSim, ASetIsLoadedModuleByModule) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0").inventory()};
  agent.reconciler->configure(requires_modules({"@user-access"}));
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  EXPECT_TRUE(runs(agent, "ib_uverbs") && runs(agent, "ib_umad") && runs(agent, "rdma_ucm"));
  EXPECT_TRUE(agent.run_until([&] { return agent.now()->drivers.verdict == Verdict::pass; }));
}

// A card whose driver is not loaded; loading it binds nothing by itself on the simulated machine.
model::Inventory unbound_card() {
  auto host = Host{}.pf("0000:3b:00.0", "ens1", 7, "mlx5_core").inventory();
  host.net_devices.clear();
  auto& card = host.functions.at(test::pci("0000:3b:00.0"));
  card.vendor = 0x15b3;
  card.driver.reset();
  return host;
}

TEST(DriversOnSim, AreWaitedForUntilTheyDriveTheirCards) {
  AgentOnSim agent{unbound_card(), {}, std::chrono::hours{1}, std::chrono::hours{1}, std::chrono::hours{1}};
  agent.reconciler->configure(requires_modules({"mlx5_core"}));
  agent.reconciler->start();
  const auto waits = [&] {
    return std::ranges::any_of(agent.now()->drivers.findings,
                               [](const auto& finding) { return finding.text.contains("that is waited for"); });
  };
  ASSERT_TRUE(agent.run_until(waits));
  ASSERT_TRUE(agent.run_until([&] { return agent.idle(); }));
  EXPECT_FALSE(agent.now()->settled);
  EXPECT_EQ(agent.now()->drivers.verdict, Verdict::unknown);
  agent.machine->change([](model::Inventory& host) {
    host.functions.at(test::pci("0000:3b:00.0")).driver = "mlx5_core";
    host.net_devices = Host{}.pf("0000:3b:00.0", "ens1").inventory().net_devices;
  });
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  EXPECT_TRUE(agent.run_until([&] { return agent.now()->drivers.verdict == Verdict::pass; }));
}

TEST(DriversOnSim, ThatNeverDriveTheirCardsAreToldWhenTheDeadlinePasses) {
  AgentOnSim agent{unbound_card()};
  agent.reconciler->configure(requires_modules({"mlx5_core"}));
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  EXPECT_EQ(agent.now()->drivers.verdict, Verdict::fail);
}

// Behaviour 19: a plugged card is verified by itself, and what was said of it goes with it.
TEST(DriversOnSim, APluggedCardIsVerifiedUntilItIsPulled) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0").module("mlx5_core").inventory()};
  agent.reconciler->configure(requires_modules({"mlx5_core"}));
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled && agent.now()->drivers.verdict == Verdict::pass; }));
  const auto card = test::pci("0000:3b:00.0");
  agent.machine->change([&](model::Inventory& host) { host.functions[card] = unbound_card().functions.at(card); });
  EXPECT_TRUE(agent.run_until([&] {
    return std::ranges::any_of(agent.now()->drivers.findings, [](const auto& finding) {
      return finding.text.contains("No driver is bound to 0000:3b:00.0");
    });
  }));
  EXPECT_EQ(agent.now()->drivers.verdict, Verdict::fail);
  agent.machine->change([&](model::Inventory& host) { host.functions.erase(card); });
  EXPECT_TRUE(agent.run_until([&] { return agent.now()->drivers.verdict == Verdict::pass; }));
}

TEST(DriversOnSim, VerifyPassesWhereAllIsRight) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0").inventory()};
  agent.reconciler->configure(requires_modules({"ib_uverbs"}));
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  const auto job = agent.reconciler->verify(0);
  ASSERT_TRUE(agent.run_until([&] { return ended(agent, job) != nullptr; }));
  EXPECT_EQ(ended(agent, job)->error, std::nullopt);
  EXPECT_EQ(agent.now()->drivers.verdict, Verdict::pass);
}

TEST(DriversOnSim, VerifyFailsWithAnRdmaDeviceThatDoesNotAnswer) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0").inventory()};
  agent.reconciler->configure(requires_modules({"ib_uverbs"}));
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; }));
  agent.machine->dead_rdma_devices["rxe0"] = {model::Code::internal, EIO, "query the RDMA device", "rxe0", ""};
  const auto job = agent.reconciler->verify(0);
  ASSERT_TRUE(agent.run_until([&] { return ended(agent, job) != nullptr; }));
  ASSERT_TRUE(ended(agent, job)->error.has_value());
  EXPECT_THAT(ended(agent, job)->error->advice, HasSubstr("rxe0 does not answer through libibverbs"));
  EXPECT_EQ(agent.now()->drivers.verdict, Verdict::fail);
}

TEST(DriversOnSim, AnRdmaDeviceThatHangsIsToldAndAskedOnceUntilItComesBack) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0").inventory(),
                   {},
                   std::chrono::hours{1},
                   std::chrono::milliseconds{1}};
  agent.machine->hang_rdma_device("rxe0");
  agent.reconciler->configure(requires_modules({"ib_uverbs"}));
  agent.reconciler->start();
  const auto told = [&] {
    return std::ranges::any_of(agent.now()->drivers.findings, [](const auto& finding) {
      return finding.text.find("has not answered in time") != std::string::npos;
    });
  };
  ASSERT_TRUE(agent.run_until([&] { return told() && agent.now()->settled; }));
  const auto job = agent.reconciler->verify(0);
  ASSERT_TRUE(agent.run_until([&] { return ended(agent, job) != nullptr; }));
  EXPECT_THAT(ended(agent, job)->error.value_or(model::Error{}).advice, HasSubstr("has not answered in time"));
  agent.machine->hang_rdma_device("");
  EXPECT_TRUE(agent.run_until([&] { return agent.now()->drivers.verdict == Verdict::pass; }));
  EXPECT_EQ(agent.machine->rdma_questions(), 1u);
}

TEST(DriversOnSim, VerifyWaitsForWhatTheNextBootWouldBring) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0").inventory()};
  agent.machine->slow_look_ahead(true);
  agent.reconciler->configure(requires_modules({"ib_uverbs"}));
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->settled; })) << "loading modules does not wait for it";
  EXPECT_EQ(agent.now()->drivers.verdict, Verdict::unknown) << "nor is anything right before it";
  const auto job = agent.reconciler->verify(0);
  ASSERT_TRUE(agent.run_until([&] { return !agent.now()->jobs.empty(); }));
  EXPECT_EQ(ended(agent, job), nullptr);
  agent.machine->next_boot = {{Verdict::warn, "The initramfs carries another build of mlx5_core."}};
  agent.machine->slow_look_ahead(false);
  ASSERT_TRUE(agent.run_until([&] { return ended(agent, job) != nullptr; }));
  EXPECT_EQ(agent.now()->drivers.verdict, Verdict::warn);
  EXPECT_THAT(agent.now()->drivers.findings, Contains(testing::Field(&model::Finding::text, HasSubstr("initramfs"))));
}

TEST(DriversOnSim, ThePeerMemoryModuleIsLoadedWhereTheMachineWantsIt) {
  AgentOnSim agent{Host{}.pf("0000:01:00.0").inventory()};
  auto& facts = agent.machine->peer_memory;
  facts.gpu = facts.ib_core_registers = true;
  facts.nvidia_version = "570.86.15";
  facts.nvidia_peermem.there = true;
  model::Config config;
  config.peer_memory = model::PeerMemoryWish::automatic;
  agent.reconciler->configure(config);
  agent.reconciler->start();
  EXPECT_TRUE(agent.run_until([&] { return runs(agent, "nvidia_peermem"); }));
}

TEST(ReadyFile, IsThereAsLongAsTheDriversAreRight) {
  const test::TemporaryFolder folder;
  ReadyFile file{model::Roots::below(folder.path())};
  const auto path = folder.path() / "run/mellanox/drivers/.driver-ready";
  EXPECT_TRUE(file.keep("/run/mellanox/drivers/.driver-ready", false).has_value());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(file.keep("/run/mellanox/drivers/.driver-ready", true).has_value());
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_TRUE(file.keep("/run/mellanox/drivers/.driver-ready", false).has_value());
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ReadyFile, GoesWhereItIsNotAskedForAnyMore) {
  const test::TemporaryFolder folder;
  ReadyFile file{model::Roots::below(folder.path())};
  ASSERT_TRUE(file.keep("/run/one", true).has_value());
  ASSERT_TRUE(file.keep("/run/two", true).has_value());
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "run/one"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "run/two"));
  ASSERT_TRUE(file.keep("", true).has_value());
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "run/two"));
}

TEST(ReadyFile, OfAnEarlierRunGoesWhereTheDriversAreNotRight) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "run");
  std::ofstream{folder.path() / "run/one"} << '\n';
  ReadyFile file{model::Roots::below(folder.path())};
  ASSERT_TRUE(file.keep("/run/one", false).has_value());
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "run/one"));
}

}  // namespace
}  // namespace nic::apply
