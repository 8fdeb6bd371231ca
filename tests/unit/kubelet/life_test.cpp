// Life with the kubelet: the behaviours F1 to F13 and F18 over real sockets.
#include "deviceplugin.grpc.pb.h"
#include "kubelet/channel.hpp"
#include "pluginregistration.grpc.pb.h"
#include "unit/kubelet/endpoint_fixture.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <thread>

namespace nic::kubelet {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

class LifeTest : public EndpointTest {
 protected:
  [[nodiscard]] std::string error() {
    const auto& last = states[kResource].last_error;
    return last ? last->text() : "";
  }
  void only_register() { std::filesystem::remove_all(root() / "plugins_registry"); }
};

TEST_F(LifeTest, BeginsWithAKubeletThatIsThereOrComesLater) {  // F1
  start_kubelet();
  offer(7);
  ASSERT_TRUE(streams());
  endpoint.reset();
  kubelet.reset();
  states.clear();
  restart_agent();
  offer(7);
  ASSERT_TRUE(run_until([&] { return state() == KubeletState::serving; }));
  start_kubelet();
  ASSERT_TRUE(streams());
}

TEST_F(LifeTest, AKubeletThatRestartsSeesItWithinASecondByBothWays) {  // F2
  for (const bool legacy : {false, true}) {
    if (legacy) {
      kubelet.reset();
      std::filesystem::remove_all(root() / "plugins_registry");
    }
    start_kubelet(legacy);
    if (!legacy) offer(7);
    ASSERT_TRUE(run_until([&] { return state() == KubeletState::streaming && allocatable() == 7; })) << legacy;
    for (int round = 0; round < 3; ++round) {
      kubelet.reset();
      ASSERT_TRUE(run_until([&] { return state() != KubeletState::streaming; }));
      start_kubelet(legacy);
      EXPECT_TRUE(run_until([&] { return allocatable() == 7; }, 1s)) << legacy << " round " << round;
    }
  }
}

TEST_F(LifeTest, ABrokenStreamIsMendedWithinTwoSeconds) {  // F3
  for (const bool legacy : {false, true}) {
    if (legacy) only_register();
    start_kubelet(legacy);
    if (!legacy) offer(7);
    ASSERT_TRUE(run_until([&] { return allocatable() == 7; }));
    kubelet->hang_up(kResource);
    ASSERT_TRUE(run_until([&] { return allocatable() == 0; }));
    EXPECT_TRUE(run_until([&] { return allocatable() == 7; }, 2s)) << legacy;
    kubelet.reset();
  }
}

TEST_F(LifeTest, TriesAgainByItselfWhenThePluginWatcherSaysNo) {  // F4
  start_kubelet(false, {.retries = false});
  kubelet->refuse(1, "no room");
  offer(7);
  ASSERT_TRUE(run_until([&] { return !error().empty(); }));
  EXPECT_THAT(error(), HasSubstr("no room"));
  EXPECT_TRUE(streams(4s)) << "this kubelet does not ask again by itself";
  EXPECT_EQ(error(), "");
}

TEST_F(LifeTest, TriesRegisterAgainWhenItIsRefused) {  // F11
  only_register();
  start_kubelet(true);
  kubelet->refuse(1, "no room");
  offer(7);
  ASSERT_TRUE(run_until([&] { return error().contains("no room"); }));
  EXPECT_TRUE(streams(4s));
}

TEST_F(LifeTest, TriesRegisterAgainWhenItTimesOut) {  // F11
  only_register();
  start_kubelet(true);
  kubelet->hang(1);
  offer(7);
  EXPECT_TRUE(streams(9s)) << error();
}

TEST_F(LifeTest, TriesAgainWhenNobodyListensYet) {  // F2: the socket is there before its listening
  only_register();
  std::filesystem::create_directories(root() / "device-plugins");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = (root() / "device-plugins/kubelet.sock").string();
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const Descriptor bound{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  ASSERT_EQ(::bind(bound.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  offer(7);
  ASSERT_TRUE(run_until([&] { return state() == KubeletState::serving; }));
  run_for(50ms);
  ASSERT_EQ(::listen(bound.get(), 8), 0);
  EXPECT_TRUE(
      run_until([&] { return ::accept4(bound.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC) >= 0; }, 2s));
}

TEST_F(LifeTest, GoesOverToThePluginWatcherWhenItsFolderAppearsAndBackAgain) {  // F5
  only_register();
  start_kubelet(true);
  offer(7);
  ASSERT_TRUE(streams());
  EXPECT_THAT(states[kResource].socket, HasSubstr("device-plugins"));
  kubelet.reset();
  start_kubelet();  // it makes the folder
  ASSERT_TRUE(run_until([&] { return allocatable() == 7; }));
  EXPECT_TRUE(run_until([&] { return states[kResource].socket.contains("plugins_registry"); }));
  EXPECT_EQ(sockets(), 1u);
  kubelet.reset();
  std::filesystem::remove_all(root() / "plugins_registry");
  start_kubelet(true);
  ASSERT_TRUE(run_until([&] { return allocatable() == 7; }));
  EXPECT_TRUE(run_until([&] { return states[kResource].socket.contains("device-plugins"); }));
}

TEST_F(LifeTest, ServesAKubeletWithAnotherRoot) {  // F6
  offer(7);
  ASSERT_TRUE(run_until([&] { return sockets() == 1; }));
  const auto other = folder.path() / "data";
  endpoint->configure({true, other.string()});
  ASSERT_TRUE(run_until([&] { return state() == KubeletState::down && sockets() == 0; }));
  std::filesystem::create_directories(other / "plugins_registry");
  ASSERT_TRUE(run_until([&] { return states[kResource].socket.starts_with(other.string()); }));
}

TEST_F(LifeTest, StopsWithinASecondAndLeavesNothing) {  // F8
  start_kubelet();
  model::Snapshot many;
  for (int i = 0; i < 16; ++i) {
    model::Pool pool;
    pool.resource = test::exclusive("a.io/r" + std::to_string(i), {});
    many.pools.push_back(pool);
  }
  publish(many);
  ASSERT_TRUE(run_until([&] { return count("registered") == 16; }));
  const auto begin = Clock::now();
  endpoint.reset();
  EXPECT_LT(Clock::now() - begin, 1s);
  EXPECT_EQ(sockets(), 0u);
}

TEST_F(LifeTest, ReplacesWhatAKilledAgentLeft) {  // F9
  const auto path = (root() / "plugins_registry" / "nic-agent_example.com_rdma.sock").string();
  const auto aside = (root() / "aside.sock").string();
  {
    const auto door = Door::open(aside);
    ASSERT_TRUE(door.has_value());
    std::filesystem::rename(aside, path);
  }
  ASSERT_EQ(sockets(), 1u);
  restart_agent();
  EXPECT_EQ(sockets(), 0u) << "a kubelet that starts now would wait for it";
  start_kubelet();
  offer(7);
  EXPECT_TRUE(streams());
}

TEST_F(LifeTest, ASecondAgentWaitsForTheFirst) {  // F10
  start_kubelet();
  offer(7);
  ASSERT_TRUE(streams());
  auto first = std::move(endpoint);
  const auto served = identity_of(states[kResource].socket);
  std::map<std::string, model::EndpointStatus> second;
  endpoint = std::make_unique<Endpoint>(
      event.get(), Context{cell, [](const auto&) { return std::vector<model::DeviceNode>{}; }, mailbox.handle(),
                           [&](const auto& resource, const auto& status) { second[resource] = status; }, [](bool) {},
                           [](const auto&) {}});
  endpoint->configure({true, root().string()});
  offer(7);
  ASSERT_TRUE(run_until([&] { return second[kResource].last_error.has_value(); }));
  EXPECT_THAT(second[kResource].last_error->text(), HasSubstr("another nic-agent"));
  EXPECT_EQ(identity_of(states[kResource].socket), served) << "what the first one serves is left alone";
  first.reset();
  EXPECT_TRUE(run_until([&] { return second[kResource].state == KubeletState::streaming; }, 2s));
  endpoint.reset();
}

TEST_F(LifeTest, AnswersWhateverAuthorityTheKubeletNames) {  // F12
  offer(7);
  ASSERT_TRUE(run_until([&] { return state() == KubeletState::serving; }));
  const auto& socket = states[kResource].socket;
  for (const auto& authority : {std::string{"localhost"}, socket}) {
    grpc::ChannelArguments arguments;
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, authority);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto stub = pluginregistration::Registration::NewStub(
        grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments));
    grpc::ClientContext context;
    pluginregistration::PluginInfo info;
    const auto status = stub->GetInfo(&context, {}, &info);
    EXPECT_TRUE(status.ok()) << authority << ": " << status.error_message();
    EXPECT_EQ(info.name(), kResource);
  }
}

TEST_F(LifeTest, AnswersGetInfoWhileTheLoopIsBusy) {  // F13
  offer(7);
  ASSERT_TRUE(run_until([&] { return state() == KubeletState::serving; }));
  // The loop is not run: this thread is its own.
  const auto stub = pluginregistration::Registration::NewStub(channel_to(states[kResource].socket));
  std::vector<Clock::duration> times;
  for (int i = 0; i < 20; ++i) {
    const auto begin = Clock::now();
    grpc::ClientContext context;
    pluginregistration::PluginInfo info;
    ASSERT_TRUE(stub->GetInfo(&context, {}, &info).ok());
    times.push_back(Clock::now() - begin);
  }
  std::ranges::sort(times);
  EXPECT_LT(times.at(10), 10ms);
}

TEST_F(LifeTest, AllocateWaitsForNothingThatTheLoopIsAt) {  // D13
  start_kubelet();
  offer(7);
  ASSERT_TRUE(streams());
  std::atomic<bool> over{false};
  std::thread rescan{[&] {
    while (!over) cell.store(std::make_shared<const model::Snapshot>(*cell.load()));
  }};
  std::vector<Clock::duration> times;
  for (int i = 0; i < 50; ++i) {
    const auto begin = Clock::now();
    const auto answer = kubelet->allocate(kResource, {"1"});
    EXPECT_EQ(answer["event"], "allocated") << answer;
    times.push_back(Clock::now() - begin);
  }
  over = true;
  rescan.join();
  std::ranges::sort(times);
  EXPECT_LT(times.at(45), 50ms);
}

TEST_F(LifeTest, AResourceWithoutDevicesIsThereAndFillsLater) {  // F18, C6
  start_kubelet();
  offer(0);
  ASSERT_TRUE(streams());
  EXPECT_EQ(allocatable(), 0u);
  offer(5);
  EXPECT_TRUE(run_until([&] { return allocatable() == 5; }, 1s));
}

TEST_F(LifeTest, TheLateEndOfAnOlderStreamTakesTheResourceOnlyForAMoment) {  // F7
  start_kubelet(false, {.forgets_by_name = true});
  offer(7);
  ASSERT_TRUE(run_until([&] { return allocatable() == 7; }));
  // A second registration of ours; the first one's stream goes on, until the kubelet lets go of it late.
  std::filesystem::remove(states[kResource].socket);
  ASSERT_TRUE(run_until([&] { return count("registered") == 2; }));
  EXPECT_TRUE(run_until([&] { return allocatable() == 7 && state() == KubeletState::streaming; }, 4s));
}

}  // namespace
}  // namespace nic::kubelet
