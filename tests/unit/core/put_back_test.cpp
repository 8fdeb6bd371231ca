// What went with a driver comes back piece by piece, in the order in which one needs the other.
#include "core/put_back.hpp"

#include "core/predict.hpp"
#include "lib/hosts.hpp"
#include "lib/told_vfs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using model::Inventory;
using test::Host;
using test::pci;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const model::PciAddress kPf = pci("0000:01:00.0");

// A PF with a VF on the kernel's driver, and a VLAN.
Inventory host_with_a_vf() {
  Inventory host = Host{}.pf("0000:01:00.0").vlan("enp1s0.7", "enp1s0").module("igb");
  predict(host, model::SetNumVfs{kPf, 0, 1, true});
  host.functions.at(kPf).sriov->drivers_autoprobe = true;
  for (auto& [address, function] : host.functions) function.life = 1;
  test::tell_of_vfs(host);
  predict(host, model::BindDriver{host.functions.at(kPf).sriov->virtfns.at(0), 0, {}, {}, false});
  model::VfSettings settings;
  settings.vlan = model::Vlan{7, 0, model::VlanProtocol::dot1q};
  predict(host, model::SetVf{kPf, 0, settings});
  return host;
}

model::ReloadRecord record_of(const Inventory& host, std::vector<std::string> rdma = {}) {
  model::ReloadPlan plan;
  plan.load = {"igb"};
  for (const auto& [address, function] : host.functions) plan.functions.push_back(address);
  std::map<unsigned, model::SavedMessages> messages;
  for (const auto& net : host.net_devices)
    if (!net.lower_ifindex) plan.interfaces.push_back(net.ifindex);
  for (const auto& net : host.net_devices)
    if (net.lower_ifindex) {
      plan.interfaces.push_back(net.ifindex);
      messages[net.ifindex].link_info = "vlan";
    }
  plan.rdma_devices = std::move(rdma);
  return what_goes(plan, host, {}, messages);
}

std::vector<std::string> steps(const PuttingBack& now) {
  std::vector<std::string> lines;
  for (const auto& [pf, all] : now.lanes)
    for (const auto& step : all) lines.push_back(describe(step.action));
  return lines;
}

TEST(PutBack, NotesWhatGoes) {
  const auto record = record_of(host_with_a_vf());
  ASSERT_EQ(record.pfs.size(), 1U);
  EXPECT_EQ(record.pfs[0].num_vfs, 1U);
  EXPECT_EQ(record.pfs[0].vfs.begin()->second.driver, "igbvf");
  EXPECT_EQ(record.pfs[0].vfs.begin()->second.settings.vlan->id, 7);
  ASSERT_EQ(record.interfaces.size(), 3U);
  EXPECT_EQ(record.interfaces[0].name, "enp1s0");
  EXPECT_EQ(record.interfaces[2].lower, "enp1s0");
  EXPECT_THAT(kept_busy(record), Contains(kPf));
}

// A VF's driver takes the PF's when it binds, and lets nobody set another.
TEST(PutBack, LeavesTheAddressOfAVfToItsPf) {
  auto host = host_with_a_vf();
  for (auto& net : host.net_devices) net.address = "02:00:00:00:00:01";
  EXPECT_EQ(record_of(host).interfaces[1].address, "02:00:00:00:00:01");
  model::VfSettings settings;
  settings.mac = model::MacAddress::parse("02:00:00:00:00:11");
  predict(host, model::SetVf{kPf, 0, settings});
  EXPECT_EQ(record_of(host).interfaces[1].address, "");
  EXPECT_EQ(record_of(host).interfaces[0].address, "02:00:00:00:00:01");
}

TEST(PutBack, WaitsForWhatHasNotComeBack) {
  auto host = host_with_a_vf();
  const auto record = record_of(host);
  predict(host, model::UnloadModule{"igb"});
  const auto now = put_back(record, {}, host);
  EXPECT_THAT(steps(now), IsEmpty());
  EXPECT_FALSE(now.over());
  EXPECT_THAT(now.waits, Contains("network interface enp1s0 of 0000:01:00.0"));
  EXPECT_THAT(now.waits, Contains("enp1s0, on which enp1s0.7 stands"));
}

// Round by round, each against what the one before has made.
TEST(PutBack, PutsBackThePfThenItsVfsThenTheirInterfaces) {
  auto host = host_with_a_vf();
  const auto record = record_of(host);
  const auto pf_net = *host.net_device("enp1s0");
  predict(host, model::UnloadModule{"igb"});
  host.functions.at(kPf).driver = "igb";
  host.net_devices.push_back(pf_net);
  host.net_devices.back().vfs.clear();
  host.net_devices.back().name = "eth0";
  PutBackSoFar so_far;
  std::vector<std::vector<std::string>> rounds;
  for (auto now = put_back(record, so_far, host); !now.lanes.empty(); now = put_back(record, so_far, host)) {
    ASSERT_LT(rounds.size(), 8U);
    rounds.push_back(steps(now));
    for (const auto& [pf, all] : now.lanes)
      for (const auto& step : all) {
        EXPECT_EQ(pf, kPf);
        predict(host, step.action);
        so_far.note(step.action);
      }
    // As whoever made the VFs puts it back.
    host.functions.at(kPf).sriov->drivers_autoprobe = true;
    test::tell_of_vfs(host);
  }
  ASSERT_GE(rounds.size(), 4U);
  EXPECT_THAT(rounds[0], ElementsAre("put network interface enp1s0 back"));
  EXPECT_THAT(rounds[1], Contains("create 1 VFs on 0000:01:00.0"));
  EXPECT_THAT(rounds[2], Contains(HasSubstr("set vlan 7")));
  EXPECT_THAT(rounds[3], Contains("put network interface enp1s0v0 back"));
  EXPECT_TRUE(put_back(record, so_far, host).over());
}

TEST(PutBack, GivesAnRdmaDeviceItsNameBack) {
  Inventory host = Host{}.pf("0000:01:00.0", "ens1np0", 8, "mlx5_core");
  model::RdmaDevice rdma;
  rdma.name = "storage0";
  rdma.function = kPf;
  host.rdma_devices.push_back(rdma);
  model::ReloadPlan plan;
  plan.rdma_devices = {"storage0"};
  const auto record = what_goes(plan, host, {}, {});
  EXPECT_TRUE(put_back(record, {}, host).over());
  host.rdma_devices.front().name = "mlx5_0";
  EXPECT_THAT(steps(put_back(record, {}, host)), ElementsAre("put RDMA device storage0 back"));
  host.rdma_devices.clear();
  EXPECT_THAT(put_back(record, {}, host).waits, ElementsAre("RDMA device storage0 of 0000:01:00.0"));
}

}  // namespace
}  // namespace nic::core
