// Drivers loaded anew on the simulated machine: everything that went with them is there again, also when the agent dies
// at any step of it.
#include "apply/reload_text.hpp"
#include "lib/agent_on_sim.hpp"
#include "lib/policies.hpp"
#include "lib/worn_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace nic::apply {
namespace {

using model::Inventory;
using model::JobState;
using test::AgentOnSim;
using test::pci;
using test::picture;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const model::PciAddress kPf = test::kWornPf;

class Reload : public testing::Test {
 protected:
  void SetUp() override { test::reserve_second_vf(*agent.machine); }
  void start(AgentOnSim& one) {
    test::add_facts(*one.machine);
    one.reconciler->start();
    one.configure({});
    ASSERT_TRUE(one.run_until([&] { return one.now()->settled || one.now()->reloading; }));
  }
  std::expected<std::uint32_t, model::Error> ask(std::vector<std::string> names, bool force = false) {
    std::optional<std::expected<std::uint32_t, model::Error>> answer;
    agent.reconciler->reload_drivers({std::move(names), force, 7}, [&](const auto& said) { answer = said; });
    EXPECT_TRUE(agent.run_until([&] { return answer.has_value(); }));
    return answer.value_or(std::unexpected(model::Error{}));
  }
  [[nodiscard]] std::filesystem::path record() const { return state.path() / "reload.json"; }

  test::TemporaryFolder state;
  AgentOnSim agent{test::worn_host(), state.path()};
};

TEST_F(Reload, PutsBackAllThatWentWithTheDriver) {
  start(agent);
  const auto before = picture(*agent.machine);
  const auto job = ask({"igb"});
  ASSERT_TRUE(job) << job.error().text();
  ASSERT_TRUE(agent.run_until([&] { return !agent.finished.empty() && agent.idle(); }));
  EXPECT_EQ(picture(*agent.machine), before);
  const auto given = agent.machine->given_back();
  EXPECT_THAT(given.at("enp1s0").addresses, ElementsAre("an address of enp1s0"));
  EXPECT_EQ(given.at("enp1s0").routes.size(), 1U);
  EXPECT_EQ(given.at("enp1s0.100").link_info, "vlan 100");
  EXPECT_THAT(given.at("storage0").addresses, ElementsAre("an address of the VF"));
  EXPECT_EQ(agent.finished.back().kind, "reload-drivers");
  EXPECT_EQ(agent.finished.back().caller_uid, 7U);
  ASSERT_TRUE(agent.run_until([&] { return !std::filesystem::exists(record()); }));
  // Nothing of it is taken for the agent's own.
  EXPECT_THAT(agent.now()->owned, IsEmpty());
}

TEST_F(Reload, OfSoftRoceMakesItsDevicesAgain) {
  start(agent);
  const auto before = picture(*agent.machine);
  ASSERT_TRUE(ask({"rdma-rxe"}));
  ASSERT_TRUE(agent.run_until([&] { return !agent.finished.empty() && agent.idle(); }));
  EXPECT_EQ(picture(*agent.machine), before);
}

TEST_F(Reload, IsNotedAndShownBeforeTheFirstModuleGoes) {
  start(agent);
  agent.machine->hang_when([](const auto& action) { return std::holds_alternative<model::UnloadModule>(action); });
  const auto begun = agent.machine->performed();
  ASSERT_TRUE(ask({"igb"}));
  ASSERT_TRUE(agent.run_until([&] { return agent.machine->performed() > begun; }));
  EXPECT_TRUE(std::filesystem::exists(record()));
  EXPECT_TRUE(agent.now()->reloading);
  // Nothing else is begun meanwhile.
  EXPECT_EQ(ask({"igb"}).error().code, model::Code::busy);
  EXPECT_EQ(agent.reconciler->load_modules({"ice"}, 0).error().code, model::Code::busy);
  EXPECT_EQ(agent.reconciler->apply({{kPf}, false, 0}).error().code, model::Code::busy);
}

TEST_F(Reload, IsRefusedWithAllThatStandsInTheWay) {
  start(agent);
  agent.machine->facts_of_reload.mounts = {{"/", "nfs4", {}, false}};
  agent.machine->facts_of_reload.rdma_users = {{4711, "perftest", {"/dev/infiniband/uverbs0"}}};
  agent.machine->change([](Inventory& host) {
    host.rdma_devices.front().nodes = {{model::RdmaNode::uverbs, "/dev/infiniband/uverbs0", 231, 192, {}}};
  });
  ASSERT_TRUE(agent.run_until([&] { return !agent.now()->inventory.rdma_devices.front().nodes.empty(); }));
  const auto refused = ask({"igb"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, model::Code::protected_);
  EXPECT_THAT(refused.error().advice, testing::AllOf(HasSubstr("4711"), HasSubstr("mounted over the network")));
  EXPECT_THAT(refused.error().advice, testing::Not(HasSubstr("--force")));
  EXPECT_EQ(ask({"igb"}, true).error().code, model::Code::protected_);
  agent.machine->facts_of_reload.mounts.clear();
  EXPECT_THAT(ask({"igb"}).error().advice, HasSubstr("nicctl reload-drivers --force"));
  EXPECT_FALSE(std::filesystem::exists(record()));
  EXPECT_TRUE(ask({"igb"}, true));
}

TEST_F(Reload, LoadsAgainWhereUnloadingStopsMidway) {
  start(agent);
  agent.machine->change([](Inventory& host) {
    for (auto& module : host.modules)
      if (module.name == "igb") module.holders = {"rdma_rxe"};
    for (auto& module : host.modules)
      if (module.name == "igb") module.references = 1;
  });
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->inventory.modules.front().references == 1; }));
  const auto before = picture(*agent.machine);
  agent.machine->fail_when([](const model::Action& action) -> std::optional<model::Error> {
    const auto* unload = std::get_if<model::UnloadModule>(&action);
    if (unload == nullptr || unload->name != "igb") return std::nullopt;
    return model::system_error(EAGAIN, "unload the module", "igb");
  });
  ASSERT_TRUE(ask({"igb"}));
  ASSERT_TRUE(agent.run_until([&] { return !agent.finished.empty() && agent.idle(); }));
  EXPECT_EQ(agent.finished.back().state, JobState::failed);
  EXPECT_EQ(agent.finished.back().error->errno_value, EAGAIN);
  EXPECT_EQ(picture(*agent.machine), before);
}

// What the attempt itself changes is an event too: it may not make the next attempt.
TEST_F(Reload, TriesWhatCannotBePutBackAgainOnlyAfterAWhile) {
  start(agent);
  std::vector<std::chrono::steady_clock::time_point> tries;
  agent.machine->fail_when([&](const model::Action& action) -> std::optional<model::Error> {
    const auto* back = std::get_if<model::RestoreInterface>(&action);
    if (back == nullptr || back->saved.name != "storage0" || tries.size() == 3) return std::nullopt;
    tries.push_back(std::chrono::steady_clock::now());
    return model::system_error(EBUSY, "set the MTU of", "storage0");
  });
  ASSERT_TRUE(ask({"igb"}));
  ASSERT_TRUE(agent.run_until([&] { return !agent.finished.empty() && agent.idle(); }));
  EXPECT_EQ(agent.finished.back().state, JobState::done);
  ASSERT_EQ(tries.size(), 3U);
  // The second comes at once: the rest was done, and what is left is another plan.
  EXPECT_GE(tries[2] - tries[1], std::chrono::milliseconds{20});
}

// Of what it reads before, the kernel answers a part only when nobody holds the lock of a function.
TEST_F(Reload, SaysThatAKernelCallHasNotComeBack) {
  test::TemporaryFolder other;
  AgentOnSim patient{test::worn_host(),
                     other.path(),
                     std::chrono::hours{1},
                     std::chrono::hours{1},
                     std::chrono::milliseconds{1},
                     std::chrono::milliseconds{100}};
  start(patient);
  patient.machine->hang_reload_facts();
  const auto plan = [&] {
    std::optional<std::expected<model::ReloadPlan, model::Error>> answer;
    patient.reconciler->plan_reload({"igb"}, [&](const auto& said) { answer = said; });
    EXPECT_TRUE(patient.run_until([&] { return answer.has_value(); }));
    return answer.value_or(std::unexpected(model::Error{}));
  };
  for (const auto& refused : {plan(), plan()}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, model::Code::stuck);
  }
  // As soon as it has come back, it is asked again.
  patient.machine->release();
  std::optional<std::expected<model::ReloadPlan, model::Error>> late;
  ASSERT_TRUE(patient.run_until([&] {
    if (late && *late) return true;
    late.reset();
    patient.reconciler->plan_reload({"igb"}, [&](const auto& said) { late = said; });
    return patient.run_until([&] { return late.has_value(); }) && late->has_value();
  }));
}

// What is on disk at each moment is enough for the next start.
TEST_F(Reload, IsGoneOnWithAfterADeathAtEveryStep) {
  start(agent);
  const auto before = picture(*agent.machine);
  std::vector<test::Death> deaths;
  test::note_deaths(*agent.machine, state.path(), deaths);
  ASSERT_TRUE(ask({"igb"}));
  ASSERT_TRUE(agent.run_until([&] { return !agent.finished.empty() && agent.idle(); }));
  agent.machine->before_step({});
  ASSERT_GE(deaths.size(), 8U);
  for (std::size_t at = 0; at < deaths.size(); ++at) {
    SCOPED_TRACE(at);
    ASSERT_TRUE(deaths[at].files.contains("reload.json"));
    test::TemporaryFolder other;
    test::put_files(deaths[at].files, other.path());
    AgentOnSim next{deaths[at].machine, other.path()};
    deaths[at].put_into(*next.machine);
    start(next);
    ASSERT_TRUE(next.run_until(
        [&] { return next.idle() && next.now()->settled && !std::filesystem::exists(other.path() / "reload.json"); }));
    EXPECT_EQ(picture(*next.machine), before);
  }
}

TEST(ReloadText, SaysWhatItRead) {
  ReloadNote note;
  note.boot = "1111";
  note.record.load = {"igb"};
  model::SavedPf pf{.pf = kPf, .num_vfs = 2, .drivers_autoprobe = false, .eswitch_mode = model::EswitchMode::switchdev};
  pf.vfs[pci("0000:01:10.0")] = {.life = 3, .index = 0, .driver = "vfio-pci"};
  pf.overrides[0] = "vfio-pci";
  pf.vdpa[1] = "vhost_vdpa";
  note.record.pfs = {pf};
  model::SavedInterface net{
      .name = "enp1s0", .function = kPf, .master = "bond0", .address = "52:54:00:00:00:01", .mtu = 9000, .up = true};
  net.messages.addresses = {std::string{"\0\xff\x7f", 3}};
  net.messages.routes = {{"route", {{2, "enp1s0"}}}};
  note.record.interfaces = {net, {.name = "enp1s0.7", .lower = "enp1s0"}};
  note.record.rdma_devices = {{.name = "mlx5_0", .function = kPf, .position = 1},
                              {.name = "rxe0", .kind = "rxe", .interface = "enp1s0"}};
  EXPECT_EQ(parse_reload(to_text(note)), note);
}

TEST(ReloadText, IsDamagedWhereAValueIsNoneOfItsKind) {
  for (const char* text :
       {"", "{", "[]", R"({"version":2,"boot":""})", R"({"version":1})", R"({"version":1,"boot":"","load":[1]})",
        R"({"version":1,"boot":"","interfaces":[{"name":"a","addresses":["0g"]}]})",
        R"({"version":1,"boot":"","interfaces":[{"name":""}]})", R"({"version":1,"boot":"","pfs":[{"num_vfs":1}]})"})
    EXPECT_EQ(parse_reload(text), std::nullopt) << text;
}

class ReloadRecordTest : public testing::Test {
 protected:
  ReloadRecordTest() { boots("1111"); }
  void boots(const std::string& id) const {
    std::filesystem::create_directories(roots.proc / "sys/kernel/random");
    std::ofstream{roots.proc / "sys/kernel/random/boot_id"} << id << "\n";
  }
  test::TemporaryFolder folder;
  model::Roots roots = model::Roots::below(folder.path());
  ReloadRecordFile file{roots};
};

TEST_F(ReloadRecordTest, IsWorthWhatItsBootIsWorth) {
  const model::ReloadRecord record{.load = {"igb"}, .pfs = {}, .interfaces = {}, .rdma_devices = {}};
  EXPECT_FALSE(file.read().interrupted);
  ASSERT_TRUE(file.note(record));
  EXPECT_EQ(file.read().interrupted, record);
  boots("2222");
  EXPECT_FALSE(file.read().interrupted);
  EXPECT_FALSE(std::filesystem::exists(roots.state / "reload.json"));
}

TEST_F(ReloadRecordTest, KeepsADamagedOneAside) {
  std::filesystem::create_directories(roots.state);
  std::ofstream{roots.state / "reload.json"} << "{";
  EXPECT_TRUE(file.read().set_aside);
  EXPECT_TRUE(std::filesystem::exists(roots.state / "reload.json.corrupt"));
}

}  // namespace
}  // namespace nic::apply
