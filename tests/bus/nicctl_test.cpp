// nicctl against the service: its output, and the exit codes that scripts rely on.
#include "ctl/nicctl.hpp"

#include "bus/agent.hpp"
#include "bus/client.hpp"
#include "bus/private_bus.hpp"
#include "unit/dbus/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <sstream>
#include <streambuf>
#include <thread>

namespace nic::test {
namespace {

using ctl::Exit;
using testing::HasSubstr;

struct Outcome {
  Exit exit{Exit::failure};
  std::string out, err;
};

Outcome nicctl(const std::string& address, std::vector<std::string> arguments, bool as_nobody = false) {
  Outcome outcome;
  std::ostringstream out, err;
  arguments.insert(arguments.begin(), {"--bus", address});
  std::thread{[&] {
    if (as_nobody && ::syscall(SYS_setresuid, 65534, 65534, 65534) != 0) return;
    outcome.exit = ctl::run(arguments, {}, out, err);
  }}.join();
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

struct Nicctl : testing::Test {
  PrivateBus bus;
  Agent agent{bus.address(), machine()};
  Outcome run(std::vector<std::string> arguments) { return nicctl(bus.address(), std::move(arguments)); }
  void SetUp() override { ASSERT_TRUE(agent.named) << agent.named.error().text(); }
  // What a quick daemon does: the job ends as soon as the loop turns again.
  void end_each_job(model::JobState state, std::optional<model::Error> error = {}) {
    agent.on_loop([&] { agent.end_jobs = std::pair{state, std::move(error)}; });
  }
};

TEST_F(Nicctl, StatusOfAReadyMachineExitsWithZero) {
  const auto status = run({"status"});
  EXPECT_EQ(status.exit, Exit::ok) << status.err;
  EXPECT_THAT(status.out, HasSubstr("0000:3b:00.0  ens1f0np0  15b3:1021  2/2  mlx5_core  ok     as configured"));
}

TEST_F(Nicctl, StatusOfAMachineThatIsNotReadyExitsWithThree) {
  agent.change([](model::Snapshot& snapshot) {
    snapshot.state = model::ComponentState::not_ready;
    snapshot.config_errors.push_back(model::invalid("read the key", "nic-agent.toml:3:1", "did you mean num_vfs?"));
  });
  const auto status = run({"status"});
  EXPECT_EQ(status.exit, Exit::not_ready);
  EXPECT_THAT(status.out, HasSubstr("-> did you mean num_vfs?"));
}

TEST_F(Nicctl, WaitsUntilTheAgentHasSettledAndTellsTheState) {
  EXPECT_EQ(run({"wait"}).exit, Exit::ok);
  agent.change([](model::Snapshot& snapshot) {
    snapshot.settled = false;
    snapshot.state = model::ComponentState::not_ready;
  });
  const auto late = run({"wait", "--timeout", "1"});
  EXPECT_EQ(late.exit, Exit::failure);
  EXPECT_THAT(late.err, HasSubstr("still at work"));
  Outcome waited;
  std::thread waiter{[&] { waited = run({"wait"}); }};
  agent.change([](model::Snapshot& snapshot) { snapshot.settled = true; });
  waiter.join();
  EXPECT_EQ(waited.exit, Exit::not_ready) << waited.err;
}

TEST_F(Nicctl, EveryViewHasJson) {
  for (const char* view : {"status", "devices", "modules", "resources", "plan"}) {
    const auto shown = run({view, "--json"});
    EXPECT_EQ(shown.exit, Exit::ok) << view << shown.err;
    EXPECT_TRUE(ctl::Json::accept(shown.out)) << shown.out;
  }
  const auto devices = ctl::Json::parse(run({"--json", "devices"}).out);
  EXPECT_EQ(devices[0]["PciAddress"], "0000:3b:00.0");
}

TEST_F(Nicctl, DeviceIsFoundByAddressOrInterface) {
  EXPECT_THAT(run({"device", "0000:3b:00.0"}).out, HasSubstr("mlx5_core"));
  EXPECT_EQ(run({"device", "enp59s0f0np0"}).out, run({"device", "0000:3b:00.0"}).out);
  const auto absent = run({"device", "eth9"});
  EXPECT_EQ(absent.exit, Exit::failure);
  EXPECT_THAT(absent.err, HasSubstr("eth9"));
}

TEST_F(Nicctl, PlanShowsStepsAndReasons) {
  EXPECT_THAT(run({"plan"}).out, HasSubstr("1. load kernel module mlx5_ib\n   why: required"));
  const auto json = ctl::Json::parse(run({"plan", "--force", "--json"}).out);
  EXPECT_EQ(json["Steps"][0]["Why"], "forced");
  EXPECT_EQ(json["Steps"][0]["Target"], "mlx5_ib");
}

TEST_F(Nicctl, ExplainHandsOverBothNames) {
  EXPECT_EQ(run({"explain", "0000:3b:00.0", "example.com/vf"}).out, "0000:3b:00.0 and example.com/vf\n");
}

TEST_F(Nicctl, NodeStateIsTheStatusOfTheOperatorsDocument) {
  const auto shown = run({"node-state"});
  EXPECT_EQ(shown.exit, Exit::ok) << shown.err;
  EXPECT_EQ(ctl::Json::parse(shown.out)["interfaces"][0]["totalvfs"], 16);
  EXPECT_EQ(run({"node-state", "--json"}).out, shown.out);
}

TEST_F(Nicctl, WrongUsageExitsWithTwo) {
  EXPECT_EQ(run({"fly"}).exit, Exit::usage);
  EXPECT_EQ(run({"device"}).exit, Exit::usage);
  EXPECT_EQ(run({}).exit, Exit::usage);
  const auto help = run({"--help"});
  EXPECT_EQ(help.exit, Exit::ok);
  EXPECT_THAT(help.out, HasSubstr("Exit codes: 0 good"));
}

TEST_F(Nicctl, ApplyIsAtAnEndWhenTheJobIsStarted) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto apply = run({"apply", "--device", "0000:3b:00.0", "--force"});
  EXPECT_EQ(apply.exit, Exit::ok) << apply.err;
  EXPECT_EQ(apply.out, "job 1 started\n");
  EXPECT_TRUE(agent.on_loop([&] { return agent.applied.at(0).force; }));
  EXPECT_EQ(agent.on_loop([&] { return agent.applied.at(0).devices.at(0); }), kPf);
}

TEST_F(Nicctl, ApplyWaitsForTheEndOfTheJob) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  end_each_job(model::JobState::done);
  const auto good = run({"apply", "--wait"});
  EXPECT_EQ(good.exit, Exit::ok) << good.err;
  EXPECT_THAT(good.out, HasSubstr("job 1: done"));
  end_each_job(model::JobState::failed,
               model::Error{model::Code::no_space, ENOMEM, "create 16 VFs on", "0000:3b:00.0", "look at the BIOS"});
  const auto bad = run({"apply", "--wait"});
  EXPECT_EQ(bad.exit, Exit::failure);
  EXPECT_THAT(bad.out, HasSubstr("job 2: failed"));
  EXPECT_THAT(bad.err, HasSubstr("create 16 VFs on 0000:3b:00.0\n  -> look at the BIOS"));
  const auto json = ctl::Json::parse(run({"apply", "--wait", "--json"}).out);
  EXPECT_EQ(json["Result"], "failed");
  EXPECT_EQ(json["Error"]["Errno"], ENOMEM);
}

TEST_F(Nicctl, ReleaseTellsWhatCameOfIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  end_each_job(model::JobState::done);
  const auto good = run({"release", "ens1f0np0"});
  EXPECT_EQ(good.exit, Exit::ok) << good.err;
  EXPECT_EQ(good.out, "job 1: done\n");
  EXPECT_EQ(run({"release", "0000:3b:00.0", "--restore"}).exit, Exit::ok);
  const auto released = agent.on_loop([&] { return agent.released; });
  ASSERT_EQ(released.size(), 2U);
  EXPECT_EQ(released[0].device, kPf);
  EXPECT_FALSE(released[0].restore);
  EXPECT_TRUE(released[1].restore);
  agent.on_loop([&] {
    agent.refuse = model::Error{model::Code::busy, 0, "release", "0000:3b:00.0", "policy \"workers\" asks for it"};
  });
  const auto refused = run({"release", "0000:3b:00.0"});
  EXPECT_EQ(refused.exit, Exit::failure);
  EXPECT_THAT(refused.err, HasSubstr("policy \"workers\" asks for it"));
  EXPECT_EQ(run({"release"}).exit, Exit::usage);
}

TEST_F(Nicctl, ReloadDriversPlansOrDoesIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  end_each_job(model::JobState::done);
  const auto plan = run({"reload-drivers", "--plan", "igb", "@mlx5"});
  EXPECT_EQ(plan.exit, Exit::ok) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("Unload: igb @mlx5\n"));
  EXPECT_THAT(plan.out, HasSubstr("In the way (force would do it): enp1s0 is a port of bond0\n"));
  const auto json = run({"--json", "reload-drivers", "--plan", "igb"});
  EXPECT_THAT(json.out, HasSubstr("\"Refusals\""));
  EXPECT_EQ(run({"reload-drivers", "--wait", "--force", "igb"}).exit, Exit::ok);
  const auto asked = agent.on_loop([&] { return agent.reloaded; });
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_TRUE(asked[0].force);
  EXPECT_EQ(run({"reload-drivers"}).exit, Exit::usage);
}

TEST_F(Nicctl, WithoutAuthorityExitsWithFive) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
  const auto apply = nicctl(bus.address(), {"apply"}, true);
  EXPECT_EQ(apply.exit, Exit::not_authorized);
  EXPECT_THAT(apply.err, HasSubstr("only root"));
  EXPECT_EQ(nicctl(bus.address(), {"status"}, true).exit, Exit::ok);
}

TEST(NicctlAlone, WithoutAnAgentOrABusExitsWithFour) {
  PrivateBus bus;
  const auto status = nicctl(bus.address(), {"status", "--json"});
  EXPECT_EQ(status.exit, Exit::unreachable);
  EXPECT_THAT(status.out, HasSubstr("\"Error\""));
  EXPECT_EQ(nicctl("unix:path=/nowhere/socket", {"status"}).exit, Exit::unreachable);
}

// What a program wrote, for another thread to wait for.
class Lines : public std::streambuf {
 public:
  bool wait_for(const std::string& text, std::chrono::milliseconds patience) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [&] { return text_.find(text) != std::string::npos; });
  }

 protected:
  int_type overflow(int_type c) override {
    const std::lock_guard lock{mutex_};
    text_ += traits_type::to_char_type(c);
    changed_.notify_all();
    return c;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
};

TEST_F(Nicctl, WatchShowsChangesUntilTheBusGoes) {
  Lines lines;
  std::ostream out{&lines};
  std::ostringstream err;
  Exit exit{};
  std::thread watcher{[&] {
    sigset_t waited;
    sigemptyset(&waited);
    sigaddset(&waited, SIGINT);
    sigaddset(&waited, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &waited, nullptr);
    exit = ctl::run({"--bus", bus.address(), "watch"}, {}, out, err);
  }};
  // When it has begun to listen is not known from outside: change things until it has seen one.
  bool seen = false;
  for (unsigned turn = 0; turn < 200 && !seen; ++turn) {
    agent.change([&](model::Snapshot& snapshot) { snapshot.inventory.net_devices[0].mtu = 2000 + turn; });
    seen = lines.wait_for("changed /org/nicagent1/device/0000_3b_00_0 org.nicagent1.Device Mtu=20",
                          std::chrono::milliseconds{50});
  }
  EXPECT_TRUE(seen);
  agent.change([](model::Snapshot& snapshot) {
    auto& pf = snapshot.inventory.functions.at(pci("0000:3b:00.0"));
    pf.reporters = {{std::nullopt, "fw_fatal", false, 2, 1}};
    pf.ports.push_back({32768, model::PortFlavour::pci_sf, std::nullopt, 0, std::nullopt, 88, false, std::nullopt});
    auto& port = snapshot.inventory.rdma_devices[0].ports[0];
    port.link_layer = model::LinkType::infiniband;
    port.pkeys = {0x8001};
  });
  for (const auto* what :
       {"Device HealthReporters=", "fw_fatal", "PhysicalFunction Ports=", "pcisf", "Rdma InfinibandPorts=", "0x8001"})
    EXPECT_TRUE(lines.wait_for(what, std::chrono::seconds{10})) << what;
  agent.change([](model::Snapshot& snapshot) { snapshot.inventory.rdma_devices.clear(); });
  EXPECT_TRUE(
      lines.wait_for("removed /org/nicagent1/device/0000_3b_00_0 org.nicagent1.Rdma", std::chrono::seconds{10}));
  agent.finish(3, model::JobState::done);
  EXPECT_TRUE(lines.wait_for("job-removed /org/nicagent1/job/3 Id=3 Result=done", std::chrono::seconds{10}));
  bus.stop();
  watcher.join();
  EXPECT_EQ(exit, Exit::unreachable);
}

}  // namespace
}  // namespace nic::test
