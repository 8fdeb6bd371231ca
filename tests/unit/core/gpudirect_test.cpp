// [gpudirect]: what it asks of a machine, what it leaves alone, and how that is given back.
#include "core/ownership.hpp"
#include "core/plan.hpp"
#include "core/predict.hpp"
#include "core/resolve.hpp"
#include "lib/gpu_hosts.hpp"
#include "lib/plans.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using test::GpuHost;
using test::lines;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const model::PciAddress kPort = test::pci("0000:12:00.0");  // between GPU 0 and its switch

model::Config asking(model::AcsPolicy acs, std::optional<unsigned> read_request = {}) {
  model::Config config;
  config.sources = {"test.toml"};
  config.gpudirect = {acs, read_request};
  return config;
}
model::Config acs_off() { return asking(model::AcsPolicy::off_on_gpu_paths); }

model::Plan planned(const model::Config& config, const model::Inventory& host, const model::OwnedPfs& owned = {},
                    const PlanOptions& options = {}) {
  return plan(resolve(config, host, owned), host, {}, options);
}

void carry_out(model::Inventory& host, const model::Plan& plan) {
  for (const auto& pf : plan.pfs)
    for (const auto& step : pf.steps) predict(host, step.action);
}

// As the worker notes it.
void carry_out(model::Inventory& host, const model::Plan& plan, model::OwnedPfs& owned) {
  for (const auto& pf : plan.pfs)
    for (const auto& step : pf.steps) {
      auto record = owned.contains(pf.pf) ? owned.at(pf.pf) : *first_record(pf.pf, host);
      owned.insert_or_assign(pf.pf, noted(record, step.action, {}));
      predict(host, step.action);
    }
}

TEST(Gpudirect, LeavesEverythingAsItIsUnlessItIsAsked) {
  GpuHost machine;
  machine.acs(0x1d);
  machine.read_requests(512);
  EXPECT_TRUE(planned(asking(model::AcsPolicy::leave), machine.host).empty());
}

// Behaviour 26: only downstream and root ports between a GPU and a NIC, and of these only the bits that redirect.
TEST(Gpudirect, TurnsRedirectionOffOnThePortsBetweenGpusAndNics) {
  GpuHost machine;
  machine.acs(0x5f);
  const auto steps = planned(acs_off(), machine.host);
  EXPECT_THAT(lines(steps), Contains("turn ACS RR CR off at bridge 0000:12:00.0"));
  // All ports but the root ports of host bridge B, which no path below one host bridge crosses.
  EXPECT_THAT(lines(steps), AllOf(SizeIs(22), Not(Contains(HasSubstr("0000:30:00.0")))));
  for (const auto& pf : steps.pfs) {
    const auto type = machine.at(pf.pf).config.express->type;
    EXPECT_TRUE(type == model::PcieType::root_port || type == model::PcieType::downstream_port) << pf.pf.text();
    EXPECT_EQ(pf.steps.at(0).disruption, model::Disruption::live);
    EXPECT_THAT(pf.steps.at(0).why, HasSubstr("between GPU"));
  }
  carry_out(machine.host, steps);
  EXPECT_EQ(machine.at(kPort).config.acs->control, 0x53);
  EXPECT_EQ(machine.at(test::pci("0000:30:00.0")).config.acs->control, 0x5f);
  EXPECT_TRUE(planned(acs_off(), machine.host).empty());
}

TEST(Gpudirect, AsksABridgeForNothingThatItDoesNotHave) {
  GpuHost machine;
  machine.at(kPort).config.acs = model::Acs{0x01, 0x01};
  machine.at(test::pci("0000:12:01.0")).config.acs.reset();
  EXPECT_TRUE(planned(acs_off(), machine.host).empty());
}

TEST(Gpudirect, RefusesWhereAGuestMayBeBelowThePort) {
  GpuHost machine;
  machine.acs(0x1d);
  const auto vf = test::pci("0000:14:00.3");
  machine.host.pcie.passthrough = {{vf, "vfio-pci", machine.at(machine.nics[0]).above}};
  const auto steps = planned(acs_off(), machine.host);
  std::vector<std::string> refused;
  for (const auto& pf : steps.pfs)
    for (const auto& refusal : pf.refusals) {
      refused.push_back(pf.pf.text());
      EXPECT_TRUE(refusal.forceable);
      EXPECT_THAT(refusal.error.text(), AllOf(HasSubstr("0000:14:00.3"), HasSubstr("vfio-pci")));
    }
  // The root port and the downstream port above it; the GPU's own port isolates the GPU only.
  EXPECT_THAT(refused, ElementsAre("0000:10:00.0", "0000:12:01.0"));
  EXPECT_THAT(lines(steps), Contains(HasSubstr("bridge 0000:12:00.0")));
  EXPECT_THAT(lines(planned(acs_off(), machine.host, {}, {.force = true})), Contains(HasSubstr("bridge 0000:12:01.0")));
}

// Behaviour 27: what is read is compared, so a reset or a new driver brings the step again.
TEST(Gpudirect, SetsTheReadRequestOfTheNearestNics) {
  GpuHost machine;
  machine.read_requests(512);
  const auto config = asking(model::AcsPolicy::leave, 4096);
  const auto steps = planned(config, machine.host);
  EXPECT_THAT(lines(steps), AllOf(SizeIs(8), Contains("set the maximum read request of 0000:14:00.0 from 512 to 4096 "
                                                      "bytes")));
  carry_out(machine.host, steps);
  EXPECT_TRUE(planned(config, machine.host).empty());
  machine.at(machine.nics[0]).config.express->max_read_request = 512;
  EXPECT_THAT(lines(planned(config, machine.host)), SizeIs(1));
}

TEST(Gpudirect, LeavesAReservedValueAlone) {
  GpuHost machine;
  machine.read_requests(0);
  EXPECT_TRUE(planned(asking(model::AcsPolicy::leave, 4096), machine.host).empty());
}

TEST(Gpudirect, LeavesANicAloneThatIsNearestToNoGpu) {
  GpuHost machine;
  machine.read_requests(512);
  machine.host.pcie.gpus = {machine.gpus[0]};
  EXPECT_THAT(lines(planned(asking(model::AcsPolicy::leave, 4096), machine.host)),
              ElementsAre(HasSubstr("0000:14:00.0")));
}

TEST(Gpudirect, LeavesANicAloneThatSomebodyElseManages) {
  GpuHost machine;
  machine.read_requests(512);
  auto config = asking(model::AcsPolicy::leave, 4096);
  config.policies = {test::policy("others", {{"rail0", {}}}, 0)};
  config.policies[0].externally_managed = true;
  EXPECT_THAT(lines(planned(config, machine.host)), AllOf(SizeIs(7), Not(Contains(HasSubstr("0000:14:00.0")))));
}

TEST(Gpudirect, IsOnePlanWithWhatAPolicyAsksOfTheSameNic) {
  GpuHost machine;
  machine.read_requests(512);
  machine.host.pcie.gpus = {machine.gpus[0]};
  auto config = asking(model::AcsPolicy::leave, 4096);
  config.policies = {test::policy("workers", {{"rail0", {}}}, 1)};
  const auto steps = planned(config, machine.host);
  ASSERT_EQ(steps.pfs.size(), 1u);
  EXPECT_THAT(lines(steps), AllOf(Contains("create 1 VFs on 0000:14:00.0"),
                                  Contains(HasSubstr("maximum read request of 0000:14:00.0"))));
}

TEST(Gpudirect, GivesBackWhatItFoundAndNoMore) {
  GpuHost machine;
  machine.acs(0x1d);
  machine.read_requests(512);
  const auto before = machine.host;
  const auto config = asking(model::AcsPolicy::off_on_gpu_paths, 4096);
  model::OwnedPfs owned;
  carry_out(machine.host, planned(config, machine.host), owned);
  EXPECT_EQ(owned.at(kPort).found.acs_control, 0x1du);
  EXPECT_EQ(owned.at(machine.nics[0]).found.max_read_request, 512u);
  EXPECT_THAT(over(owned, resolve(config, machine.host, owned), {}, machine.host), IsEmpty());

  // What is still asked for stays.
  const auto acs_only = acs_off();
  auto back = planned(acs_only, machine.host, owned);
  EXPECT_THAT(lines(back), AllOf(SizeIs(8), Contains("set the maximum read request of 0000:14:00.0 from 4096 to 512 "
                                                     "bytes")));
  carry_out(machine.host, back);
  const auto done = over(owned, resolve(acs_only, machine.host, owned), {}, machine.host);
  EXPECT_THAT(done, SizeIs(8));
  for (const auto& [nic, why, rest] : done) owned.erase(nic);

  // A bit that others set meanwhile is theirs.
  machine.at(kPort).config.acs->control |= 0x02;
  back = planned(asking(model::AcsPolicy::leave), machine.host, owned);
  EXPECT_THAT(lines(back), Contains("turn ACS RR CR on at bridge 0000:12:00.0"));
  carry_out(machine.host, back);
  EXPECT_EQ(machine.at(kPort).config.acs->control, 0x1f);
  machine.at(kPort).config.acs->control = 0x1d;
  EXPECT_EQ(machine.host, before);
  const auto nothing = asking(model::AcsPolicy::leave);
  EXPECT_THAT(over(owned, resolve(nothing, machine.host, owned), {}, machine.host), SizeIs(owned.size()));
}

TEST(Gpudirect, GivesBackWhenTheGpuIsGone) {
  GpuHost machine;
  machine.acs(0x1d);
  model::OwnedPfs owned;
  carry_out(machine.host, planned(acs_off(), machine.host), owned);
  machine.host.pcie.gpus.clear();
  EXPECT_THAT(lines(planned(acs_off(), machine.host, owned)), SizeIs(owned.size()));
}

TEST(Gpudirect, RecordsOfANicEndPartByPart) {
  GpuHost machine;
  machine.host.pcie.gpus = {machine.gpus[0]};
  machine.read_requests(512);
  const auto nic = machine.nics[0];
  auto config = asking(model::AcsPolicy::leave, 4096);
  config.policies = {test::policy("workers", {{"rail0", {}}}, 2)};
  model::OwnedPfs owned;
  carry_out(machine.host, planned(config, machine.host), owned);
  EXPECT_EQ(owned.at(nic).found.num_vfs, 0u);

  config.policies.clear();
  carry_out(machine.host, planned(config, machine.host, owned));
  auto done = over(owned, resolve(config, machine.host, owned), planned(config, machine.host, owned), machine.host);
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_FALSE(done[0].rest.num_vfs.has_value());
  EXPECT_EQ(done[0].rest.max_read_request, 512u);
  owned.at(nic).found = done[0].rest;
  // VFs that somebody makes now are theirs.
  predict(machine.host, model::SetNumVfs{nic, 0, 3});
  EXPECT_TRUE(planned(config, machine.host, owned).empty());
  EXPECT_THAT(over(owned, resolve(config, machine.host, owned), {}, machine.host), IsEmpty());
}

TEST(Gpudirect, GivesAnotherCardInTheSlotNothing) {
  GpuHost machine;
  machine.acs(0x1d);
  model::OwnedPfs owned;
  carry_out(machine.host, planned(acs_off(), machine.host), owned);
  machine.at(kPort).device = 0xbeef;
  const auto nothing = asking(model::AcsPolicy::leave);
  EXPECT_THAT(lines(planned(nothing, machine.host, owned)), Not(Contains(HasSubstr("0000:12:00.0"))));
  EXPECT_THAT(over(owned, resolve(nothing, machine.host, owned), {}, machine.host),
              Contains(testing::Field(&Over::why, "another card is in its slot")));
}

TEST(Gpudirect, GivesNothingBackWithoutAnyConfiguration) {
  GpuHost machine;
  machine.acs(0x1d);
  model::OwnedPfs owned;
  carry_out(machine.host, planned(acs_off(), machine.host), owned);
  EXPECT_TRUE(planned({}, machine.host, owned).empty());
}

}  // namespace
}  // namespace nic::core
