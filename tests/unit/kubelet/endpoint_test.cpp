#include "kubelet/endpoint.hpp"

#include "core/pools.hpp"
#include "kubelet_standin/standin.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"
#include "lib/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>

namespace nic::kubelet {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using model::KubeletState;

constexpr auto kResource = "example.com/rdma";

// The endpoint on the test's own loop, a stand-in kubelet beside it, real sockets between them.
class EndpointTest : public testing::Test {
 protected:
  EndpointTest() {
    std::filesystem::create_directories(root() / "plugins_registry");
    restart_agent();
  }
  ~EndpointTest() override {
    endpoint.reset();
    kubelet.reset();
  }
  [[nodiscard]] std::filesystem::path root() const { return folder.path() / "kubelet"; }

  void restart_agent() {
    endpoint.reset();
    endpoint = std::make_unique<Endpoint>(
        event.get(),
        Context{cell,
                [](const auto&) {
                  return std::vector<model::DeviceNode>{
                      {model::NodeKind::uverbs, "/dev/infiniband/uverbs0", "/dev/infiniband/uverbs0", "rxe0"}};
                },
                mailbox.handle(),
                [this](const std::string& resource, const model::EndpointStatus& status) { states[resource] = status; },
                [this](bool there) { present = there; }, [this](const auto& functions) { handed_out = functions; }});
    endpoint->configure({true, root().string()});
  }
  void start_kubelet(bool legacy = false) {
    kubelet = std::make_unique<test::KubeletStandin>(root(), legacy, [this, post = mailbox.handle()](const Json& seen) {
      post([this, seen] { events.push_back(seen); });
    });
  }
  void offer(unsigned capacity, const std::string& name = kResource) {
    model::Snapshot snapshot;
    model::Config config;
    config.resources = {test::shared(name, 1000, {})};
    model::Inventory host = test::Host{}.pf("0000:01:00.0");
    if (capacity > 0) host = test::Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0");
    config.resources[0].rdma_hca_max = std::max(capacity, 1U);
    snapshot.inventory = host;
    snapshot.pools = core::pools(config, host, {});
    publish(std::move(snapshot));
  }
  void publish(model::Snapshot snapshot) {
    const auto shared = std::make_shared<const model::Snapshot>(std::move(snapshot));
    cell.store(shared);
    endpoint->publish(shared);
  }
  [[nodiscard]] bool run_until(const std::function<bool()>& condition, std::chrono::milliseconds within = 10s) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    while (!condition()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      sd_event_run(event.get(), static_cast<std::uint64_t>(left.count()));
    }
    return true;
  }
  [[nodiscard]] bool seen_capacity(unsigned capacity) const {
    return std::ranges::any_of(
        events, [&](const Json& seen) { return seen["event"] == "devices" && seen["capacity"] == capacity; });
  }
  [[nodiscard]] long count(const std::string& what) const {
    return std::ranges::count_if(events, [&](const Json& seen) { return seen["event"] == what; });
  }
  [[nodiscard]] KubeletState state() { return states[kResource].state; }
  [[nodiscard]] unsigned sockets() const {
    unsigned all = 0;
    for (const auto* where : {"plugins_registry", "device-plugins"}) {
      std::error_code failure;
      for (const auto& entry : std::filesystem::directory_iterator{root() / where, failure})
        all += entry.path().filename().string().starts_with("nic-agent_") ? 1 : 0;
    }
    return all;
  }

  test::TemporaryFolder folder;
  loop::EventPtr event{loop::new_event()};
  loop::Mailbox mailbox{event.get()};
  model::SnapshotCell cell;
  std::map<std::string, model::EndpointStatus> states;
  bool present{false};
  std::vector<model::PciAddress> handed_out;
  std::vector<Json> events;
  std::unique_ptr<Endpoint> endpoint;
  std::unique_ptr<test::KubeletStandin> kubelet;
};

TEST_F(EndpointTest, IsFoundByTheKubeletAndFollowsThePool) {
  start_kubelet();
  offer(0);
  ASSERT_TRUE(run_until([&] { return state() == KubeletState::streaming && seen_capacity(0); }));
  offer(1000);
  ASSERT_TRUE(run_until([&] { return seen_capacity(1000); }, 5s));
  EXPECT_EQ(events.back()["ids"][0], "0");
  const auto answer = kubelet->allocate(kResource, {"999"});
  EXPECT_EQ(answer["response"][0]["devices"][0]["host_path"], "/dev/infiniband/uverbs0");
  EXPECT_TRUE(run_until([&] { return handed_out == std::vector{test::pci("0000:01:00.0")}; }));
  handed_out.clear();
  EXPECT_EQ(kubelet->allocate(kResource, {"1000"})["code"], 3);
  EXPECT_TRUE(handed_out.empty());
  EXPECT_TRUE(present);
}

TEST_F(EndpointTest, SendsNothingWhenNothingChanged) {
  start_kubelet();
  offer(5);
  ASSERT_TRUE(run_until([&] { return seen_capacity(5); }));
  offer(5);
  offer(6);
  ASSERT_TRUE(run_until([&] { return seen_capacity(6); }));
  EXPECT_EQ(count("devices"), 2);
}

TEST_F(EndpointTest, IsSeenAgainWithinASecondByARestartedKubelet) {
  start_kubelet();
  offer(7);
  ASSERT_TRUE(run_until([&] { return seen_capacity(7); }));
  kubelet.reset();
  ASSERT_TRUE(run_until([&] { return state() == KubeletState::serving; }));
  events.clear();
  start_kubelet();
  ASSERT_TRUE(run_until([&] { return seen_capacity(7); }, 5s));
}

TEST_F(EndpointTest, RegistersAgainAfterABrokenStream) {
  start_kubelet();
  offer(7);
  ASSERT_TRUE(run_until([&] { return state() == KubeletState::streaming && seen_capacity(7); }));
  events.clear();
  kubelet->hang_up(kResource);
  ASSERT_TRUE(run_until([&] { return count("stream-ended") == 1; }));
  ASSERT_TRUE(run_until([&] { return seen_capacity(7) && state() == KubeletState::streaming; }, 10s));
}

TEST_F(EndpointTest, RemakesASocketThatSomebodyRemoves) {
  start_kubelet();
  offer(7);
  ASSERT_TRUE(run_until([&] { return state() == KubeletState::streaming; }));
  events.clear();
  std::filesystem::remove(states[kResource].socket);
  ASSERT_TRUE(run_until([&] { return count("registered") == 1; }));
}

TEST_F(EndpointTest, CallsRegisterWhereThereIsNoPluginsRegistry) {
  std::filesystem::remove(root() / "plugins_registry");
  start_kubelet(true);
  offer(7);
  ASSERT_TRUE(run_until([&] { return state() == KubeletState::streaming && seen_capacity(7); }));
}

TEST_F(EndpointTest, RegistersAgainWithAKubeletThatWipesItsFolder) {
  std::filesystem::remove(root() / "plugins_registry");
  start_kubelet(true);
  offer(7);
  ASSERT_TRUE(run_until([&] { return seen_capacity(7); }));
  kubelet.reset();
  ASSERT_TRUE(run_until([&] { return state() != KubeletState::streaming; }));
  events.clear();
  start_kubelet(true);
  ASSERT_TRUE(run_until([&] { return seen_capacity(7); }, 5s));
}

TEST_F(EndpointTest, WaitsForAKubeletThatComesLaterWhicheverWayItHas) {
  std::filesystem::remove_all(root());
  ASSERT_TRUE(run_until([&] { return !present; }));
  offer(7);
  std::filesystem::create_directories(root() / "device-plugins");
  ASSERT_TRUE(run_until([&] { return present && state() == KubeletState::serving; }));
  std::filesystem::create_directories(root() / "plugins_registry");
  ASSERT_TRUE(run_until(
      [&] { return states[kResource].socket.contains("plugins_registry") && state() == KubeletState::serving; }));
  start_kubelet();
  ASSERT_TRUE(run_until([&] { return seen_capacity(7); }));
}

TEST_F(EndpointTest, ARemovedResourceTakesItsSocketWithItAndOthersKeepTheirStream) {
  start_kubelet();
  model::Snapshot both;
  for (const auto* name : {"a.io/one", "a.io/two"}) {
    model::Pool pool;
    pool.resource = test::exclusive(name, {});
    both.pools.push_back(pool);
  }
  publish(both);
  ASSERT_TRUE(run_until([&] { return count("registered") == 2; })) << Json(events).dump();
  both.pools.pop_back();
  publish(both);
  ASSERT_TRUE(run_until([&] { return sockets() == 1 && count("stream-ended") == 1; }));
  EXPECT_EQ(states["a.io/one"].state, KubeletState::streaming);
}

TEST_F(EndpointTest, ReplacesTheSocketThatAKilledAgentLeft) {
  offer(7);
  ASSERT_TRUE(run_until([&] { return state() == KubeletState::serving; }));
  const auto socket = states[kResource].socket;
  endpoint.reset();
  std::ofstream{socket} << "";  // whatever lies there
  std::filesystem::remove(socket);
  restart_agent();
  offer(7);
  start_kubelet();
  ASSERT_TRUE(run_until([&] { return seen_capacity(7); }));
}

TEST_F(EndpointTest, LeavesNoSocketBehindWhenTheAgentStops) {
  start_kubelet();
  offer(7);
  ASSERT_TRUE(run_until([&] { return state() == KubeletState::streaming; }));
  const auto begin = std::chrono::steady_clock::now();
  endpoint.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_EQ(sockets(), 0u);
}

TEST_F(EndpointTest, IsSwitchedOffByTheConfiguration) {
  offer(7);
  ASSERT_TRUE(run_until([&] { return sockets() == 1; }));
  endpoint->configure({false, root().string()});
  ASSERT_TRUE(run_until([&] { return sockets() == 0 && state() == KubeletState::down; }));
}

TEST(SocketName, FitsIntoSunPathHoweverLongTheResourceIs) {
  const std::string folder = "/var/lib/kubelet/plugins_registry";
  EXPECT_EQ(socket_name("example.com/rdma", folder), "nic-agent_example.com_rdma.sock");
  const auto longest = socket_name(std::string(200, 'a') + ".io/" + std::string(63, 'b'), folder);
  EXPECT_LE(folder.size() + 1 + longest.size(), 107u);
  EXPECT_NE(longest, socket_name(std::string(200, 'a') + ".io/" + std::string(63, 'c'), folder));
}

}  // namespace
}  // namespace nic::kubelet
