#include "core/device_health.hpp"

#include "lib/hosts.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using namespace std::chrono_literals;
using test::pci;
using testing::ElementsAre, testing::HasSubstr, testing::IsEmpty;

// A pool looked at again and again; what time it is, the test says.
class DeviceHealthTest : public testing::Test {
 protected:
  DeviceHealthTest() {
    pool.resource = test::exclusive("a.io/vfs", {});
    add("0000:01:10.0");
    add("0000:01:10.2");
  }
  void add(const char* address) {
    model::PoolDevice device;
    device.id = address;
    device.function = pci(address);
    pool.devices.push_back(device);
  }
  // What is told at that moment.
  const model::Pool& at(std::chrono::milliseconds time) {
    auto followed = follow_health(health, {pool}, inventory, HealthClock::time_point{} + time);
    health = std::move(followed.health);
    next = followed.next;
    told = std::move(followed.pools.at(0));
    return told;
  }
  void fault(std::string why) {
    pool.devices[0].healthy = why.empty();
    pool.devices[0].unhealthy = std::move(why);
  }
  [[nodiscard]] std::string wakes() const {
    return next ? fmt::format("{} ms",
                              std::chrono::duration_cast<std::chrono::milliseconds>(next->time_since_epoch()).count())
                : "never";
  }

  model::Pool pool, told;
  model::Inventory inventory;
  DeviceHealth health;
  std::optional<HealthClock::time_point> next;
};

TEST_F(DeviceHealthTest, WhatIsRightIsToldAsItIsAndNothingWakesTheAgent) {
  EXPECT_EQ(at(0ms).healthy, 2u);
  EXPECT_EQ(wakes(), "never");
}

// C5
TEST_F(DeviceHealthTest, AFaultIsToldAtOnceAndItsEndWhenItHasLasted) {
  at(0ms);
  fault("enp1s0 of its PF has no carrier");
  EXPECT_EQ(at(1000ms).healthy, 1u);
  EXPECT_EQ(told.devices[0].unhealthy, "enp1s0 of its PF has no carrier");
  EXPECT_EQ(wakes(), "never");
  fault("");
  EXPECT_EQ(at(5000ms).healthy, 1u);
  EXPECT_THAT(told.devices[0].unhealthy, HasSubstr("right again, and not yet for long enough"));
  EXPECT_EQ(wakes(), "7000 ms");
  EXPECT_EQ(at(6999ms).healthy, 1u);
  EXPECT_EQ(at(7000ms).healthy, 2u);
  EXPECT_EQ(told.devices[0].unhealthy, "");
  EXPECT_EQ(wakes(), "never");
}

TEST_F(DeviceHealthTest, WhatComesUpBrokenIsRightAsSoonAsItIs) {
  fault("enp1s0 of its PF has no carrier");  // the PF's driver is still at it
  EXPECT_EQ(at(0ms).healthy, 1u);
  fault("");
  EXPECT_EQ(at(100ms).healthy, 2u);
}

// C5: a link that flaps every half second for a minute is told three times, not 240 times.
TEST_F(DeviceHealthTest, ALinkThatFlapsIsToldOnceUntilItIsCalm) {
  at(0ms);
  unsigned told_changes = 0;
  bool was = true;
  for (auto time = 0ms; time < 60s; time += 250ms) {
    fault(time.count() % 500 == 0 ? "no carrier" : "");
    const bool is = at(time).devices[0].healthy;
    told_changes += is == was ? 0 : 1;
    was = is;
  }
  EXPECT_EQ(told_changes, 1u);
  fault("");
  at(60s);
  EXPECT_EQ(at(119s).healthy, 1u);
  EXPECT_EQ(at(121s).healthy, 2u);
}

TEST_F(DeviceHealthTest, EachFailureThatComesBackCostsTwiceTheTimeUntilItIsForgotten) {
  const auto recovers_after = [&](std::chrono::milliseconds from) {
    fault("no carrier");
    at(from);
    fault("");
    at(from + 1ms);
    return std::chrono::duration_cast<std::chrono::milliseconds>(next->time_since_epoch()) - from - 1ms;
  };
  at(0ms);
  EXPECT_EQ(recovers_after(1s), 2s);
  at(10s);
  EXPECT_EQ(recovers_after(20s), 4s);
  at(40s);
  EXPECT_EQ(recovers_after(60s), 8s);
  at(100s);
  EXPECT_EQ(recovers_after(2000s), 2s);
}

// C3
TEST_F(DeviceHealthTest, ADeviceThatSomebodyHasIsUnhealthyBeforeItIsRemoved) {
  pool.devices[0].in_use = true;
  at(0ms);
  pool.devices.erase(pool.devices.begin());
  EXPECT_EQ(at(1s).devices.size(), 2u);
  EXPECT_EQ(told.devices[0].id, "0000:01:10.0");  // in its place
  EXPECT_EQ(told.devices[0].unhealthy, "it is not there any more");
  EXPECT_EQ(told.capacity, 2u);
  EXPECT_EQ(told.healthy, 1u);
  EXPECT_EQ(wakes(), "61000 ms");
  EXPECT_EQ(at(60s).devices.size(), 2u);
  EXPECT_EQ(at(61s).devices.size(), 1u);
  EXPECT_EQ(at(62s).devices.size(), 1u);
  EXPECT_EQ(wakes(), "never");
}

TEST_F(DeviceHealthTest, ADeviceThatNobodyHasIsRemovedAtOnce) {
  at(0ms);
  pool.devices.clear();
  EXPECT_THAT(at(1s).devices, IsEmpty());
  EXPECT_EQ(told.capacity, 0u);
}

TEST_F(DeviceHealthTest, HowLongItStaysIsTheResourcesPolicy) {
  pool.devices[0].in_use = true;
  pool.resource.keep_lost_seconds = 0;
  at(0ms);
  pool.devices.clear();
  EXPECT_THAT(at(1ms).devices, IsEmpty());
}

TEST_F(DeviceHealthTest, ADriverThatWasTakenFromAUsersDeviceIsTheReason) {
  pool.devices[0].in_use = true;
  at(0ms);
  pool.devices.erase(pool.devices.begin());
  pool.not_ready = {{"0000:01:10.0", "no driver", "a driver to bind"}};
  EXPECT_EQ(at(1s).devices.at(0).unhealthy, "no driver");
  pool.not_ready.clear();  // where the resource selects by driver, it is not asked for at all
  inventory.functions[pci("0000:01:10.0")].address = pci("0000:01:10.0");
  EXPECT_EQ(at(1500ms).devices.at(0).unhealthy, "no driver");
  pool.devices.clear();
  add("0000:01:10.0");  // bound again
  add("0000:01:10.2");
  EXPECT_EQ(at(2s).healthy, 1u);
  EXPECT_EQ(at(4s).healthy, 2u);
}

TEST_F(DeviceHealthTest, ADeviceThatWentToAnotherResourceIsNotLost) {
  pool.devices[0].in_use = true;
  at(0ms);
  auto other = pool;
  other.resource.name = "a.io/others";
  other.devices.erase(other.devices.begin() + 1);
  pool.devices.erase(pool.devices.begin());
  const auto followed = follow_health(health, {pool, other}, inventory, HealthClock::time_point{} + 1s);
  EXPECT_EQ(followed.pools[0].devices.size(), 1u);
  EXPECT_EQ(followed.pools[1].devices.size(), 1u);
}

TEST_F(DeviceHealthTest, ASharedResourceIsFollowedAsAWhole) {
  pool = {};
  pool.resource = test::shared("a.io/rdma", 10, {});
  pool.functions = {pci("0000:01:00.0")};
  pool.capacity = pool.healthy = 10;
  EXPECT_EQ(at(0ms).healthy, 10u);
  pool.healthy = 0;
  pool.unhealthy = "0000:01:00.0: port 1 of mlx5_0 is DOWN";
  EXPECT_EQ(at(1s).healthy, 0u);
  EXPECT_EQ(told.unhealthy, "0000:01:00.0: port 1 of mlx5_0 is DOWN");
  pool.healthy = 10;
  pool.unhealthy.clear();
  EXPECT_EQ(at(2s).healthy, 0u);
  EXPECT_EQ(at(4s).healthy, 10u);
  EXPECT_EQ(told.unhealthy, "");
}

}  // namespace
}  // namespace nic::core
