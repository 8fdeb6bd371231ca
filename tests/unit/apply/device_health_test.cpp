// The circle from an event to what the kubelet is told, and the clock that ends it.
#include "core/predict.hpp"
#include "lib/agent_on_sim.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::apply {
namespace {

using test::AgentOnSim;
using test::Host;
using test::pci;

constexpr auto* kVf = "0000:01:10.0";

model::Inventory one_vf() {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  core::predict(host, model::SetNumVfs{pci("0000:01:00.0"), 0, 1});
  core::predict(host, model::BindDriver{pci(kVf), 0, model::DeviceType::netdevice, {}});
  return host;
}

class DeviceHealth : public testing::Test {
 protected:
  DeviceHealth() {
    model::Config config;
    config.resources = {test::exclusive("a.io/vfs", {})};
    agent.reconciler->configure(std::move(config));
    agent.reconciler->start();
  }
  [[nodiscard]] bool is(unsigned capacity, unsigned healthy) {
    return agent.run_until([&] {
      const auto now = agent.now();
      return !now->pools.empty() && now->pools[0].capacity == capacity && now->pools[0].healthy == healthy;
    });
  }
  [[nodiscard]] std::string why() const { return agent.now()->pools.at(0).devices.at(0).unhealthy; }

  AgentOnSim agent{one_vf()};
};

// C5
TEST_F(DeviceHealth, ALinkThatWentDownIsToldAndComesBackByTheClockAlone) {
  ASSERT_TRUE(is(1, 1));
  agent.machine->change([](model::Inventory& host) { host.net_devices.front().carrier = false; });
  ASSERT_TRUE(is(1, 0));
  EXPECT_EQ(why(), "enp1s0 of its PF has no carrier");
  const auto before = std::chrono::steady_clock::now();
  agent.machine->change([](model::Inventory& host) { host.net_devices.front().carrier = true; });
  ASSERT_TRUE(is(1, 1));  // no further event
  EXPECT_GE(std::chrono::steady_clock::now() - before, core::Damping{}.settle);
}

// C1, C2
TEST_F(DeviceHealth, AVfLeavesAndComesWithItsDriver) {
  ASSERT_TRUE(is(1, 1));
  agent.machine->change([](model::Inventory& host) { host.functions.at(pci(kVf)).driver.reset(); });
  ASSERT_TRUE(is(0, 0));
  agent.machine->change([](model::Inventory& host) { host.functions.at(pci(kVf)).driver = "igbvf"; });
  ASSERT_TRUE(is(1, 1));
}

// C3
TEST_F(DeviceHealth, AVfThatSomebodyHasIsUnhealthyBeforeItLeaves) {
  ASSERT_TRUE(is(1, 1));
  agent.machine->take(pci(kVf), "a pod has it");
  agent.machine->change([](model::Inventory&) {});
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->pools[0].devices.at(0).in_use; }));
  agent.machine->change(
      [](model::Inventory& host) { core::predict(host, model::SetNumVfs{pci("0000:01:00.0"), 1, 0}); });
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->inventory.functions.size() == 1; }));
  const auto pool = agent.now()->pools.at(0);
  const auto vf = std::ranges::find(pool.devices, kVf, &model::PoolDevice::id);
  ASSERT_NE(vf, pool.devices.end());
  EXPECT_FALSE(vf->healthy);
  EXPECT_EQ(vf->unhealthy, "it is not there any more");
}

}  // namespace
}  // namespace nic::apply
