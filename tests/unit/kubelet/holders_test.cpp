// What the kubelet is told, and what it tells: lists, holders, the cross-check.
#include "deviceplugin.grpc.pb.h"
#include "kubelet/channel.hpp"
#include "unit/kubelet/endpoint_fixture.hpp"

#include <gmock/gmock.h>

namespace nic::kubelet {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

class ToldTest : public EndpointTest {
 protected:
  [[nodiscard]] const std::vector<model::Holder>& holders() { return states[kResource].holders; }
  [[nodiscard]] std::string disagreement() {
    const auto& found = states[kResource].disagreement;
    return found ? found->text() : "";
  }
};

TEST_F(ToldTest, AStormOf256EventsMakesAtMostFiveMessages) {
  start_kubelet();
  offer(1);
  ASSERT_TRUE(run_until([&] { return allocatable() == 1; }));
  events.clear();
  for (unsigned vf = 2; vf <= 257; ++vf) {
    offer(vf);
    run_for(5ms);
  }
  ASSERT_TRUE(run_until([&] { return allocatable() == 257; }, 1s)) << "the end of it is told within a second";
  run_for(50ms);
  EXPECT_LE(count("devices"), 5);
}

TEST_F(ToldTest, AListThatIsAsItWasIsNotSent) {  // C8
  start_kubelet();
  offer(5);
  ASSERT_TRUE(run_until([&] { return seen_capacity(5); }));
  events.clear();
  offer(6);
  offer(5);
  run_for(800ms);
  EXPECT_EQ(count("devices"), 0);
}

TEST_F(ToldTest, AListThatTheKubeletWouldNotTakeIsAnErrorAndTheLastOneStays) {  // C11
  start_kubelet();
  offer(5);
  ASSERT_TRUE(run_until([&] { return allocatable() == 5; }));
  model::Snapshot snapshot = *cell.load();
  snapshot.pools.front().capacity = 300'000;
  publish(std::move(snapshot));
  ASSERT_TRUE(run_until([&] { return states[kResource].last_error.has_value(); }));
  EXPECT_THAT(states[kResource].last_error->text(), HasSubstr("4 MiB"));
  EXPECT_EQ(state(), KubeletState::streaming);
  EXPECT_EQ(allocatable(), 5u);
}

TEST_F(ToldTest, EveryStreamGetsTheUpdatesAndDeadOnesAreForgotten) {  // C12
  start_kubelet();
  offer(5);
  ASSERT_TRUE(run_until([&] { return allocatable() == 5; }));
  const auto stub = v1beta1::DevicePlugin::NewStub(channel_to(states[kResource].socket));
  v1beta1::ListAndWatchResponse list;
  {
    grpc::ClientContext context;
    const auto second = stub->ListAndWatch(&context, {});
    ASSERT_TRUE(second->Read(&list));
    EXPECT_EQ(list.devices_size(), 5);
    offer(6);
    ASSERT_TRUE(run_until([&] { return allocatable() == 6; }));
    ASSERT_TRUE(second->Read(&list));
    EXPECT_EQ(list.devices_size(), 6);
    kubelet->hang_up(kResource);
    ASSERT_TRUE(run_until([&] { return count("stream-ended") == 1; }));
    EXPECT_EQ(state(), KubeletState::streaming) << "one is left";
    context.TryCancel();
    while (second->Read(&list)) continue;
    (void)second->Finish();
  }
  EXPECT_TRUE(run_until([&] { return state() != KubeletState::streaming; }));
  EXPECT_TRUE(streams(3s));
}

TEST_F(ToldTest, SaysWhichPodHoldsADevice) {
  start_kubelet();
  offer(5);
  ASSERT_TRUE(streams());
  ASSERT_EQ(kubelet->allocate(kResource, {"3"})["event"], "allocated");
  ASSERT_TRUE(run_until([&] { return !holders().empty(); }, 4s));
  EXPECT_EQ(holders(), (std::vector<model::Holder>{{"3", "default/worker-0", "app"}}));
  kubelet->release(kResource, "3");
  endpoint->look();
  EXPECT_TRUE(run_until([&] { return holders().empty(); }, 4s));
}

TEST_F(ToldTest, ReportsAKubeletThatCountsOtherDevices) {  // F14
  start_kubelet();
  offer(5);
  ASSERT_TRUE(run_until([&] { return allocatable() == 5; }));
  run_for(700ms);
  EXPECT_EQ(disagreement(), "");
  kubelet->lose_count_of(kResource, "3");
  events.clear();
  endpoint->look();
  ASSERT_TRUE(run_until([&] { return !disagreement().empty(); }, 8s));
  EXPECT_THAT(disagreement(), HasSubstr("the kubelet counts 4 devices that can be allocated, 5 are offered"));
  EXPECT_THAT(disagreement(), HasSubstr("3 is the first"));
  EXPECT_GE(count("devices"), 1) << "it was told the list once more";
}

TEST_F(ToldTest, AKubeletThatDoesNotTellWhatItCountsIsNoProblem) {  // kubelets before 1.23
  start_kubelet(false, {.allocatable = false});
  offer(5);
  ASSERT_TRUE(streams());
  kubelet->allocate(kResource, {"3"});
  ASSERT_TRUE(run_until([&] { return !holders().empty(); }, 4s));
  EXPECT_EQ(disagreement(), "");
}

}  // namespace
}  // namespace nic::kubelet
