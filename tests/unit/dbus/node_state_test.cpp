// What a controller gets for the status of its SriovNetworkNodeState.
#include "dbus/node_state.hpp"

#include "unit/dbus/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace nic::dbus {
namespace {

using Json = nlohmann::ordered_json;
using test::kPf, test::kVf0, test::kVf1;
using testing::ElementsAre, testing::HasSubstr;

Json state(const model::Snapshot& snapshot) { return Json::parse(node_state(snapshot)); }

std::vector<std::string> names(const Json& object) {
  std::vector<std::string> all;
  for (const auto& [key, value] : object.items()) all.push_back(key);
  return all;
}

model::NetDevice net(std::string name, unsigned ifindex, const model::PciAddress& function) {
  model::NetDevice device;
  device.name = std::move(name);
  device.ifindex = ifindex;
  device.function = function;
  device.address = "02:00:00:00:00:01";
  device.mtu = 9000;
  device.link_type = model::LinkType::ethernet;
  return device;
}

TEST(NodeState, HasTheFieldsOfAPfInTheSpellingOfTheCrd) {
  auto machine = test::machine();
  machine.inventory.net_devices[0].admin_up = true;
  machine.inventory.rdma_netns_mode = model::RdmaNetnsMode::shared;
  machine.desired.pfs[kPf].externally_managed = true;
  EXPECT_EQ(state(machine)["interfaces"][0].dump(), Json::parse(R"({
    "name": "ens1f0np0", "mac": "b8:3f:d2:00:00:01", "driver": "mlx5_core", "pciAddress": "0000:3b:00.0",
    "vendor": "15b3", "deviceID": "1021", "mtu": 1500, "numVfs": 2, "linkSpeed": "400000 Mb/s", "linkType": "ETH",
    "linkAdminState": "up", "externallyManaged": true, "altNames": ["enp59s0f0np0"], "totalvfs": 16, "Vfs": [
      {"pciAddress": "0000:3b:00.2", "vendor": "15b3", "deviceID": "101e", "vfID": 0},
      {"pciAddress": "0000:3b:00.3", "vendor": "15b3", "deviceID": "101e", "vfID": 1}]})")
                                                        .dump());
  EXPECT_THAT(names(state(machine)), ElementsAre("interfaces", "system", "syncStatus"));
  EXPECT_EQ(state(machine)["system"].dump(), R"({"rdmaMode":"shared"})");
  machine.inventory.rdma_netns_mode = model::RdmaNetnsMode::exclusive;
  EXPECT_EQ(state(machine)["system"]["rdmaMode"], "exclusive");
}

TEST(NodeState, HasTheFieldsOfAVf) {
  auto machine = test::machine();
  machine.inventory.functions[kVf1].driver = "mlx5_core";
  machine.inventory.net_devices.push_back(net("ens1f0v1", 9, kVf1));
  model::RdmaDevice rdma;
  rdma.name = "mlx5_3";
  rdma.node_guid = "0200:00ff:fe00:0001";
  rdma.function = kVf1;
  machine.inventory.rdma_devices.push_back(rdma);
  machine.inventory.net_devices[0].vfs[1].vlan = model::Vlan{100, 3, model::VlanProtocol::dot1q};
  EXPECT_EQ(state(machine)["interfaces"][0]["Vfs"][1].dump(), Json::parse(R"({
    "name": "ens1f0v1", "mac": "02:00:00:00:00:01", "driver": "mlx5_core", "pciAddress": "0000:3b:00.3",
    "vendor": "15b3", "deviceID": "101e", "mtu": 9000, "Vlan": 100, "vfID": 1, "guid": "0200:00ff:fe00:0001"})")
                                                                  .dump());
}

TEST(NodeState, NamesTheVdpaTypeOfAVf) {
  auto machine = test::machine();
  const auto type = [&](const std::string& driver) {
    machine.inventory.functions[kVf0].vdpa = {{"vdpa:0000:3b:00.2", driver}};
    return state(machine)["interfaces"][0]["Vfs"][0].value("vdpaType", "");
  };
  EXPECT_EQ(type("vhost_vdpa"), "vhost");
  EXPECT_EQ(type("virtio_vdpa"), "virtio");
  EXPECT_EQ(type(""), "");
}

// In switchdev mode the representors' interfaces are the PF's as well, and may come first.
TEST(NodeState, TellsTheUplinkFromTheRepresentors) {
  auto machine = test::machine();
  auto& nets = machine.inventory.net_devices;
  nets[0].phys_switch_id = "aabb";
  nets[0].phys_port_name = "p0";
  auto representor = net("eth7", 2, kPf);
  representor.phys_switch_id = "aabb";
  representor.phys_port_name = "pf0vf1";
  nets.insert(nets.begin(), representor);
  representor.phys_switch_id = "ccdd";
  representor.phys_port_name = "pf0vf0";
  nets.push_back(representor);
  const auto pf = state(machine)["interfaces"][0];
  EXPECT_EQ(pf["name"], "ens1f0np0");
  EXPECT_EQ(pf["Vfs"][1]["representorName"], "eth7");
  EXPECT_FALSE(pf["Vfs"][0].contains("representorName")) << "that of another switch";
}

TEST(NodeState, ListsAnInfiniBandPfWithoutAnInterface) {
  auto machine = test::machine();
  machine.inventory.net_devices.clear();
  machine.inventory.rdma_devices[0].ports[0].link_layer = model::LinkType::infiniband;
  const auto pf = state(machine)["interfaces"][0];
  EXPECT_EQ(pf["linkType"], "IB");
  EXPECT_FALSE(pf.contains("name") || pf.contains("linkSpeed") || pf.contains("linkAdminState"));
}

TEST(NodeState, SucceededWhenEverythingIsDone) {
  auto machine = test::machine();
  machine.components.push_back({"kubelet", model::ComponentState::error, "no socket"});
  EXPECT_EQ(state(machine)["syncStatus"], "Succeeded") << "the kubelet's side does not count";
  EXPECT_FALSE(state(machine).contains("lastSyncError"));
}

TEST(NodeState, FailedIsSaidWithEverythingThatFailed) {
  auto machine = test::machine();
  machine.settled = false;
  machine.functions[kPf].state = model::FunctionState::failed;
  machine.functions[kPf].text = "create 16 VFs on 0000:3b:00.0: Cannot allocate memory";
  const model::PciAddress other = test::pci("0000:5e:00.0");
  machine.functions[other].state = model::FunctionState::stuck;
  machine.functions[other].text = "a kernel call has not come back";
  machine.components = {{"sriov", model::ComponentState::error, "0000:3b:00.0: create 16 VFs"},
                        {"modules", model::ComponentState::error, "mlx5_ib: blacklisted"}};
  const auto now = state(machine);
  EXPECT_EQ(now["syncStatus"], "Failed");
  EXPECT_EQ(now["lastSyncError"],
            "0000:3b:00.0: create 16 VFs on 0000:3b:00.0: Cannot allocate memory; 0000:5e:00.0: a kernel call has not "
            "come back; modules: mlx5_ib: blacklisted");
}

TEST(NodeState, AConfigurationThatIsWrongIsAFailure) {
  auto machine = test::machine();
  machine.components.push_back({"configuration", model::ComponentState::error, "nic-agent.toml:3:1: unknown key"});
  EXPECT_EQ(state(machine)["syncStatus"], "Failed");
  EXPECT_THAT(state(machine)["lastSyncError"], HasSubstr("nic-agent.toml:3:1"));
}

TEST(NodeState, InProgressWhileSomethingIsToBeDone) {
  auto machine = test::machine();
  machine.settled = false;
  EXPECT_EQ(state(machine)["syncStatus"], "InProgress");
  machine.components = {{"sriov", model::ComponentState::not_ready, "policy \"x\" matches no function"}};
  EXPECT_FALSE(state(machine).contains("lastSyncError"));
  machine.settled = true;
  EXPECT_EQ(state(machine)["syncStatus"], "InProgress");
  EXPECT_THAT(state(machine)["lastSyncError"], HasSubstr("matches no function"));
  EXPECT_EQ(state({})["syncStatus"], "InProgress") << "before the machine was read";
}

TEST(NodeState, IsTextWhateverTheNamesAre) {
  auto machine = test::machine();
  machine.inventory.net_devices[0].name = "a\xff\"b";
  EXPECT_EQ(state(machine)["interfaces"][0]["name"], "a\xef\xbf\xbd\"b");
}

}  // namespace
}  // namespace nic::dbus
