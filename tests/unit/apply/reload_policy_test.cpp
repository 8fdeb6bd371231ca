// [kernel_modules] reload on the simulated machine: a driver of which another build is on disk is loaded anew by the
// agent itself where nothing stands in the way, once.
#include "apply/reload_record.hpp"
#include "apply/reload_text.hpp"
#include "lib/agent_on_sim.hpp"
#include "lib/worn_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace nic::apply {
namespace {

using model::Inventory;
using model::JobState;
using test::AgentOnSim;
using test::picture;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kOld = "0a";
constexpr const char* kNew = "0b";

// igb runs in the old build.
Inventory outdated_host() {
  auto host = test::worn_host();
  for (auto& module : host.modules) module.build_id = kOld;
  return host;
}

class ReloadPolicy : public testing::Test {
 protected:
  static model::Config asks(model::ReloadPolicy policy) {
    model::Config config;
    config.drivers.reload = policy;
    return config;
  }
  // The new build is on disk.
  static void prepare(AgentOnSim& one) {
    test::add_facts(*one.machine);
    one.machine->builds_on_disk = {{"igb", kNew}, {"rdma_rxe", kOld}};
  }
  void start(AgentOnSim& one, model::ReloadPolicy policy = model::ReloadPolicy::when_safe) {
    count_unloads(one);
    one.reconciler->configure(asks(policy));
    one.reconciler->start();
  }
  void count_unloads(AgentOnSim& one, int fails_with = 0) {
    one.machine->fail_when([this, fails_with](const model::Action& action) -> std::optional<model::Error> {
      if (!std::holds_alternative<model::UnloadModule>(action)) return std::nullopt;
      ++unloads_;
      if (fails_with == 0) return std::nullopt;
      return model::system_error(fails_with, "unload the module", "igb");
    });
  }
  static std::string build(const AgentOnSim& one, std::string_view name) {
    const auto modules = one.machine->state().modules;
    const auto module = std::ranges::find(modules, name, &model::LoadedModule::name);
    return module == modules.end() ? "" : module->build_id;
  }
  // All that is shown of why igb is not loaded anew.
  static std::string told(const AgentOnSim& one) {
    const auto now = one.now();
    std::string all;
    if (const auto* report = model::report_of(now->modules, "igb"))
      for (const auto& finding : report->findings) all += finding.text + "\n";
    return all;
  }
  static std::string component(const AgentOnSim& one) {
    for (const auto& component : one.now()->components)
      if (component.name == "drivers") return component.text;
    return "";
  }
  // Everything was looked at anew, and what was to be done about it is done.
  static bool look_again(AgentOnSim& one) {
    const auto job = one.reconciler->verify(0);
    return one.run_until(
        [&] { return std::ranges::find(one.finished, job, &model::Job::id) != one.finished.end() && one.idle(); });
  }
  [[nodiscard]] std::filesystem::path tried() const { return state_.path() / "reloads-tried.json"; }
  [[nodiscard]] std::filesystem::path record() const { return state_.path() / "reload.json"; }

  std::atomic<unsigned> unloads_{0};
  test::TemporaryFolder state_;
  AgentOnSim agent_{outdated_host(), state_.path()};
};

TEST_F(ReloadPolicy, LoadsWhatIsOnDiskAndPutsEverythingBack) {
  prepare(agent_);
  const auto before = picture(*agent_.machine);
  start(agent_);
  ASSERT_TRUE(agent_.run_until([&] { return agent_.now()->settled && !agent_.finished.empty() && agent_.idle(); }));
  EXPECT_EQ(build(agent_, "igb"), kNew);
  EXPECT_EQ(build(agent_, "rdma_rxe"), kOld) << "what runs as it is on disk is left alone";
  EXPECT_EQ(picture(*agent_.machine), before);
  EXPECT_EQ(agent_.finished.front().kind, "reload-drivers");
  EXPECT_EQ(agent_.finished.front().state, JobState::done);
  EXPECT_EQ(unloads_, 1U);
  EXPECT_THAT(told(agent_), IsEmpty());
  ASSERT_TRUE(look_again(agent_));
  EXPECT_EQ(unloads_, 1U);
}

TEST_F(ReloadPolicy, LeavesDriversAloneUnlessItIsAskedFor) {
  prepare(agent_);
  start(agent_, model::ReloadPolicy::never);
  ASSERT_TRUE(agent_.run_until([&] { return agent_.now()->settled && agent_.idle(); }));
  ASSERT_TRUE(look_again(agent_));
  EXPECT_EQ(build(agent_, "igb"), kOld);
  auto only_shown = asks(model::ReloadPolicy::when_safe);
  only_shown.auto_apply = false;
  agent_.reconciler->configure(only_shown);
  ASSERT_TRUE(agent_.run_until([&] { return agent_.now()->settled; }));
  ASSERT_TRUE(look_again(agent_));
  EXPECT_EQ(unloads_, 0U);
  agent_.reconciler->configure(asks(model::ReloadPolicy::when_safe));
  EXPECT_TRUE(agent_.run_until([&] { return build(agent_, "igb") == kNew; }));
}

// Behaviour 17: depmod is no kernel event, and nobody has to ask for it to be seen.
TEST_F(ReloadPolicy, FollowsTheIndexOfTheModules) {
  prepare(agent_);
  agent_.machine->builds_on_disk["igb"] = kOld;
  start(agent_);
  ASSERT_TRUE(agent_.run_until([&] { return agent_.now()->settled && agent_.idle(); }));
  // Nothing that the kernel would tell of.
  agent_.machine->change([&](Inventory&) { agent_.machine->builds_on_disk["igb"] = kNew; });
  agent_.reconciler->modules_indexed();
  EXPECT_TRUE(agent_.run_until([&] { return build(agent_, "igb") == kNew && agent_.idle(); }));
  EXPECT_EQ(unloads_, 1U);
}

// Also what somebody could force: it is never forced here.
TEST_F(ReloadPolicy, IsRefusedWithTheReasonUntilThatIsOver) {
  prepare(agent_);
  agent_.machine->facts_of_reload.rdma_users = {{4711, "perftest", {"/dev/infiniband/uverbs0"}}};
  agent_.machine->change([](Inventory& host) {
    host.rdma_devices.front().nodes = {{model::RdmaNode::uverbs, "/dev/infiniband/uverbs0", 231, 192, {}}};
  });
  start(agent_);
  ASSERT_TRUE(agent_.run_until([&] { return agent_.now()->settled && agent_.idle(); }));
  EXPECT_THAT(told(agent_), testing::AllOf(HasSubstr("not loaded anew by itself"), HasSubstr("4711")));
  EXPECT_THAT(component(agent_), HasSubstr("4711"));
  EXPECT_FALSE(std::filesystem::exists(tried())) << "a refusal is no try";
  EXPECT_EQ(unloads_, 0U);
  agent_.machine->change([&](Inventory&) { agent_.machine->facts_of_reload.rdma_users.clear(); });
  ASSERT_TRUE(look_again(agent_));
  ASSERT_TRUE(agent_.run_until([&] { return build(agent_, "igb") == kNew && agent_.idle(); }));
  EXPECT_TRUE(agent_.run_until([&] { return told(agent_).empty(); }));
}

TEST_F(ReloadPolicy, NeverUnloadsWhatTheKernelWouldNotTakeAgain) {
  prepare(agent_);
  agent_.machine->unloadable_files["igb"] = "igb is blacklisted by /etc/modprobe.d/x.conf";
  start(agent_);
  ASSERT_TRUE(agent_.run_until([&] { return agent_.now()->settled && agent_.idle(); }));
  EXPECT_THAT(told(agent_), HasSubstr("/etc/modprobe.d/x.conf"));
  std::optional<std::expected<std::uint32_t, model::Error>> answer;
  agent_.reconciler->reload_drivers({{"igb"}, true, 7}, [&](const auto& said) { answer = said; });
  ASSERT_TRUE(agent_.run_until([&] { return answer.has_value(); }));
  ASSERT_FALSE(*answer) << "no force helps against it";
  EXPECT_EQ(answer->error().code, model::Code::protected_);
  EXPECT_THAT(answer->error().advice, HasSubstr("/etc/modprobe.d/x.conf"));
  EXPECT_EQ(unloads_, 0U);
}

TEST_F(ReloadPolicy, OfOneDriverDoesNotWaitForAnother) {
  prepare(agent_);
  agent_.machine->builds_on_disk["rdma_rxe"] = kNew;
  agent_.machine->unloadable_files["igb"] = "igb was built for another kernel";
  start(agent_);
  ASSERT_TRUE(agent_.run_until([&] { return build(agent_, "rdma_rxe") == kNew && agent_.idle(); }));
  ASSERT_TRUE(agent_.run_until([&] { return told(agent_).contains("built for another kernel"); }));
  EXPECT_EQ(build(agent_, "igb"), kOld);
  EXPECT_EQ(unloads_, 1U);
}

// Over failures, looks at the machine, restarts: each build has one try.
TEST_F(ReloadPolicy, TriesABuildOnce) {
  prepare(agent_);
  count_unloads(agent_, EAGAIN);
  agent_.reconciler->configure(asks(model::ReloadPolicy::when_safe));
  agent_.reconciler->start();
  ASSERT_TRUE(agent_.run_until([&] { return !agent_.finished.empty() && agent_.idle(); }));
  EXPECT_EQ(agent_.finished.front().state, JobState::failed);
  ASSERT_TRUE(agent_.run_until([&] { return told(agent_).contains("once already"); }));
  EXPECT_THAT(told(agent_), HasSubstr("nicctl reload-drivers"));
  ASSERT_TRUE(look_again(agent_));
  EXPECT_EQ(unloads_, 1U);
  ASSERT_TRUE(agent_.run_until([&] { return !std::filesystem::exists(record()); }));

  AgentOnSim next{agent_.machine->state(), state_.path()};
  prepare(next);
  start(next);
  ASSERT_TRUE(next.run_until([&] { return next.now()->settled && next.idle(); }));
  EXPECT_THAT(told(next), HasSubstr("once already"));
  ASSERT_TRUE(look_again(next));
  EXPECT_EQ(unloads_, 1U);
  // Another build is worth another try.
  next.machine->change([&](Inventory&) { next.machine->builds_on_disk["igb"] = "0c"; });
  ASSERT_TRUE(look_again(next));
  EXPECT_TRUE(next.run_until([&] { return build(next, "igb") == "0c"; }));
  EXPECT_EQ(unloads_, 2U);
}

// The next start puts back what the reload took, and does not try again.
TEST_F(ReloadPolicy, IsGoneOnWithOnceAfterADeathAtEveryStep) {
  prepare(agent_);
  const auto before = picture(*agent_.machine);
  std::vector<test::Death> deaths;
  test::note_deaths(*agent_.machine, state_.path(), deaths);
  start(agent_);
  ASSERT_TRUE(agent_.run_until([&] { return !agent_.finished.empty() && agent_.idle(); }));
  agent_.machine->before_step({});
  ASSERT_GE(deaths.size(), 8U);
  for (std::size_t at = 0; at < deaths.size(); ++at) {
    SCOPED_TRACE(at);
    ASSERT_TRUE(deaths[at].files.contains("reload.json"));
    ASSERT_EQ(parse_tried_reloads(deaths[at].files.at("reloads-tried.json")), (model::Builds{{"igb", kNew}}));
    test::TemporaryFolder other;
    test::put_files(deaths[at].files, other.path());
    AgentOnSim next{deaths[at].machine, other.path()};
    prepare(next);
    deaths[at].put_into(*next.machine);
    unloads_ = 0;
    start(next);
    ASSERT_TRUE(next.run_until(
        [&] { return next.idle() && next.now()->settled && !std::filesystem::exists(other.path() / "reload.json"); }));
    EXPECT_EQ(picture(*next.machine), before);
    EXPECT_EQ(unloads_, 0U);
  }
}

TEST(TriedReloads, AreKeptOverBootsAndADamagedFileIsSetAside) {
  const test::TemporaryFolder folder;
  const auto roots = model::Roots::below(folder.path());
  std::filesystem::create_directories(roots.state);
  const TriedReloads file{roots};
  EXPECT_TRUE(file.read().tried.empty());
  const model::Builds tried{{"igb", "0a"}, {"mlx5_core", "srcversion 0123"}};
  ASSERT_TRUE(file.note(tried));
  EXPECT_EQ(file.read().tried, tried);
  for (const char* text : {"", "{", R"({"version":2,"tried":{}})", R"({"version":1,"tried":["igb"]})",
                           R"({"version":1,"tried":{"igb":1}})", R"({"version":1,"tried":{"":"0a"}})"}) {
    std::ofstream{roots.state / "reloads-tried.json"} << text;
    const auto read = file.read();
    EXPECT_TRUE(read.set_aside) << text;
    EXPECT_TRUE(read.tried.empty()) << text;
    EXPECT_TRUE(std::filesystem::exists(roots.state / "reloads-tried.json.corrupt")) << text;
  }
}

}  // namespace
}  // namespace nic::apply
