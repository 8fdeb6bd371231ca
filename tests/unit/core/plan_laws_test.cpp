// Two laws of planning, on generated machines and configurations: what was carried out leaves nothing to do, and dying
// after any step changes nothing about where it ends. Seeds are fixed, so a failure can be played again.
#include "core/plan.hpp"
#include "core/predict.hpp"
#include "core/resolve.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"
#include "lib/told_vfs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <random>

namespace nic::core {
namespace {

using test::Host;

class Generated {
 public:
  explicit Generated(unsigned seed) : random_{seed} {
    Host host;
    constexpr std::array kDrivers{"igb", "mlx5_core", "ice"};
    for (unsigned pf = 0; pf <= below(3); ++pf) {
      const auto name = fmt::format("enp{}s0", pf + 1);
      const auto address = fmt::format("0000:{:02x}:00.0", pf + 1);
      host.pf(address, name, 8, kDrivers[below(kDrivers.size())]);
      if (chance()) host.made_with(name, fmt::format("52:54:00:00:00:{:02x}", pf + 1));
    }
    inventory = host;
    for (auto& net : inventory.net_devices) net.admin_up = chance();
    config.policies = {policy("first", 0), policy("second", 4)};
    for (auto& [address, function] : std::map{inventory.functions})
      if (chance()) predict(inventory, model::SetNumVfs{address, 0, below(9)});
    for (auto& [address, function] : std::map{inventory.functions})
      if (function.physfn && chance())
        predict(inventory, model::BindDriver{address, *function.vf_index, device_type(), {}});
    test::tell_of_vfs(inventory);
  }

  model::Inventory inventory;
  model::Config config;

 private:
  unsigned below(std::size_t limit) { return static_cast<unsigned>(random_() % limit); }
  bool chance() { return below(2) == 1; }
  model::DeviceType device_type() { return chance() ? model::DeviceType::vfio_pci : model::DeviceType::netdevice; }

  // VFs from..from+3 of every PF, or nothing of them.
  model::SriovPolicy policy(std::string name, unsigned from) {
    std::vector<model::PfName> pfs;
    for (const auto& net : inventory.net_devices) pfs.push_back({net.name, {{from, from + 3}}});
    auto made = test::policy(std::move(name), std::move(pfs), from + 4);
    made.device_type = device_type();
    if (chance()) made.mtu = 1500 + 100 * below(40);
    if (chance()) made.options.settings.vlan = model::Vlan{static_cast<std::uint16_t>(below(4095)), 0, {}};
    if (chance()) made.options.settings.trust = chance();
    if (chance()) made.options.settings.link_state = model::VfLinkState::enable;
    if (chance()) made.options.settings.max_tx_rate = 100 * below(10);
    if (chance()) made.groups = {test::vfio({{from + 1, from + 2}})};
    return made;
  }
  std::mt19937 random_;
};

std::vector<model::Step> steps_of(const model::Plan& plan) {
  std::vector<model::Step> all = plan.modules;
  for (const auto& pf : plan.pfs)
    std::ranges::copy_if(pf.steps, std::back_inserter(all), [](const auto& step) { return !step.waits_for; });
  return all;
}

// Interfaces made on another way have other indexes, and names that count.
model::Inventory comparable(model::Inventory inventory) {
  for (auto& net : inventory.net_devices) net.ifindex = 0;
  std::ranges::sort(inventory.net_devices, {}, &model::NetDevice::name);
  return inventory;
}

model::Inventory carried_out(model::Inventory inventory, const std::vector<model::Step>& steps) {
  for (const auto& step : steps) predict(inventory, step.action);
  test::tell_of_vfs(inventory);
  return inventory;
}

class PlanLaws : public testing::TestWithParam<unsigned> {};

TEST_P(PlanLaws, NothingIsLeftAfterThePlanWasCarriedOut) {
  const Generated world{GetParam()};
  const auto desired = resolve(world.config, world.inventory);
  const auto after = carried_out(world.inventory, steps_of(plan(desired, world.inventory, {})));
  const auto rest = steps_of(plan(resolve(world.config, after), after, {}));
  EXPECT_TRUE(rest.empty()) << "seed " << GetParam() << ": " << model::describe(rest.front().action);
}

TEST_P(PlanLaws, DyingAfterAnyStepEndsInTheSameState) {
  const Generated world{GetParam()};
  const auto steps = steps_of(plan(resolve(world.config, world.inventory), world.inventory, {}));
  const auto whole = comparable(carried_out(world.inventory, steps));
  for (std::size_t done = 0; done < steps.size(); ++done) {
    const auto there = carried_out(world.inventory, {steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(done)});
    const auto rest = steps_of(plan(resolve(world.config, there), there, {}));
    EXPECT_EQ(comparable(carried_out(there, rest)), whole)
        << "seed " << GetParam() << ", dead before: " << model::describe(steps[done].action);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PlanLaws, testing::Range(0U, 60U));

}  // namespace
}  // namespace nic::core
