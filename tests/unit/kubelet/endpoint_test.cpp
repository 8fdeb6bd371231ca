#include "unit/kubelet/endpoint_fixture.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace nic::kubelet {
namespace {

using namespace std::chrono_literals;

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
  EXPECT_EQ(count("devices"), 2);  // C8
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

}  // namespace
}  // namespace nic::kubelet
