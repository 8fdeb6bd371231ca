// A resource's selectors, one by one.
#include "core/match.hpp"
#include "core/predict.hpp"
#include "lib/hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using model::Selectors;
using test::Host;
using test::pci;
using testing::HasSubstr;

constexpr auto* kPf = "0000:01:00.0";

// Four VFs on igbvf, at 10.0, 10.2, 10.4 and 10.6.
model::Inventory with_vfs() {
  model::Inventory host = Host{}.pf(kPf);
  predict(host, model::SetNumVfs{pci(kPf), 0, 4});
  for (const auto& [index, vf] : host.functions.at(pci(kPf)).sriov->virtfns)
    predict(host, model::BindDriver{vf, index, model::DeviceType::netdevice, {}});
  return host;
}

bool takes(const Selectors& selectors, const model::Inventory& host, std::string_view address) {
  return !mismatch(selectors, host.functions.at(pci(address)), host).has_value();
}

std::string why(const Selectors& selectors, const model::Inventory& host, std::string_view address) {
  return mismatch(selectors, host.functions.at(pci(address)), host).value_or("it matches");
}

// Which of the four VFs.
std::string vfs(const Selectors& selectors, const model::Inventory& host) {
  std::string all;
  for (const auto& [index, vf] : host.functions.at(pci(kPf)).sriov->virtfns)
    if (takes(selectors, host, vf.text())) all += std::to_string(index);
  return all;
}

// B1: every selector that is about the function itself.
TEST(MatchResource, EverySelectorOfAFunction) {
  auto host = with_vfs();
  auto& vf = host.functions.at(pci("0000:01:10.0"));
  vf.acpi_index = "101";
  vf.vdpa = {{"vdpa0", "vhost_vdpa"}};
  const auto fits = [&](const char* what, auto&& good, auto&& bad) {
    Selectors with_good, with_bad;
    good(with_good);
    bad(with_bad);
    EXPECT_TRUE(takes(with_good, host, "0000:01:10.0")) << what;
    EXPECT_FALSE(takes(with_bad, host, "0000:01:10.0")) << what;
  };
  fits("vendors", [](auto& s) { s.vendors = {0x15b3, 0x8086}; }, [](auto& s) { s.vendors = {0x15b3}; });
  fits("devices", [](auto& s) { s.devices = {0x10ca}; }, [](auto& s) { s.devices = {0x10c9}; });
  fits("drivers", [](auto& s) { s.drivers = {"vfio-pci", "igbvf"}; }, [](auto& s) { s.drivers = {"igb"}; });
  fits(
      "pci_addresses", [](auto& s) { s.pci_addresses = {pci("0000:01:10.0")}; },
      [](auto& s) { s.pci_addresses = {pci("0000:01:10.2")}; });
  fits("acpi_indexes", [](auto& s) { s.acpi_indexes = {"7", "101"}; }, [](auto& s) { s.acpi_indexes = {"10"}; });
  fits(
      "vdpa_type", [](auto& s) { s.vdpa_type = model::VdpaType::vhost; },
      [](auto& s) { s.vdpa_type = model::VdpaType::virtio; });
  fits(
      "link_types", [](auto& s) { s.link_types = {model::LinkType::ethernet}; },
      [](auto& s) { s.link_types = {model::LinkType::infiniband}; });
  fits(
      "root_devices", [](auto& s) { s.root_devices = {{pci(kPf), {{0, 1}}}}; },
      [](auto& s) { s.root_devices = {{pci(kPf), {{1, 3}}}}; });
  fits("aux_types", [](auto&) {}, [](auto& s) { s.aux_types = {"sf"}; });
  fits("is_rdma", [](auto&) {}, [](auto& s) { s.is_rdma = true; });
}

// B1
TEST(MatchResource, RangesAreOfTheVfsIndex) {
  const auto host = with_vfs();
  Selectors some;
  some.pf_names = {{"enp1s0", {{0, 1}, {3, 3}}}};
  EXPECT_EQ(vfs(some, host), "013");
  some.pf_names = {{"enp1s0", {}}};
  EXPECT_EQ(vfs(some, host), "0123");
  some.pf_names = {{"enp2s0", {}}};
  EXPECT_EQ(vfs(some, host), "");
}

// B2: sriov-network-device-plugin looks at the first entry only.
TEST(MatchResource, SeveralEntriesForOnePfAddUp) {
  const auto host = with_vfs();
  Selectors some;
  some.pf_names = {{"enp1s0", {{0, 0}}}, {"enp1s0", {{2, 2}}}};
  EXPECT_EQ(vfs(some, host), "02");
  some.pf_names.clear();
  some.root_devices = {{pci(kPf), {{1, 1}}}, {pci(kPf), {{3, 3}}}};
  EXPECT_EQ(vfs(some, host), "13");
}

// B6
TEST(MatchResource, ThePfItselfIsNeverMeant) {
  const auto host = with_vfs();
  Selectors pf;
  pf.pf_names = {{"enp1s0", {}}};
  EXPECT_THAT(why(pf, host, kPf), HasSubstr("it is not a VF"));
  pf.pf_names.clear();
  pf.root_devices = {{pci(kPf), {}}};
  EXPECT_FALSE(takes(pf, host, kPf));
}

TEST(MatchResource, NamesOfPfsAreComparedWithoutCaseAndAlternativeNamesCount) {
  auto host = with_vfs();
  host.net_devices.front().altnames = {"rail-0"};
  Selectors some;
  some.pf_names = {{"ENP1S0", {{0, 0}}}};
  EXPECT_EQ(vfs(some, host), "0");
  some.pf_names = {{"Rail-0", {{1, 1}}}};
  EXPECT_EQ(vfs(some, host), "1");
}

// B8: ids are numbers; the configuration takes either case (words.cpp).
// B9
TEST(MatchResource, SaysThatADriverOfRdmaDevicesIsNoFunctionsDriver) {
  const auto host = with_vfs();
  Selectors wrong;
  wrong.drivers = {"mlx5_ib"};
  EXPECT_THAT(why(wrong, host, "0000:01:10.0"),
              HasSubstr("mlx5_ib is a driver of RDMA devices, the function's own is mlx5_core"));
}

// B10: upstream sees the first interface only.
TEST(MatchResource, AnyInterfaceOfAFunctionWillDo) {
  const model::Inventory host = Host{}.plain("0000:04:00.0", "eth0").net("eth1", "0000:04:00.0");
  Selectors second;
  second.if_names = {"eth1"};
  EXPECT_TRUE(takes(second, host, "0000:04:00.0"));
  second.if_names = {"eth2"};
  EXPECT_THAT(why(second, host, "0000:04:00.0"), HasSubstr("eth0, eth1"));
}

// B11
TEST(MatchResource, APfInSwitchdevModeIsCalledByItsUplink) {
  model::Inventory host = Host{}.pf(kPf).net("enp1s0f9", kPf).eswitch(kPf, model::EswitchMode::switchdev);
  predict(host, model::SetNumVfs{pci(kPf), 0, 4});
  for (auto& net : host.net_devices)
    if (net.name == "enp1s0") net.phys_port_name = "p0", net.phys_switch_id = "0c42a1";
  Selectors some;
  some.pf_names = {{"enp1s0", {}}};
  EXPECT_EQ(vfs(some, host), "0123");
  some.pf_names = {{"enp1s0f9", {}}};
  EXPECT_EQ(vfs(some, host), "");
}

// B13
TEST(MatchResource, AVfInAPodHasTheLinkTypeOfItsPf) {
  auto host = with_vfs();
  for (auto& net : host.net_devices)
    if (net.name == "enp1s0") net.link_type = model::LinkType::infiniband;
  std::erase_if(host.net_devices, [](const auto& net) { return net.name != "enp1s0"; });
  Selectors infiniband;
  infiniband.link_types = {model::LinkType::infiniband};
  EXPECT_EQ(vfs(infiniband, host), "0123");
}

// C13: with netns_mode exclusive the RDMA device of a VF in a pod is not seen here.
TEST(MatchResource, AnRdmaDeviceThatMovedIntoAPodCounts) {
  auto host = with_vfs();
  Selectors rdma;
  rdma.is_rdma = true;
  EXPECT_EQ(vfs(rdma, host), "");
  host.functions.at(pci("0000:01:10.2")).rdma_elsewhere = true;
  EXPECT_EQ(vfs(rdma, host), "1");
}

TEST(MatchResource, ThePKeyIsTheFirstOfAnInfiniBandPort) {
  model::Inventory host = Host{}.infiniband_pf("0000:01:00.0", "ibp1s0", "0002:c903:00f9:bfa0");
  model::RdmaPort port;
  port.number = 1;
  port.link_layer = model::LinkType::infiniband;
  port.first_pkey = 0x8001;
  host.rdma_devices.front().ports = {port};
  Selectors partition;
  partition.pkeys = {0x8001};
  EXPECT_TRUE(takes(partition, host, kPf));
  partition.pkeys = {0x0001};  // without full membership it is another
  EXPECT_THAT(why(partition, host, kPf), HasSubstr("its first PKey (0x8001)"));
  EXPECT_THAT(why(partition, with_vfs(), "0000:01:10.0"), HasSubstr("its link is not InfiniBand"));
}

TEST(MatchResource, TheDdpProfileIsTheFunctionsOwnOrItsPfs) {
  auto host = with_vfs();
  Selectors gtp;
  gtp.ddp_profiles = {"GTP"};
  EXPECT_THAT(why(gtp, host, "0000:01:10.0"), HasSubstr("tells no DDP profile"));
  host.functions.at(pci(kPf)).ddp_profile = "GTP";
  EXPECT_EQ(vfs(gtp, host), "0123");
  host.functions.at(pci("0000:01:10.0")).ddp_profile = "PPPoE";
  EXPECT_EQ(vfs(gtp, host), "123");
}

// B12
TEST(MatchResource, ScalableFunctionsAreMeantByTheirNumberOnTheirPf) {
  const model::Inventory host = Host{}.pf(kPf, "ens1f0").sf(kPf, 4, 88, "ens1f0s88").sf(kPf, 5, 89, "ens1f0s89");
  const auto& parent = host.functions.at(pci(kPf));
  const auto taken = [&](const Selectors& selectors) {
    std::string all;
    for (const auto& sf : parent.auxiliary)
      if (!mismatch(selectors, parent, sf, host)) all += (all.empty() ? "" : " ") + sf.name;
    return all;
  };
  Selectors some;
  some.aux_types = {"sf"};
  EXPECT_EQ(taken(some), "mlx5_core.sf.4 mlx5_core.sf.5");
  some.pf_names = {{"ens1f0", {{80, 88}}}};
  EXPECT_EQ(taken(some), "mlx5_core.sf.4");
  some.pf_names.clear();
  some.root_devices = {{pci(kPf), {{89, 89}}}};
  EXPECT_EQ(taken(some), "mlx5_core.sf.5");
  some.root_devices.clear();
  some.drivers = {"igb"};  // the PF's
  EXPECT_EQ(taken(some), "mlx5_core.sf.4 mlx5_core.sf.5");
  some.is_rdma = true;
  EXPECT_EQ(taken(some), "");
  some.is_rdma = false;
  some.if_names = {"ens1f0s89"};
  EXPECT_EQ(taken(some), "mlx5_core.sf.5");
}

}  // namespace
}  // namespace nic::core
