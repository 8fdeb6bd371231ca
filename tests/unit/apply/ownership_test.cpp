// Ownership as an administrator meets it: on the whole reconciler.
#include "apply/ownership.hpp"

#include "lib/agent_on_sim.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"
#include "lib/state_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <system_error>

namespace nic::apply {
namespace {

using model::FunctionState;
using test::AgentOnSim;
using test::Host;
using test::pci;
using test::policy;
using testing::HasSubstr;
using testing::IsEmpty;

const model::PciAddress kPf = pci("0000:01:00.0");

model::SriovPolicy four_large() {
  auto workers = policy("workers", {{"enp1s0", {}}}, 4);
  workers.mtu = 9000;
  return workers;
}

unsigned vfs(const model::Inventory& host) { return host.functions.at(kPf).sriov->num_vfs; }
unsigned mtu(const model::Inventory& host) { return host.net_devices_of(kPf).front()->mtu; }

class OwnedPf : public testing::Test {
 protected:
  // The agent with the policy done: four VFs, a large MTU, both its own.
  void begin(AgentOnSim& agent) {
    agent.configure({four_large()});
    agent.reconciler->start();
    ASSERT_TRUE(agent.run_until([&] { return settled(agent) && agent.status(kPf).state == FunctionState::ok; }));
    ASSERT_EQ(vfs(agent.machine->state()), 4u);
    ASSERT_EQ(mtu(agent.machine->state()), 9000u);
  }
  static bool settled(const AgentOnSim& agent) { return agent.now()->settled && agent.idle(); }
  static bool is_given_back(const AgentOnSim& agent) {
    const auto host = agent.machine->state();
    return settled(agent) && agent.now()->owned.empty() && vfs(host) == 0 && mtu(host) == 1500;
  }
  // The name and the end of a job that was asked for.
  static std::optional<model::Error> ended(AgentOnSim& agent, std::uint32_t job) {
    EXPECT_TRUE(agent.run_until([&] { return std::ranges::count(agent.finished, job, &model::Job::id) == 1; }));
    return std::ranges::find(agent.finished, job, &model::Job::id)->error;
  }
  static model::Config by_hand(std::vector<model::SriovPolicy> policies) {
    model::Config config;
    config.policies = std::move(policies);
    config.sources = {"test.toml"};
    config.auto_apply = false;
    return config;
  }

  test::TemporaryFolder state;
  std::filesystem::path record = state.path() / "owned/0000_01_00_0.json";
  model::Inventory host = Host{}.pf("0000:01:00.0");
};

TEST_F(OwnedPf, IsNotedBeforeItIsChanged) {
  AgentOnSim agent{host, state.path()};
  bool noted_first = true;
  agent.machine->fail_when([&](const model::Action&) -> std::optional<model::Error> {
    noted_first = noted_first && std::filesystem::exists(record);
    return std::nullopt;
  });
  begin(agent);
  EXPECT_TRUE(noted_first);
  EXPECT_EQ(agent.now()->owned.at(kPf).found, (model::Found{.num_vfs = 0, .mtu = 1500}));
}

TEST_F(OwnedPf, IsNotChangedWhereItCannotBeNoted) {
  std::ofstream{state.path() / "owned"} << "in the way";
  AgentOnSim agent{host, state.path()};
  agent.configure({four_large()});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::failed; }));
  EXPECT_EQ(agent.machine->performed(), 0u);
  EXPECT_THAT(agent.status(kPf).text, HasSubstr("/owned"));
}

TEST_F(OwnedPf, IsGivenBackOnceWhenNoPolicyAsksForItAnyMore) {
  AgentOnSim agent{host, state.path()};
  begin(agent);
  agent.configure({});
  ASSERT_TRUE(agent.run_until([&] { return is_given_back(agent); }));
  EXPECT_FALSE(std::filesystem::exists(record));
  EXPECT_EQ(agent.status(kPf).state, FunctionState::unmanaged);
  // What somebody else does to it from now on is not the agent's business.
  const auto performed = agent.machine->performed();
  agent.machine->change([](model::Inventory& now) { core::predict(now, model::SetNumVfs{kPf, 0, 3}); });
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->inventory.functions.size() == 4 && settled(agent); }));
  EXPECT_EQ(agent.machine->performed(), performed);
}

TEST_F(OwnedPf, IsGivenBackAlsoAfterARestartInBetween) {
  model::Inventory between;
  {
    AgentOnSim agent{host, state.path()};
    begin(agent);
    between = agent.machine->state();
  }
  AgentOnSim agent{between, state.path()};
  agent.configure({});
  agent.reconciler->start();
  EXPECT_TRUE(agent.run_until([&] { return is_given_back(agent); }));
}

TEST_F(OwnedPf, OfAMachineThatHasRebootedIsNobodys) {
  {
    AgentOnSim agent{host, state.path()};
    begin(agent);
  }
  // Somebody's boot script has made VFs since.
  core::predict(host, model::SetNumVfs{kPf, 0, 2});
  AgentOnSim agent{host, state.path()};
  std::filesystem::create_directories(agent.root() / "proc/sys/kernel/random");
  std::ofstream{agent.root() / "proc/sys/kernel/random/boot_id"} << "another boot\n";
  agent.configure({});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return settled(agent); }));
  EXPECT_EQ(agent.machine->performed(), 0u);
  EXPECT_THAT(agent.now()->owned, IsEmpty());
}

TEST_F(OwnedPf, IsKeptWhileNoConfigurationCouldBeRead) {
  model::Inventory between;
  {
    AgentOnSim agent{host, state.path()};
    begin(agent);
    between = agent.machine->state();
  }
  AgentOnSim agent{between, state.path()};
  agent.reconciler->reject({model::invalid("unknown key", "test.toml:3:1")});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return settled(agent) && agent.now()->owned.size() == 1; }));
  EXPECT_EQ(agent.machine->performed(), 0u);
  EXPECT_TRUE(agent.now()->plan.empty());
  const auto refused = agent.reconciler->release({.device = kPf, .restore = true});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, model::Code::busy);
}

TEST_F(OwnedPf, IsKeptWhenABrokenConfigurationComes) {
  AgentOnSim agent{host, state.path()};
  begin(agent);
  agent.reconciler->reject({model::invalid("unknown key", "test.toml:3:1")});
  agent.reconciler->resumed();
  ASSERT_TRUE(agent.run_until([&] { return settled(agent); }));
  EXPECT_EQ(vfs(agent.machine->state()), 4u);
  EXPECT_EQ(agent.now()->owned.size(), 1u);
}

TEST_F(OwnedPf, IsKeptWhileItsInterfaceIsElsewhere) {
  AgentOnSim agent{host, state.path()};
  begin(agent);
  const auto interface = *agent.machine->state().net_devices_of(kPf).front();
  agent.machine->change([](model::Inventory& now) {
    std::erase_if(now.net_devices, [](const auto& net) { return net.function == kPf; });
  });
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->desired.kept.contains(kPf) && settled(agent); }));
  EXPECT_EQ(vfs(agent.machine->state()), 4u);
  EXPECT_THAT(agent.status(kPf).text, HasSubstr("workers"));
  const auto refused = agent.reconciler->release({.device = kPf});
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().text(), HasSubstr("workers"));
  agent.machine->change([&](model::Inventory& now) { now.net_devices.push_back(interface); });
  EXPECT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::ok; }));
}

TEST_F(OwnedPf, IsNotTornFromSomebodyWhoUsesItsVfs) {
  AgentOnSim agent{host, state.path()};
  begin(agent);
  agent.machine->take(pci("0000:01:10.2"), "a pod has it");
  agent.configure({});
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::protected_; }));
  EXPECT_EQ(vfs(agent.machine->state()), 4u);
  EXPECT_THAT(agent.status(kPf).text, HasSubstr("a pod has it"));
  agent.machine->take(pci("0000:01:10.2"), "");
  agent.reconciler->resumed();
  EXPECT_TRUE(agent.run_until([&] { return is_given_back(agent); }));
}

TEST_F(OwnedPf, IsHandedOverAsItIs) {
  AgentOnSim agent{host, state.path()};
  begin(agent);
  auto external = four_large();
  external.externally_managed = true;
  agent.configure({external});
  ASSERT_TRUE(agent.run_until([&] { return settled(agent) && agent.now()->owned.empty(); }));
  agent.configure({});
  ASSERT_TRUE(agent.run_until([&] { return settled(agent); }));
  EXPECT_EQ(vfs(agent.machine->state()), 4u);
  EXPECT_EQ(mtu(agent.machine->state()), 9000u);
}

TEST_F(OwnedPf, IsNotOneWhoseVfsSomebodyElseMakes) {
  core::predict(host, model::SetNumVfs{kPf, 0, 2});
  auto external = policy("external", {{"enp1s0", {}}}, 2);
  external.externally_managed = true;
  external.groups = {test::vfio({{0, 1}})};
  AgentOnSim agent{host, state.path()};
  agent.configure({external});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return settled(agent) && agent.status(kPf).state == FunctionState::ok; }));
  EXPECT_GE(agent.machine->performed(), 2u);
  EXPECT_THAT(agent.now()->owned, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(record));
}

TEST_F(OwnedPf, IsOnlyShownHowItWouldBeGivenBackWhenItMayNotBe) {
  AgentOnSim agent{host, state.path()};
  begin(agent);
  agent.reconciler->configure(by_hand({}));
  ASSERT_TRUE(agent.run_until([&] { return settled(agent); }));
  EXPECT_EQ(agent.now()->plan.pfs.at(0).steps.size(), 2u);
  EXPECT_EQ(vfs(agent.machine->state()), 4u);
  ASSERT_TRUE(agent.reconciler->apply({}).has_value());
  EXPECT_TRUE(agent.run_until([&] { return is_given_back(agent); }));
}

TEST_F(OwnedPf, IsReleasedAsItIs) {
  AgentOnSim agent{host, state.path()};
  begin(agent);
  agent.reconciler->configure(by_hand({}));
  const auto performed = agent.machine->performed();
  const auto job = agent.reconciler->release({.device = kPf});
  ASSERT_TRUE(job.has_value()) << job.error().text();
  EXPECT_EQ(ended(agent, *job), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(record));
  agent.configure({});
  ASSERT_TRUE(agent.run_until([&] { return settled(agent); }));
  EXPECT_EQ(agent.machine->performed(), performed);
  EXPECT_EQ(vfs(agent.machine->state()), 4u);
  EXPECT_THAT(agent.now()->owned, IsEmpty());
}

TEST_F(OwnedPf, IsReleasedAsItWasWhereThatIsAskedFor) {
  AgentOnSim agent{host, state.path()};
  begin(agent);
  agent.reconciler->configure(by_hand({}));
  const auto job = agent.reconciler->release({.device = kPf, .restore = true});
  ASSERT_TRUE(job.has_value()) << job.error().text();
  EXPECT_EQ(ended(agent, *job), std::nullopt);
  EXPECT_TRUE(agent.run_until([&] { return is_given_back(agent); }));
}

TEST_F(OwnedPf, IsNotReleasedWhileAPolicyAsksForIt) {
  AgentOnSim agent{host, state.path()};
  begin(agent);
  for (const bool restore : {false, true}) {
    const auto refused = agent.reconciler->release({.device = kPf, .restore = restore});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, model::Code::busy);
    EXPECT_THAT(refused.error().text(), HasSubstr("policy \"workers\""));
  }
  EXPECT_EQ(agent.now()->owned.size(), 1u);
}

TEST_F(OwnedPf, IsReleasedAlsoWhenItWasPulledAndNotWhenItWasNeverOwned) {
  AgentOnSim agent{host, state.path()};
  begin(agent);
  EXPECT_EQ(agent.reconciler->release({.device = pci("0000:09:00.0")}).error().code, model::Code::not_found);
  agent.machine->change([](model::Inventory& now) { now = {}; });
  ASSERT_TRUE(agent.run_until([&] { return agent.now()->functions.empty(); }));
  EXPECT_EQ(agent.reconciler->release({.device = kPf, .restore = true}).error().code, model::Code::not_found);
  const auto job = agent.reconciler->release({.device = kPf});
  ASSERT_TRUE(job.has_value());
  EXPECT_EQ(ended(agent, *job), std::nullopt);
  EXPECT_THAT(agent.now()->owned, IsEmpty());
}

TEST_F(OwnedPf, RefusesARestoreThatWouldTearSomethingFromSomebody) {
  AgentOnSim agent{host, state.path()};
  begin(agent);
  agent.reconciler->configure(by_hand({}));
  agent.machine->take(pci("0000:01:10.2"), "a pod has it");
  agent.reconciler->resumed();
  ASSERT_TRUE(agent.run_until([&] { return agent.status(kPf).state == FunctionState::protected_; }));
  EXPECT_EQ(agent.reconciler->release({.device = kPf, .restore = true}).error().code, model::Code::protected_);
}

TEST_F(OwnedPf, IsTakenOverFromTheOperator) {
  core::predict(host, model::SetNumVfs{kPf, 0, 4});
  for (unsigned index = 0; index < 4; ++index)
    core::predict(host, model::BindDriver{
                            host.functions.at(kPf).sriov->virtfns.at(index), index, model::DeviceType::netdevice, {}});
  AgentOnSim agent{host, state.path()};
  std::filesystem::create_directories(agent.root() / "etc/sriov-operator/pci");
  std::ofstream{agent.root() / "etc/sriov-operator/pci/0000:01:00.0"} << R"({"pciAddress":"0000:01:00.0","numVfs":4})";
  // Nothing is anybody's business before a policy says so.
  agent.configure({});
  agent.reconciler->start();
  ASSERT_TRUE(agent.run_until([&] { return settled(agent); }));
  EXPECT_THAT(agent.now()->owned, IsEmpty());
  agent.configure({policy("workers", {{"enp1s0", {}}}, 4)});
  ASSERT_TRUE(agent.run_until([&] { return settled(agent) && agent.now()->owned.size() == 1; }));
  EXPECT_EQ(agent.machine->performed(), 0u);
  EXPECT_TRUE(std::filesystem::exists(record));
  agent.configure({});
  EXPECT_TRUE(agent.run_until([&] { return is_given_back(agent); }));
}

// What stands on disk and what the machine is at a moment at which the agent may be killed.
struct Moment {
  test::Files state;
  model::Inventory host;
};

class KilledAnywhere : public OwnedPf {
 protected:
  // Before and after every step of making what the policy asks for, and of giving it back.
  std::vector<Moment> life(const model::SriovPolicy& policy, const std::function<bool(const AgentOnSim&)>& is_back) {
    std::vector<Moment> moments;
    auto mirror = host;
    const auto keep = [&] { moments.push_back({test::files_below(state.path()), mirror}); };
    AgentOnSim agent{host, state.path()};
    agent.machine->fail_when([&](const model::Action& action) -> std::optional<model::Error> {
      keep();
      core::predict(mirror, action);
      keep();
      return std::nullopt;
    });
    agent.configure({policy});
    agent.reconciler->start();
    EXPECT_TRUE(agent.run_until([&] { return settled(agent) && agent.status(kPf).state == FunctionState::ok; }));
    agent.configure({});
    EXPECT_TRUE(agent.run_until([&] { return is_back(agent); }));
    agent.machine->fail_when(nullptr);
    return moments;
  }
};

TEST_F(KilledAnywhere, ItConverges) {
  const auto moments = life(four_large(), is_given_back);
  // Every step of making it, of giving it back, before and after; the record without the change is the first of them.
  ASSERT_GE(moments.size(), 2u * (1 + 4 + 1 + 4 + 2));
  for (std::size_t at = 0; at < moments.size(); ++at) {
    for (const bool wanted : {true, false}) {
      const test::TemporaryFolder again;
      test::put_files(moments[at].state, again.path());
      AgentOnSim agent{moments[at].host, again.path()};
      agent.configure(wanted ? std::vector{four_large()} : std::vector<model::SriovPolicy>{});
      agent.reconciler->start();
      EXPECT_TRUE(agent.run_until([&] {
        if (!wanted) return is_given_back(agent);
        const auto now = agent.machine->state();
        return settled(agent) && agent.status(kPf).state == FunctionState::ok && vfs(now) == 4 && mtu(now) == 9000 &&
               agent.now()->owned.contains(kPf) &&
               agent.now()->owned.at(kPf).found == model::Found{.num_vfs = 0, .mtu = 1500};
      })) << "killed at moment "
          << at << (wanted ? ", with the policy: " : ", without it: ") << agent.status(kPf).text << ", "
          << vfs(agent.machine->state()) << " VFs, MTU " << mtu(agent.machine->state()) << ", "
          << agent.now()->owned.size() << " owned" << (settled(agent) ? "" : ", not settled");
    }
  }
}

// What an administrator notices of VFs that were there before the agent came.
using Vfs = std::map<unsigned, std::vector<std::string>>;
Vfs vfs_of(const model::Inventory& host) {
  Vfs all;
  for (const auto& [index, address] : host.functions.at(kPf).sriov->virtfns) {
    auto& vf = all[index];
    const auto& told = host.net_devices_of(kPf).front()->vfs.at(index);
    vf = {host.functions.at(address).driver.value_or("none"), std::to_string(told.vlan->id),
          *told.trust ? "trust" : ""};
    if (index != 1) vf.push_back(told.mac->text());  // VF 1 had none, and nobody can take one away
    for (const auto* net : host.net_devices_of(address)) vf.push_back(std::to_string(net->mtu));
  }
  return all;
}

TEST_F(KilledAnywhere, ItGivesBackTheVfsThatWereThere) {
  using model::DeviceType;
  core::predict(host, model::SetNumVfs{kPf, 0, 4});
  core::predict(host, model::SetAutoprobe{kPf, true});
  const auto vf = [&](unsigned index) { return host.functions.at(kPf).sriov->virtfns.at(index); };
  for (unsigned index = 0; index < 4; ++index) host.functions.at(vf(index)).life = 1'000'000 + index;
  core::predict(host, model::BindDriver{vf(0), 0, DeviceType::netdevice, {}});
  core::predict(host, model::BindDriver{vf(2), 2, DeviceType::vfio_pci, {}});
  core::predict(host, model::BindDriver{vf(3), 3, DeviceType::netdevice, {}});
  core::predict(host, model::SetMtu{vf(0), 1500, 3000});
  test::tell_of_vfs(host);
  auto& told = host.net_devices[0].vfs;
  told.at(0).vlan = model::Vlan{7, 0, model::VlanProtocol::dot1q};
  told.at(3).trust = true;
  for (const unsigned index : {0U, 2U, 3U}) told.at(index).mac = model::MacAddress{0x020000000070U + index};
  const auto found = vfs_of(host);

  auto other = policy("other", {{"enp1s0", {}}}, 4);
  other.mtu = 2000;
  other.options.macs = model::AddressPool<model::MacAddress>{.source = model::AddressSource::listed,
                                                             .ranges = {{{0x020000000010}, {0x020000000013}}}};
  other.options.settings.vlan = model::Vlan{100, 0, model::VlanProtocol::dot1q};
  other.options.settings.trust = false;
  other.groups = {test::vfio({{0, 0}})};
  const auto is_back = [&](const AgentOnSim& agent) {
    const auto now = agent.machine->state();
    return settled(agent) && agent.now()->owned.empty() && vfs_of(now) == found && mtu(now) == 1500;
  };
  const auto moments = life(other, is_back);
  ASSERT_GE(moments.size(), 20U);
  for (std::size_t at = 0; at < moments.size(); ++at) {
    const test::TemporaryFolder again;
    test::put_files(moments[at].state, again.path());
    AgentOnSim agent{moments[at].host, again.path()};
    agent.configure({});
    agent.reconciler->start();
    EXPECT_TRUE(agent.run_until([&] { return is_back(agent); }))
        << "killed at moment " << at << ": " << agent.status(kPf).text << ", " << agent.now()->owned.size() << " owned"
        << testing::PrintToString(vfs_of(agent.machine->state()));
  }
}

}  // namespace
}  // namespace nic::apply
