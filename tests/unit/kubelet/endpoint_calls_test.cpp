// What the endpoint does when the kubelet asks for what is not there, and when it is to ask for more than before.
#include "kubelet/allocate.hpp"
#include "kubelet/endpoint.hpp"
#include "kubelet_standin/standin.hpp"
#include "lib/offers.hpp"
#include "lib/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>

namespace nic::kubelet {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

class EndpointCalls : public testing::Test {
 protected:
  EndpointCalls() {
    std::filesystem::create_directories(folder.path() / "plugins_registry");
    endpoint = std::make_unique<Endpoint>(
        event.get(), Context{cell, [](const auto&) { return std::vector{test::uverbs(0, "rxe0")}; }, mailbox.handle(),
                             [](const auto&, const auto&) {}, [](bool) {}, [](const auto&) {}});
    endpoint->configure({true, folder.path().string()});
    kubelet = std::make_unique<test::KubeletStandin>(
        folder.path(), false,
        [this, post = mailbox.handle()](const Json& seen) { post([this, seen] { events.push_back(seen); }); });
  }
  ~EndpointCalls() override {
    endpoint.reset();
    kubelet.reset();
  }
  void publish(model::Resource resource) {
    auto offer = test::Offer{std::move(resource)}.vf(test::kVf, "vfio-pci");
    const auto snapshot = std::make_shared<const model::Snapshot>(std::move(offer.snapshot));
    cell.store(snapshot);
    endpoint->publish(snapshot);
  }
  [[nodiscard]] long count(const std::string& what) const {
    return std::ranges::count_if(events, [&](const Json& seen) { return seen["event"] == what; });
  }
  [[nodiscard]] bool run_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      sd_event_run(event.get(), static_cast<std::uint64_t>(left.count()));
    }
    return true;
  }

  test::TemporaryFolder folder;
  loop::EventPtr event{loop::new_event()};
  loop::Mailbox mailbox{event.get()};
  model::SnapshotCell cell;
  std::vector<Json> events;
  std::unique_ptr<Endpoint> endpoint;
  std::unique_ptr<test::KubeletStandin> kubelet;
};

// D5
TEST_F(EndpointCalls, TellItsListAgainToAKubeletThatHasAnother) {
  publish(test::exclusive("a.io/vfs", {}));
  ASSERT_TRUE(run_until([&] { return count("devices") == 1; }));
  const auto refused = kubelet->allocate("a.io/vfs", {"0000:ff:1f.7"});
  EXPECT_EQ(refused["code"], static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT));
  EXPECT_TRUE(run_until([&] { return count("devices") == 2; }));
}

// F15, F16: the kubelet asks for the options when a resource is registered.
TEST_F(EndpointCalls, RegisterAnewWhenTheKubeletIsToCallMore) {
  auto resource = test::exclusive("a.io/vfs", {});
  publish(resource);
  ASSERT_TRUE(run_until([&] { return count("registered") == 1; }));
  resource.pre_start = true;
  publish(resource);
  EXPECT_TRUE(run_until([&] { return count("registered") == 2; }));
}

}  // namespace
}  // namespace nic::kubelet
