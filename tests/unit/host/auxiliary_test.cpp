// What only resources are interested in: scalable functions, accelerators, ACPI indexes, PKeys, DDP profiles, and what
// has moved into a pod.
#include "core/pools.hpp"
#include "host/devlink_parse.hpp"
#include "host/kernel_events.hpp"
#include "lib/packet.hpp"
#include "lib/profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/devlink.h>

namespace nic::test {
namespace {

using testing::ElementsAre, testing::IsEmpty;

const auto kPf = *model::PciAddress::parse("0000:3b:00.0");

class ResourceFacts : public testing::Test {
 protected:
  ResourceFacts() { host.pf("0000:3b:00.0", kConnectX7, 1).netdev("ens1f0np0", 3); }
  [[nodiscard]] model::PciFunction pf() const { return host.inventory().functions.at(kPf); }
  // A folder of a class whose one device is in another network namespace.
  void away(const std::string& below) { std::filesystem::create_directories(host.tree.root() / below); }
  Profile host;
};

// B12
TEST_F(ResourceFacts, AScalableFunctionIsSeenWithItsNumberInterfaceAndRdmaDevice) {
  host.rdma(host.at("0000:3b:00.0"), {"mlx5_0", "9c63:c003:00a1:1800"});
  const auto sf = host.tree.scalable_function("0000:3b:00.0", 10, 88);
  host.tree.netdev_below(sf, "ens1f0s88", 7);
  host.tree.rdma_below(sf, "mlx5_2");
  host.tree.scalable_function("0000:3b:00.0", 4, 80, "");
  host.tree.write("sys/devices/pci0000:3b/0000:3b:00.0/mlx5_core.eth.0/uevent", "");
  host.tree.link("sys/bus/auxiliary/devices/mlx5_core.eth.0", "sys/devices/pci0000:3b/0000:3b:00.0/mlx5_core.eth.0");

  const auto inventory = host.inventory();
  const auto& functions = inventory.functions.at(kPf).auxiliary;
  ASSERT_EQ(functions.size(), 2u);
  EXPECT_EQ(functions[0].name, "mlx5_core.sf.4");
  EXPECT_FALSE(functions[0].driver.has_value());
  EXPECT_EQ(functions[1].name, "mlx5_core.sf.10");
  EXPECT_EQ(functions[1].type, "sf");
  EXPECT_EQ(functions[1].sf_number, 88u);
  EXPECT_EQ(functions[1].driver, "mlx5_core.sf");
  EXPECT_EQ(inventory.net_devices_on("mlx5_core.sf.10").at(0)->name, "ens1f0s88");
  EXPECT_EQ(inventory.rdma_devices_on("mlx5_core.sf.10").at(0)->name, "mlx5_2");
  ASSERT_EQ(inventory.rdma_devices_of(kPf).size(), 1u);  // and not those of its SFs
  EXPECT_EQ(inventory.rdma_devices_of(kPf)[0]->name, "mlx5_0");
  EXPECT_EQ(inventory.auxiliary("mlx5_core.sf.10")->parent->address, kPf);
  EXPECT_FALSE(inventory.auxiliary("mlx5_core.sf.11").has_value());
}

TEST_F(ResourceFacts, AScalableFunctionWhoseInterfaceIsInAPodIsInUse) {
  const auto sf = host.tree.scalable_function("0000:3b:00.0", 4, 88);
  away((sf / "net").string());
  EXPECT_EQ(pf().auxiliary.at(0).in_use, "its network interface is in another network namespace");
  host.tree.netdev_below(sf, "ens1f0s88", 7);
  EXPECT_EQ(pf().auxiliary.at(0).in_use, "");
}

// C1
TEST_F(ResourceFacts, AnEventOfAScalableFunctionMakesItsPfDirty) {
  const std::string path = "/devices/pci0000:3b/0000:3b:00.0/";
  EXPECT_THAT(host::dirty_of({"auxiliary", path + "mlx5_core.sf.4"}).functions, ElementsAre(kPf));
  EXPECT_TRUE(host::dirty_of({"auxiliary", path + "mlx5_core.eth.4"}).empty());
  const auto before = host.inventory();
  host.tree.netdev_below(host.tree.scalable_function("0000:3b:00.0", 4, 88), "ens1f0s88", 7);
  model::Dirty dirty;
  dirty.functions = {kPf};
  const auto now = host::observe(host.roots(), host::sysfs_netlink(host.roots()), before, dirty);
  EXPECT_EQ(now.functions.at(kPf).auxiliary.size(), 1u);
}

// C13
TEST_F(ResourceFacts, AnRdmaDeviceInAPodIsKnownByItsEmptyFolder) {
  away("sys/devices/pci0000:3b/0000:3b:00.0/infiniband");
  EXPECT_FALSE(pf().rdma_elsewhere);  // in shared mode it would be seen
  host.netns_mode = model::RdmaNetnsMode::exclusive;
  EXPECT_TRUE(pf().rdma_elsewhere);
  host.rdma(host.at("0000:3b:00.0"), {"mlx5_0", "9c63:c003:00a1:1800"});
  EXPECT_FALSE(pf().rdma_elsewhere);
}

// A whole function that a pod has is as much in use as a VF.
TEST_F(ResourceFacts, AFunctionWithoutVfsWhoseInterfaceIsInAPodIsInUse) {
  host.function_of("0000:5e:00.0", kConnectX7, 0x101e, 0);
  away("sys/devices/pci0000:5e/0000:5e:00.0/net");
  EXPECT_EQ(host.inventory().functions.at(*model::PciAddress::parse("0000:5e:00.0")).in_use,
            "its network interface is in another network namespace");
  EXPECT_EQ(pf().in_use, "");
}

TEST_F(ResourceFacts, AcceleratorsStandApartFromNetworkCards) {
  host.tree.plain("0000:f7:00.0", 0x8086, 0x0d5c).class_code(0x120000).driver("vfio-pci").total_vfs(1);
  host.tree.vf("0000:f7:00.0", 0, "0000:f8:00.0", 0x8086, 0x0d5d).class_code(0x120000);
  const auto inventory = host.inventory();
  const auto accelerator = *model::PciAddress::parse("0000:f7:00.0");
  EXPECT_THAT(seen(inventory), testing::SizeIs(1));
  EXPECT_EQ(inventory.accelerators.size(), 2u);
  EXPECT_EQ(inventory.function(accelerator)->driver, "vfio-pci");
  EXPECT_EQ(inventory.accelerators.at(*model::PciAddress::parse("0000:f8:00.0")).physfn, accelerator);
  model::Dirty dirty;
  dirty.functions = {accelerator};
  host.at("0000:f7:00.0").driver("pci-pf-stub");
  const auto now = host::observe(host.roots(), host::sysfs_netlink(host.roots()), inventory, dirty);
  EXPECT_EQ(now.function(accelerator)->driver, "pci-pf-stub");
  EXPECT_EQ(now.functions.size(), 1u);
}

TEST_F(ResourceFacts, AnAcpiIndexIsReadAsItStands) {
  EXPECT_EQ(pf().acpi_index, "");
  host.at("0000:3b:00.0").file("acpi_index", "101\n");
  EXPECT_EQ(pf().acpi_index, "101");
}

TEST_F(ResourceFacts, TheFirstPlaceOfAPortsPKeysIsKnownAlsoWhenItIsEmpty) {
  auto function = host.at("0000:3b:00.0");
  host.rdma(function, {"mlx5_0", "9c63:c003:00a1:1800"});
  function.file("infiniband/mlx5_0/ports/1/pkeys/0", "0x0000\n").file("infiniband/mlx5_0/ports/1/pkeys/1", "0x8001\n");
  const auto port = host.inventory().rdma_devices.at(0).ports.at(0);
  EXPECT_EQ(port.first_pkey, 0u);
  EXPECT_THAT(port.pkeys, ElementsAre(0x8001));
}

TEST_F(ResourceFacts, TheDdpProfileIsAskedOfIntelsCards) {
  host.pf("0000:af:00.0", kE810, 0);
  host.ddp_profiles = {{"0000:af:00.0", "ICE COMMS Package"}, {"0000:3b:00.0", "not asked for"}};
  EXPECT_EQ(host.inventory().functions.at(*model::PciAddress::parse("0000:af:00.0")).ddp_profile, "ICE COMMS Package");
  EXPECT_EQ(pf().ddp_profile, "");
}

TEST_F(ResourceFacts, TheVersionsThatRunAreReadByName) {
  Packet running, stored, answer;
  running.attribute(DEVLINK_ATTR_INFO_VERSION_NAME, std::string_view{"fw.app.name\0", 12})
      .attribute(DEVLINK_ATTR_INFO_VERSION_VALUE, std::string_view{"ICE COMMS Package\0", 18});
  stored.attribute(DEVLINK_ATTR_INFO_VERSION_NAME, std::string_view{"fw.undi\0", 8})
      .attribute(DEVLINK_ATTR_INFO_VERSION_VALUE, std::string_view{"1.0\0", 4});
  answer.nest(DEVLINK_ATTR_INFO_VERSION_RUNNING, running).nest(DEVLINK_ATTR_INFO_VERSION_STORED, stored);
  EXPECT_THAT(host::parse_running_versions(answer.bytes()),
              ElementsAre(testing::Pair("fw.app.name", "ICE COMMS Package")));
}

TEST_F(ResourceFacts, VhostNodesAreThereWhenBothAre) {
  host.tree.write("dev/vhost-net", "");
  EXPECT_FALSE(host.inventory().vhost_net);
  host.tree.write("dev/net/tun", "");
  EXPECT_TRUE(host.inventory().vhost_net);
}

// B12: the whole way from /sys into a resource.
TEST_F(ResourceFacts, AResourceIsMadeOfTheScalableFunctionsInItsRange) {
  for (unsigned number = 2; number < 6; ++number)
    host.tree.netdev_below(host.tree.scalable_function("0000:3b:00.0", number, 80 + number),
                           fmt::format("ens1f0s{}", 80 + number), 10 + number);
  model::Resource resource;
  resource.name = "example.com/sf";
  resource.device_class = model::DeviceClass::auxiliary;
  resource.selectors.emplace_back();
  resource.selectors[0].pf_names = {{"ens1f0np0", {{83, 84}, {90, 99}}}};
  model::Config config;
  config.resources = {resource};
  const auto pool = core::pools(config, host.inventory(), {}).at(0);
  std::vector<std::string> ids;
  for (const auto& device : pool.devices) ids.push_back(device.id);
  EXPECT_THAT(ids, ElementsAre("mlx5_core.sf.3", "mlx5_core.sf.4"));
  EXPECT_EQ(pool.devices[0].numa_node, 1);
}

}  // namespace
}  // namespace nic::test
