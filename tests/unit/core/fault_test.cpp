#include "core/fault.hpp"

#include "core/predict.hpp"
#include "lib/hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using test::Host;
using test::pci;
using testing::HasSubstr;

constexpr auto* kPf = "0000:01:00.0";
constexpr model::HealthCauses kAll;

// C5
class Fault : public testing::Test {
 protected:
  Fault() {
    predict(host, model::SetNumVfs{pci(kPf), 0, 1});
    predict(host, model::BindDriver{pci(kVf), 0, model::DeviceType::netdevice, {}});
  }
  [[nodiscard]] std::string of_vf(const model::HealthCauses& causes = {}) const {
    return Faults{causes, host}.of(host.functions.at(pci(kVf)));
  }
  model::NetDevice& uplink() { return host.net_devices.front(); }

  static constexpr auto* kVf = "0000:01:10.0";
  model::Inventory host = Host{}.pf(kPf);
};

TEST_F(Fault, AVfNeedsTheCarrierOfItsPf) {
  EXPECT_EQ(of_vf(), "");
  uplink().carrier = false;
  EXPECT_EQ(of_vf(), "enp1s0 of its PF has no carrier");
  EXPECT_EQ(of_vf({false, true, true}), "");
  uplink().admin_up = false;  // the administrator's, and nothing that broke
  EXPECT_EQ(of_vf(), "");
}

TEST_F(Fault, AVfWhoseLinkIsToldDoesNotFollowItsPf) {
  uplink().carrier = false;
  uplink().vfs[0].link_state = model::VfLinkState::enable;
  EXPECT_EQ(of_vf(), "");
  uplink().vfs[0].link_state = model::VfLinkState::disable;
  EXPECT_THAT(of_vf(), HasSubstr("keeps its link down"));
}

TEST_F(Fault, AnInterfaceInAPodIsNoFailure) {
  std::erase_if(host.net_devices, [](const auto& net) { return net.name != "enp1s0"; });
  host.functions.at(pci(kVf)).in_use = "its network interface is in another network namespace";
  EXPECT_EQ(of_vf(), "");
  uplink().carrier = false;  // that is no less true for a pod
  EXPECT_NE(of_vf(), "");
}

TEST_F(Fault, WithSwitchdevABondOfTheUplinksCarriesOn) {
  host = Host{host}.net("bond0").eswitch(kPf, model::EswitchMode::switchdev).enslave("enp1s0", "bond0");
  uplink().carrier = false;
  EXPECT_EQ(of_vf(), "");
  host.functions.at(pci(kPf)).eswitch_mode = model::EswitchMode::legacy;
  EXPECT_NE(of_vf(), "");
}

TEST_F(Fault, AHealthReporterOfTheCardCountsAndOneThatOnlyReportsDoesNot) {
  auto& pf = host.functions.at(pci(kPf));
  pf.reporters = {{std::nullopt, "fw", false, 1, 0}, {1, "tx", false, 1, 0}};
  EXPECT_EQ(of_vf(), "");
  pf.reporters.push_back({std::nullopt, "fw_fatal", false, 1, 0});
  EXPECT_EQ(of_vf(), "health reporter fw_fatal of 0000:01:00.0 shows an error");
  EXPECT_EQ(of_vf({true, true, false}), "");
}

TEST_F(Fault, AnInfiniBandPortHasToBeActive) {
  model::RdmaDevice hca;
  hca.name = "mlx5_0";
  hca.function = pci(kPf);
  model::RdmaPort port;
  port.number = 1;
  port.state = "DOWN";
  port.link_layer = model::LinkType::infiniband;
  hca.ports = {port};
  host.rdma_devices = {hca};
  EXPECT_EQ(of_vf(), "port 1 of mlx5_0 of its PF is DOWN");
  host.rdma_devices[0].ports[0].state = "INIT";
  EXPECT_THAT(of_vf(), HasSubstr("no subnet manager"));
  EXPECT_EQ(of_vf({true, false, true}), "");
  host.rdma_devices[0].ports.push_back(port);
  host.rdma_devices[0].ports[1].state = "ACTIVE";
  EXPECT_EQ(of_vf(), "");
}

TEST_F(Fault, ARoceVfWhoseInterfaceIsNotUpYetIsNotBroken) {
  model::RdmaDevice rdma;
  rdma.name = "mlx5_2";
  rdma.function = pci(kVf);
  model::RdmaPort port;
  port.state = "DOWN";
  port.link_layer = model::LinkType::ethernet;
  rdma.ports = {port};
  host.rdma_devices = {rdma};
  EXPECT_EQ(of_vf(), "");
}

TEST_F(Fault, ASharedDeviceIsAsGoodAsItsPorts) {
  model::Inventory shared = Host{}.pf(kPf).rxe("rxe0", "enp1s0");
  const auto fault = [&] { return fault_of_shared({}, shared.functions.at(pci(kPf)), shared); };
  EXPECT_EQ(fault(), "");
  shared.rdma_devices[0].ports[0].state = "DOWN";
  EXPECT_EQ(fault(), "port 1 of rxe0 is DOWN");
  shared.net_devices[0].carrier = false;
  EXPECT_EQ(fault(), "enp1s0 has no carrier");
}

TEST_F(Fault, AScalableFunctionGoesOutThroughItsPf) {
  const auto& pf = host.functions.at(pci(kPf));
  EXPECT_EQ(Faults(kAll, host).of_auxiliary(pf), "");
  uplink().carrier = false;
  EXPECT_EQ(Faults(kAll, host).of_auxiliary(pf), "enp1s0 of its PF has no carrier");
}

}  // namespace
}  // namespace nic::core
