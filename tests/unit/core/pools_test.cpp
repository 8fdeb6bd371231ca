#include "core/pools.hpp"

#include "core/predict.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace nic::core {
namespace {

using test::Host;
using test::pci;
using testing::HasSubstr;

model::Selectors interfaces(std::vector<std::string> names) {
  model::Selectors selectors;
  selectors.if_names = std::move(names);
  return selectors;
}

model::Selectors drivers(std::vector<std::string> names) {
  model::Selectors selectors;
  selectors.drivers = std::move(names);
  return selectors;
}

// Two VFs: 0 on vfio-pci, 1 on igbvf.
model::Inventory with_vfs() {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  predict(host, model::SetNumVfs{pci("0000:01:00.0"), 0, 2});
  predict(host, model::BindDriver{pci("0000:01:10.0"), 0, model::DeviceType::vfio_pci, {}});
  predict(host, model::BindDriver{pci("0000:01:10.2"), 1, model::DeviceType::netdevice, {}});
  return host;
}

model::Config offering(std::vector<model::Resource> resources) {
  model::Config config;
  config.resources = std::move(resources);
  return config;
}

TEST(Pools, ASharedPoolIsFullAsSoonAsOneHcaIsReady) {
  const auto config = offering({test::shared("example.com/rdma", 1000, interfaces({"enp1s0"}))});
  const model::Inventory bare = Host{}.pf("0000:01:00.0");
  EXPECT_EQ(pools(config, bare, {})[0].capacity, 0u);
  const model::Inventory rdma = Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0");
  EXPECT_EQ(pools(config, rdma, {})[0].capacity, 1000u);
}

TEST(Pools, ASharedPoolNamesTheModuleThatIsMissing) {
  const auto config = offering({test::shared("example.com/rdma", 10, interfaces({"enp1s0"}))});
  model::Inventory host = Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0");
  host.rdma_cm.reset();
  const auto pool = pools(config, host, {})[0];
  EXPECT_EQ(pool.capacity, 0u);
  EXPECT_THAT(pool.not_ready.at(0).want, HasSubstr("rdma_ucm"));
}

TEST(Pools, WaitsForTheNodesThatTheResourceRequires) {
  model::Inventory host = Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0");
  host.rdma_cm.reset();
  auto config = offering({test::shared("a.io/rdma", 5, interfaces({"enp1s0"}))});
  config.resources[0].required_nodes = {model::RdmaNode::uverbs};
  EXPECT_EQ(pools(config, host, {})[0].capacity, 5u);
  config.resources[0].required_nodes.insert(model::RdmaNode::umad);
  const auto pool = pools(config, host, {})[0];
  EXPECT_EQ(pool.capacity, 0u);
  EXPECT_EQ(pool.not_ready.at(0), (model::Difference{"0000:01:00.0", "no umad device node", "module ib_umad"}));
}

// B6: the PF has VFs.
TEST(Pools, AnExclusivePoolTakesVfsInPlaceOfTheirPf) {
  model::Selectors any;
  any.vendors = {0x8086};
  const auto pool = pools(offering({test::exclusive("example.com/vfs", any)}), with_vfs(), {})[0];
  EXPECT_THAT(pool.functions, testing::ElementsAre(pci("0000:01:10.0"), pci("0000:01:10.2")));
  EXPECT_EQ(pool.devices[0].numa_node, 0);
}

TEST(Pools, TheFirstResourceThatMatchesHasTheVf) {
  const auto both = offering({test::exclusive("a.io/dpdk", drivers({"vfio-pci"})), test::exclusive("a.io/any", {})});
  const auto result = pools(both, with_vfs(), {});
  EXPECT_THAT(result[0].functions, testing::ElementsAre(pci("0000:01:10.0")));
  EXPECT_THAT(result[1].functions, testing::ElementsAre(pci("0000:01:10.2")));
}

TEST(Pools, DoesNotOfferAVfThatAPlanStillHasToTouch) {
  model::Plan plan;
  model::PfPlan pf;
  pf.pf = pci("0000:01:00.0");
  model::Step step;
  step.action = model::BindDriver{pci("0000:01:10.2"), 1, model::DeviceType::vfio_pci, "igbvf"};
  pf.steps = {step};
  plan.pfs = {pf};
  const auto pool = pools(offering({test::exclusive("a.io/any", {})}), with_vfs(), plan)[0];
  EXPECT_THAT(pool.functions, testing::ElementsAre(pci("0000:01:10.0")));
  EXPECT_EQ(pool.not_ready.at(0).what, "0000:01:10.2");
}

TEST(Pools, DoesNotOfferTheVfThatCarriesTheDefaultRoute) {
  auto host = with_vfs();
  host.default_routes.push_back({false, host.net_devices.back().ifindex, 254});
  const auto pool = pools(offering({test::exclusive("a.io/any", {})}), host, {})[0];
  EXPECT_THAT(pool.functions, testing::ElementsAre(pci("0000:01:10.0")));
}

TEST(Pools, KeepsAVfThatAPodUses) {
  model::Inventory host = Host{}.pf("0000:01:00.0");
  predict(host, model::SetNumVfs{pci("0000:01:00.0"), 0, 2});
  for (const auto* vf : {"0000:01:10.0", "0000:01:10.2"})
    predict(host, model::BindDriver{pci(vf), 0, model::DeviceType::netdevice, {}});
  auto& used = host.functions.at(pci("0000:01:10.0"));
  used.in_use = "its network interface is in another network namespace";
  std::erase_if(host.net_devices, [&](const auto& net) { return net.function == used.address; });
  model::Selectors vfs;
  vfs.vendors = {used.vendor};
  model::Config config;
  config.resources = {test::exclusive("example.com/vfs", vfs)};
  EXPECT_EQ(pools(config, host, {}).at(0).healthy, 2u);
  config.protected_functions = {used.address};
  EXPECT_EQ(pools(config, host, {}).at(0).healthy, 1u);
}

TEST(Pools, DoesNotOfferAVfWhoseDriverMadeNothingOfIt) {
  auto host = with_vfs();
  std::erase_if(host.net_devices, [](const auto& net) { return net.function == pci("0000:01:10.2"); });
  const auto config = offering({test::exclusive("a.io/any", {})});
  const auto pool = pools(config, host, {})[0];
  EXPECT_THAT(pool.functions, testing::ElementsAre(pci("0000:01:10.0")));
  EXPECT_EQ(pool.not_ready.at(0), (model::Difference{"0000:01:10.2", "neither a network interface nor an RDMA device",
                                                     "its driver igbvf to make one"}));
  model::RdmaDevice infiniband;  // without ib_ipoib
  infiniband.function = pci("0000:01:10.2");
  host.rdma_devices.push_back(infiniband);
  EXPECT_EQ(pools(config, host, {})[0].functions.size(), 2u);
}

TEST(Pools, SelectsVfsByRangeOfTheirPf) {
  model::Selectors one;
  one.pf_names = {{"enp1s0", {{1, 1}}}};
  const auto pool = pools(offering({test::exclusive("a.io/one", one)}), with_vfs(), {})[0];
  EXPECT_THAT(pool.functions, testing::ElementsAre(pci("0000:01:10.2")));
}

// B6, and sriov-network-device-plugin: a PF without VFs, and a function that cannot have any, are devices.
TEST(Pools, AFunctionWithoutVfsIsHandedOutItself) {
  const model::Inventory host = Host{}.pf("0000:01:00.0").plain("0000:04:00.0");
  const auto pool = pools(offering({test::exclusive("a.io/any", {})}), host, {})[0];
  EXPECT_THAT(pool.functions, testing::ElementsAre(pci("0000:01:00.0"), pci("0000:04:00.0")));
}

TEST(Pools, DoesNotOfferAPfThatAPolicyMakesVfsOf) {
  const model::Inventory host = Host{}.pf("0000:01:00.0");
  model::PfPlan pf;
  pf.pf = pci("0000:01:00.0");
  pf.refusals.emplace_back();  // cannot now, and may later
  model::Plan plan;
  plan.pfs = {pf};
  const auto pool = pools(offering({test::exclusive("a.io/any", {})}), host, plan)[0];
  EXPECT_EQ(pool.capacity, 0u);
  EXPECT_EQ(pool.not_ready.at(0).have, "not configured yet");
}

// B7: v4 and v6, of any table, and what is listed; unless the resource says that it may.
TEST(Pools, DoesNotOfferWhatTheHostNeedsUnlessItIsAllowed) {
  for (const bool ipv6 : {false, true}) {
    const model::Inventory host =
        Host{}.plain("0000:04:00.0").plain("0000:05:00.0", "eth1").default_route("eth0", ipv6);
    auto config = offering({test::exclusive("a.io/any", {})});
    EXPECT_THAT(pools(config, host, {})[0].functions, testing::ElementsAre(pci("0000:05:00.0")));
    EXPECT_THAT(pools(config, host, {})[0].not_ready.at(0).have, HasSubstr("default route"));
    config.protected_functions = {pci("0000:05:00.0")};
    EXPECT_EQ(pools(config, host, {})[0].capacity, 0u);
    config.resources.push_back(test::exclusive("a.io/all", {}));
    config.resources[1].allow_protected = true;
    EXPECT_EQ(pools(config, host, {})[1].capacity, 2u);
  }
}

// B3: within one resource the selectors are asked in their order, and is_rdma and the like are of the one that took it.
TEST(Pools, TellsWhichSelectorTookADevice) {
  auto resource = test::exclusive("a.io/any", drivers({"vfio-pci"}));
  resource.selectors.push_back(drivers({"igbvf", "vfio-pci"}));
  const auto pool = pools(offering({resource}), with_vfs(), {})[0];
  EXPECT_EQ(pool.devices.at(0).selector, 0u);
  EXPECT_EQ(pool.devices.at(1).selector, 1u);
}

// B4
TEST(Pools, SharedResourcesMayOverlap) {
  const auto config = offering({test::shared("a.io/one", 5, interfaces({"enp1s0"})), test::shared("a.io/two", 7, {})});
  const model::Inventory host = Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0");
  const auto result = pools(config, host, {});
  EXPECT_EQ(result[0].capacity, 5u);
  EXPECT_EQ(result[1].capacity, 7u);
  EXPECT_THAT(result[1].warnings, testing::IsEmpty());
}

// B5
TEST(Pools, WarnsOfWhatIsSharedAndExclusiveAtOnceAndNamesBoth) {
  model::Inventory host = Host{with_vfs()}.rxe("rxe0", "enp1s0");
  const auto config = offering({test::shared("a.io/hca", 5, {}), test::exclusive("a.io/vfs", {})});
  auto result = pools(config, host, {});
  const auto warning = result[1].warnings.at(0);
  EXPECT_THAT(warning, HasSubstr("0000:01:00.0 is in the shared resource a.io/hca and its VF 0000:01:10.0 in the "
                                 "exclusive resource a.io/vfs"));
  EXPECT_EQ(result[0].warnings.at(0), warning);
  EXPECT_EQ(result[1].capacity, 2u);  // told, and left to the administrator
  host = Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0");
  result = pools(config, host, {});
  EXPECT_THAT(result[1].warnings.at(0), HasSubstr("is in the shared resource a.io/hca and in the exclusive"));
}

TEST(Pools, WarnsOfAnIommuGroupInTwoResources) {
  auto host = with_vfs();
  predict(host, model::BindDriver{pci("0000:01:10.2"), 1, model::DeviceType::vfio_pci, {}});
  for (const auto* vf : {"0000:01:10.0", "0000:01:10.2"}) host.functions.at(pci(vf)).iommu_group = 7;
  model::Selectors first;
  first.pci_addresses = {pci("0000:01:10.0")};
  const auto result = pools(offering({test::exclusive("a.io/one", first), test::exclusive("a.io/two", {})}), host, {});
  EXPECT_THAT(result[1].warnings.at(0), HasSubstr("IOMMU group 7 has devices in a.io/one and in a.io/two"));
}

// B9
TEST(Pools, WarnsOfADriverThatNoFunctionHas) {
  const auto pool = pools(offering({test::exclusive("a.io/x", drivers({"mlx5_ib"}))}), with_vfs(), {})[0];
  EXPECT_THAT(pool.warnings.at(0), HasSubstr("The function's own driver is mlx5_core"));
}

// C2: bound later, it appears; C6: until then the resource is there and empty.
TEST(Pools, AVfWithoutDriverAppearsWhenItIsBound) {
  auto host = with_vfs();
  host.functions.at(pci("0000:01:10.0")).driver.reset();
  host.functions.at(pci("0000:01:10.2")).driver.reset();
  const auto config = offering({test::exclusive("a.io/any", {})});
  const auto before = pools(config, host, {});
  ASSERT_EQ(before.size(), 1u);
  EXPECT_EQ(before[0].capacity, 0u);
  EXPECT_EQ(before[0].not_ready.at(0).have, "no driver");
  predict(host, model::BindDriver{pci("0000:01:10.2"), 1, model::DeviceType::netdevice, {}});
  EXPECT_EQ(pools(config, host, {})[0].capacity, 1u);
}

// C4
TEST(Pools, ASharedPoolTellsItsNumaNodesWhereItIsAskedTo) {
  const model::Inventory host = [] {
    model::Inventory both =
        Host{}.pf("0000:01:00.0").pf("0000:81:00.0", "enp129s0").rxe("r0", "enp1s0").rxe("r1", "enp129s0");
    both.functions.at(pci("0000:81:00.0")).numa_node = 1;
    return both;
  }();
  auto config = offering({test::shared("a.io/hca", 5, {})});
  EXPECT_THAT(pools(config, host, {})[0].numa_nodes, testing::IsEmpty());
  config.resources[0].numa_topology = true;
  EXPECT_THAT(pools(config, host, {})[0].numa_nodes, testing::ElementsAre(0, 1));
}

// C5
TEST(Pools, ASharedPoolIsUnhealthyWhenNothingInItWorks) {
  model::Inventory host =
      Host{}.pf("0000:01:00.0").pf("0000:81:00.0", "enp129s0").rxe("r0", "enp1s0").rxe("r1", "enp129s0");
  host.rdma_devices[0].ports[0].state = "DOWN";
  const auto config = offering({test::shared("a.io/hca", 5, {})});
  EXPECT_EQ(pools(config, host, {})[0].healthy, 5u);
  host.rdma_devices[1].ports[0].state = "DOWN";
  const auto pool = pools(config, host, {})[0];
  EXPECT_EQ(pool.capacity, 5u);
  EXPECT_EQ(pool.healthy, 0u);
  EXPECT_EQ(pool.unhealthy, "0000:01:00.0: port 1 of r0 is DOWN");
}

// C5
TEST(Pools, AVfIsUnhealthyWithTheReason) {
  auto host = with_vfs();
  host.net_devices.front().carrier = false;
  const auto pool = pools(offering({test::exclusive("a.io/any", {})}), host, {})[0];
  EXPECT_EQ(pool.capacity, 2u);
  EXPECT_EQ(pool.healthy, 0u);
  EXPECT_EQ(pool.devices.at(0).unhealthy, "enp1s0 of its PF has no carrier");
}

// C7: no node is none, and 0 is node 0; a VF that tells none has its PF's.
TEST(Pools, TheNumaNodeIsTheFunctionsOrItsPfs) {
  auto host = with_vfs();
  host.functions.at(pci("0000:01:10.0")).numa_node.reset();
  const auto config = offering({test::exclusive("a.io/any", {})});
  EXPECT_EQ(pools(config, host, {})[0].devices.at(0).numa_node, 0);
  host.functions.at(pci("0000:01:00.0")).numa_node.reset();
  EXPECT_EQ(pools(config, host, {})[0].devices.at(0).numa_node, std::nullopt);
}

// C13
TEST(Pools, KeepsAVfWhoseInterfaceAndRdmaDeviceAreInAPod) {
  auto host = with_vfs();
  auto& vf = host.functions.at(pci("0000:01:10.2"));
  vf.in_use = "its network interface is in another network namespace";
  vf.rdma_elsewhere = true;
  std::erase_if(host.net_devices, [&](const auto& net) { return net.function == vf.address; });
  model::Selectors rdma;
  rdma.is_rdma = true;
  const auto pool = pools(offering({test::exclusive("a.io/rdma", rdma)}), host, {})[0];
  ASSERT_EQ(pool.devices.size(), 1u);
  EXPECT_TRUE(pool.devices[0].healthy);
  EXPECT_TRUE(pool.devices[0].in_use);
}

TEST(Pools, WaitsForWhatTheSelectorSaysComesWithTheDevice) {
  auto host = with_vfs();
  model::Selectors vhost;
  vhost.need_vhost_net = true;
  const auto config = offering({test::exclusive("a.io/vhost", vhost)});
  EXPECT_THAT(pools(config, host, {})[0].not_ready.at(0).want, HasSubstr("vhost_net"));
  host.vhost_net = true;
  EXPECT_EQ(pools(config, host, {})[0].capacity, 2u);
}

model::Resource of_class(model::DeviceClass device_class) {
  auto resource = test::exclusive("a.io/x", {});
  resource.device_class = device_class;
  return resource;
}

// B12, C10
TEST(Pools, ScalableFunctionsAreListedByFunctionAndNumberAndTheirPfIsNot) {
  const model::Inventory host = Host{}
                                    .pf("0000:81:00.0", "ens2")
                                    .sf("0000:81:00.0", 3, 1, "ens2s1")
                                    .pf("0000:01:00.0", "ens1")
                                    .sf("0000:01:00.0", 2, 88, "ens1s88")
                                    .sf("0000:01:00.0", 10, 89, "ens1s89");
  const auto pool = pools(offering({of_class(model::DeviceClass::auxiliary)}), host, {})[0];
  std::vector<std::string> ids;
  for (const auto& device : pool.devices) ids.push_back(device.id);
  EXPECT_THAT(ids, testing::ElementsAre("mlx5_core.sf.2", "mlx5_core.sf.10", "mlx5_core.sf.3"));
  EXPECT_EQ(pool.devices[0].auxiliary, "mlx5_core.sf.2");
  EXPECT_EQ(pool.devices[0].numa_node, 0);
  EXPECT_TRUE(std::ranges::is_sorted(pool.devices, listed_before));
  EXPECT_EQ(pools(offering({test::exclusive("a.io/nics", {})}), host, {})[0].capacity, 0u);
}

// sriov-network-device-plugin #477: the host may use the function that they stand on, and not themselves.
TEST(Pools, AScalableFunctionThatCarriesTheDefaultRouteIsNotOffered) {
  Host host;
  host.pf("0000:01:00.0", "ens1").sf("0000:01:00.0", 2, 88, "ens1s88").sf("0000:01:00.0", 3, 89, "ens1s89");
  const auto config = offering({of_class(model::DeviceClass::auxiliary)});
  EXPECT_EQ(pools(config, Host{host}.default_route("ens1"), {})[0].capacity, 2u);
  EXPECT_EQ(pools(config, Host{host}.default_route("ens1s89"), {})[0].devices.size(), 1u);
}

TEST(Pools, AScalableFunctionInAPodStays) {
  model::Inventory host = Host{}.pf("0000:01:00.0", "ens1").sf("0000:01:00.0", 2, 88, "ens1s88");
  std::erase_if(host.net_devices, [](const auto& net) { return net.scalable_function; });
  const auto config = offering({of_class(model::DeviceClass::auxiliary)});
  EXPECT_EQ(pools(config, host, {})[0].capacity, 0u);
  host.functions.at(pci("0000:01:00.0")).auxiliary[0].in_use = "its network interface is in another network namespace";
  EXPECT_EQ(pools(config, host, {})[0].capacity, 1u);
}

TEST(Pools, AcceleratorsAreOfferedToResourcesThatAreMadeOfThem) {
  model::Inventory host = Host{}.plain("0000:04:00.0");
  auto card = host.functions.at(pci("0000:04:00.0"));
  card.address = pci("0000:f7:00.0");
  card.class_code = 0x120000;
  host.accelerators.emplace(card.address, card);
  const auto pool = pools(offering({of_class(model::DeviceClass::accelerator)}), host, {})[0];
  EXPECT_THAT(pool.functions, testing::ElementsAre(pci("0000:f7:00.0")));
  EXPECT_THAT(pools(offering({test::exclusive("a.io/nics", {})}), host, {})[0].functions,
              testing::ElementsAre(pci("0000:04:00.0")));
}

TEST(Explain, SaysWhichSelectorDoesNotFit) {
  model::Snapshot snapshot;
  snapshot.inventory = with_vfs();
  snapshot.pools = pools(offering({test::exclusive("a.io/dpdk", drivers({"vfio-pci"}))}), snapshot.inventory, {});
  EXPECT_THAT(explain(snapshot, pci("0000:01:10.2"), snapshot.pools[0]),
              HasSubstr("its driver (igbvf) is not in drivers"));
  EXPECT_THAT(explain(snapshot, pci("0000:01:10.0"), snapshot.pools[0]), HasSubstr("is in a.io/dpdk"));
  EXPECT_THAT(explain(snapshot, pci("0000:99:00.0"), snapshot.pools[0]), HasSubstr("not a NIC function"));
}

TEST(Explain, NamesTheResourceThatTookTheVf) {
  model::Snapshot snapshot;
  snapshot.inventory = with_vfs();
  snapshot.pools =
      pools(offering({test::exclusive("a.io/first", {}), test::exclusive("a.io/second", {})}), snapshot.inventory, {});
  EXPECT_THAT(explain(snapshot, pci("0000:01:10.2"), snapshot.pools[1]), HasSubstr("a.io/first"));
}

TEST(Explain, SpeaksOfScalableFunctionsAndOfWhatTheyStandOn) {
  model::Snapshot snapshot;
  snapshot.inventory = Host{}.pf("0000:01:00.0", "ens1").sf("0000:01:00.0", 2, 88, "ens1s88");
  auto resource = of_class(model::DeviceClass::auxiliary);
  resource.selectors[0].pf_names = {{"ens1", {{80, 88}}}};
  snapshot.pools = pools(offering({resource, test::exclusive("a.io/nics", {}), test::shared("a.io/hca", 5, {})}),
                         snapshot.inventory, {});
  const auto text = [&](std::size_t pool, std::string_view auxiliary) {
    return explain(snapshot, pci("0000:01:00.0"), snapshot.pools[pool], auxiliary);
  };
  EXPECT_THAT(text(0, "mlx5_core.sf.2"), HasSubstr("mlx5_core.sf.2 is in a.io/x"));
  EXPECT_THAT(text(0, ""), HasSubstr("the resource is made of scalable functions"));
  EXPECT_THAT(text(1, "mlx5_core.sf.2"), HasSubstr("made of PCI functions of network cards"));
  EXPECT_THAT(text(1, ""), HasSubstr("it has scalable functions, which are handed out in its place"));
  EXPECT_THAT(text(2, "mlx5_core.sf.2"), HasSubstr("shared resources are made of PCI functions"));
  EXPECT_THAT(text(0, "mlx5_core.sf.9"), HasSubstr("not an auxiliary device of this machine"));
}

TEST(Explain, SaysWhyADeviceIsUnhealthyAndWhatElseIsWrong) {
  model::Snapshot snapshot;
  snapshot.inventory = Host{with_vfs()}.rxe("rxe0", "enp1s0");
  snapshot.inventory.net_devices.front().carrier = false;
  snapshot.pools =
      pools(offering({test::shared("a.io/hca", 5, {}), test::exclusive("a.io/vfs", {})}), snapshot.inventory, {});
  const auto vf = explain(snapshot, pci("0000:01:10.0"), snapshot.pools[1]);
  EXPECT_THAT(vf, HasSubstr("It is unhealthy: enp1s0 of its PF has no carrier"));
  EXPECT_THAT(vf, HasSubstr("is in the shared resource a.io/hca"));
  EXPECT_THAT(explain(snapshot, pci("0000:01:00.0"), snapshot.pools[0]), HasSubstr("5 may have it at once"));
  EXPECT_THAT(explain(snapshot, pci("0000:01:00.0"), snapshot.pools[1]),
              HasSubstr("it has VFs, which are handed out in its place"));
}

TEST(Explain, SaysWhatTheHostNeedsAFunctionFor) {
  model::Snapshot snapshot;
  snapshot.inventory = Host{}.plain("0000:04:00.0").default_route("eth0");
  snapshot.pools = pools(offering({test::exclusive("a.io/any", {})}), snapshot.inventory, {});
  EXPECT_THAT(explain(snapshot, pci("0000:04:00.0"), snapshot.pools[0]),
              HasSubstr("carries the IPv4 default route (eth0)"));
}

}  // namespace
}  // namespace nic::core
