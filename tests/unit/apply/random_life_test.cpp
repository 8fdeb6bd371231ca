// The law of the whole agent: whatever happens to the machine, when it calms down the machine is as configured and
// planning finds nothing to do. Seeds are fixed, so a failure can be played again.
#include "core/plan.hpp"
#include "core/resolve.hpp"
#include "lib/agent_on_sim.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"

#include <gtest/gtest.h>

#include <random>

namespace nic::apply {
namespace {

using test::Host;
using test::pci;

const std::vector<std::string> kSlots{"0000:01:00.0", "0000:02:00.0", "0000:03:00.0"};

// Every third life is one of mlx5 or ice in switchdev mode.
const char* driver_of(unsigned seed) { return seed % 3 == 1 ? "mlx5_core" : seed % 3 == 2 ? "ice" : "igb"; }

model::Inventory card(std::size_t slot, const char* driver) {
  auto plugged = Host{}.pf(kSlots[slot], "enp" + std::to_string(slot + 1) + "s0", 7, driver).udev(kSlots[slot]);
  if (driver != std::string_view{"igb"}) plugged.eswitch(kSlots[slot]);
  model::Inventory host = plugged;
  host.net_devices[0].ifindex = 10 + static_cast<unsigned>(slot);
  return host;
}

void unplug(model::Inventory& host, const model::PciAddress& pf) {
  core::predict(host, model::SetNumVfs{pf, 0, 0});
  std::erase_if(host.net_devices, [&](const auto& net) { return net.function == pf; });
  host.functions.erase(pf);
}

class RandomLife : public testing::TestWithParam<unsigned> {};

TEST_P(RandomLife, EndsAsConfigured) {
  std::mt19937 random{GetParam()};
  const auto pick = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  auto machine = Host{}.module("vfio_pci").inventory();
  machine.rdma_subsystem = true;
  machine.rdma_netns_mode = model::RdmaNetnsMode::shared;
  test::AgentOnSim agent{machine};
  model::Config config;
  auto policy = test::policy("all", {{"enp1s0", {}}, {"enp2s0", {}}, {"enp3s0", {}}}, 1 + pick(7));
  policy.groups = {test::vfio({{0, 0}})};
  const char* driver = driver_of(GetParam());
  if (driver != std::string_view{"igb"}) policy.eswitch_mode = model::EswitchMode::switchdev;
  config.policies = {policy};
  if (GetParam() % 2 == 0) config.rdma_netns_mode = model::RdmaNetnsMode::exclusive;
  config.sources = {"test.toml"};
  agent.reconciler->configure(config);
  agent.reconciler->start();
  for (int step = 0; step < 60; ++step) {
    const std::size_t slot = pick(3);
    const auto pf = pci(kSlots[slot]);
    switch (pick(9)) {
      case 0:
        agent.machine->change([&](model::Inventory& host) {
          if (host.functions.contains(pf)) return;
          const auto plugged = card(slot, driver);
          host.functions.insert(plugged.functions.begin(), plugged.functions.end());
          host.net_devices.push_back(plugged.net_devices[0]);
        });
        break;
      case 1: agent.machine->change([&](model::Inventory& host) { unplug(host, pf); }); break;
      case 2:
        agent.machine->change([&](model::Inventory& host) { core::predict(host, model::SetNumVfs{pf, 0, pick(8)}); });
        break;
      case 3:
        agent.machine->fail_when([seed = random()](const model::Action&) mutable -> std::optional<model::Error> {
          seed = seed * 1664525U + 1013904223U;
          if ((seed >> 16U) % 3 != 0) return std::nullopt;
          return model::system_error(EBUSY, "write", "somewhere");
        });
        break;
      case 4: agent.machine->fail_when(nullptr); break;
      case 5:
        agent.machine->change([&](model::Inventory& host) {
          const auto there = host.functions.find(pf);
          if (there == host.functions.end() || !there->second.eswitch_mode) return;
          const auto mode = pick(2) == 0 ? model::EswitchMode::legacy : model::EswitchMode::switchdev;
          core::predict(host, model::SetEswitchMode{pf, *there->second.eswitch_mode, mode});
        });
        break;
      case 6: agent.machine->namespaces(pick(2) == 0); break;
      case 7:
        agent.machine->change([&](model::Inventory& host) {
          host.rdma_netns_mode = pick(2) == 0 ? model::RdmaNetnsMode::shared : model::RdmaNetnsMode::exclusive;
        });
        break;
      default: static_cast<void>(agent.run_until([] { return false; }, std::chrono::milliseconds{pick(4)})); break;
    }
  }
  agent.machine->fail_when(nullptr);
  agent.machine->namespaces(false);
  agent.reconciler->resumed();
  EXPECT_TRUE(agent.run_until([&] {
    const auto host = agent.machine->state();
    const auto desired = core::resolve(config, host);
    const auto now = agent.now();
    return agent.idle() && now->inventory == host && core::plan(desired, host, {}).empty() && now->plan.empty();
  })) << "seed "
      << GetParam();
  // And when no policy asks for anything any more, every card that is there is given back and nobody's.
  config.policies.clear();
  config.rdma_netns_mode.reset();
  agent.reconciler->configure(config);
  EXPECT_TRUE(agent.run_until([&] {
    const auto now = agent.now();
    return agent.idle() && now->plan.empty() && now->inventory.rdma_netns_option.empty() &&
           agent.records->rdma_netns.read().owned == model::OwnedRdmaNetns{} &&
           std::ranges::none_of(now->owned,
                                [&](const auto& owned) { return now->inventory.functions.contains(owned.first); });
  })) << "seed "
      << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLife, testing::Range(1U, 41U));

}  // namespace
}  // namespace nic::apply
