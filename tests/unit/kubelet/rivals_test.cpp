// F7: another plugin offers the same resource.
#include "kubelet_standin/plugin.hpp"
#include "unit/kubelet/endpoint_fixture.hpp"

#include <gmock/gmock.h>

namespace nic::kubelet {
namespace {

using namespace std::chrono_literals;

class RivalsTest : public EndpointTest {
 protected:
  void start_rival(const std::string& name = "plugins_registry/rdma.sock") {
    // Else the kubelet's first look and the event both find it, and this stand-in dials one after the other.
    ASSERT_TRUE(run_until([&] { return count("listening") == 1; }));
    rival = std::make_unique<test::PluginStandin>(root(), root() / name, kResource, 3);
  }
  void stand_by() {
    on_rival = model::OnRival::stand_by;
    endpoint->configure({true, root().string(), on_rival});
  }
  [[nodiscard]] bool rival_serves() {
    return run_until([&] { return allocatable() == 3; });
  }
  [[nodiscard]] std::string seen_rival() { return states[kResource].rival; }

  std::unique_ptr<test::PluginStandin> rival;
};

TEST_F(RivalsTest, IsTakenOverAndNamed) {
  start_kubelet();
  start_rival();
  ASSERT_TRUE(rival_serves());
  offer(7);
  EXPECT_TRUE(run_until([&] { return allocatable() == 7 && !seen_rival().empty(); }, 2s));
  EXPECT_THAT(seen_rival(), testing::EndsWith("plugins_registry/rdma.sock"));
  EXPECT_FALSE(states[kResource].standing_by);
}

TEST_F(RivalsTest, ThatComesLaterIsTakenOverToo) {
  start_kubelet();
  offer(7);
  ASSERT_TRUE(run_until([&] { return allocatable() == 7; }));
  start_rival();
  ASSERT_TRUE(run_until([&] { return count("registered") == 2; }));
  EXPECT_TRUE(run_until([&] { return allocatable() == 7 && state() == KubeletState::streaming; }, 3s));
}

TEST_F(RivalsTest, ItsLateEndCostsTwoSecondsAtMostWithAKubeletThatForgetsByName) {
  start_kubelet(false, {.forgets_by_name = true});
  start_rival();
  ASSERT_TRUE(rival_serves());
  offer(7);
  ASSERT_TRUE(run_until([&] { return allocatable() == 7; }));
  rival.reset();  // its stream ends, and its socket goes
  ASSERT_TRUE(run_until([&] { return count("stream-ended") > 0; }));
  EXPECT_TRUE(run_until([&] { return allocatable() == 7 && state() == KubeletState::streaming; }, 3s));
  EXPECT_TRUE(run_until([&] { return seen_rival().empty(); }));
}

TEST_F(RivalsTest, IsStoodByForUntilItGoes) {
  stand_by();
  start_kubelet();
  start_rival();
  ASSERT_TRUE(rival_serves());
  offer(7);
  ASSERT_TRUE(run_until([&] { return states[kResource].standing_by; }));
  run_for(300ms);
  EXPECT_EQ(allocatable(), 3u);
  EXPECT_EQ(sockets(), 0u);
  rival.reset();
  EXPECT_TRUE(run_until([&] { return allocatable() == 7; }, 2s));
  EXPECT_FALSE(states[kResource].standing_by);
}

TEST_F(RivalsTest, ThatIsKilledIsMissedAllTheSame) {
  stand_by();
  start_kubelet();
  start_rival();
  ASSERT_TRUE(rival_serves());
  offer(7);
  ASSERT_TRUE(run_until([&] { return states[kResource].standing_by; }));
  rival->vanish();
  EXPECT_TRUE(run_until([&] { return allocatable() == 7; }, 2s));
  rival.reset();
}

TEST_F(RivalsTest, ThatComesLaterIsGivenWayTo) {
  stand_by();
  start_kubelet(false, {.forgets_by_name = true});
  offer(7);
  ASSERT_TRUE(run_until([&] { return allocatable() == 7; }));
  start_rival();
  ASSERT_TRUE(run_until([&] { return states[kResource].standing_by && allocatable() == 3; }));
  run_for(300ms);
  EXPECT_EQ(allocatable(), 3u) << "giving way must not make the kubelet forget the resource";
  EXPECT_EQ(sockets(), 0u);
}

TEST_F(RivalsTest, ThatCallsRegisterIsKnownByItsFile) {
  std::filesystem::remove(root() / "plugins_registry");
  stand_by();
  start_kubelet(true);
  start_rival("device-plugins/example.com_rdma.sock");
  ASSERT_TRUE(rival_serves());
  offer(7);
  ASSERT_TRUE(run_until([&] { return states[kResource].standing_by; }));
  rival.reset();
  EXPECT_TRUE(run_until([&] { return allocatable() == 7; }, 2s));
}

TEST_F(RivalsTest, APluginOfAnotherResourceIsNone) {
  stand_by();
  start_kubelet();
  rival = std::make_unique<test::PluginStandin>(root(), root() / "plugins_registry/x.sock", "example.com/other", 3);
  ASSERT_TRUE(run_until([&] { return count("devices") == 1; }));
  offer(7);
  EXPECT_TRUE(run_until([&] { return allocatable() == 7; }));
  EXPECT_EQ(seen_rival(), "");
}

}  // namespace
}  // namespace nic::kubelet
