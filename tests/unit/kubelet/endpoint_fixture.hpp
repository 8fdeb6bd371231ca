#pragma once

#include "core/pools.hpp"
#include "kubelet/endpoint.hpp"
#include "kubelet_standin/standin.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"
#include "lib/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace nic::kubelet {

// The endpoint on the test's own loop, a stand-in kubelet beside it, real sockets between them.
class EndpointTest : public testing::Test {
 protected:
  using Json = nlohmann::json;
  using KubeletState = model::KubeletState;
  static constexpr auto kResource = "example.com/rdma";

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
    endpoint->configure({true, root().string(), on_rival});
  }
  void start_kubelet(bool legacy = false, test::KubeletRules rules = {}) {
    kubelet = std::make_unique<test::KubeletStandin>(
        root(), legacy,
        [this, post = mailbox.handle()](const Json& seen) { post([this, seen] { events.push_back(seen); }); }, rules);
  }
  // The loop goes on for so long; nothing is waited for.
  void run_for(std::chrono::milliseconds time) {
    (void)run_until([] { return false; }, time);
  }
  [[nodiscard]] bool streams(std::chrono::milliseconds within = std::chrono::seconds{10}) {
    return run_until([&] { return state() == KubeletState::streaming && (!kubelet || kubelet->knows(kResource)); },
                     within);
  }
  [[nodiscard]] std::size_t allocatable() { return kubelet->allocatable(kResource).size(); }
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
  [[nodiscard]] bool run_until(const std::function<bool()>& condition,
                               std::chrono::milliseconds within = std::chrono::seconds{10}) {
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

  model::OnRival on_rival{model::OnRival::take_over};
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

}  // namespace nic::kubelet
