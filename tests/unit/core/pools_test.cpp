#include "core/pools.hpp"

#include "core/predict.hpp"
#include "lib/hosts.hpp"
#include "lib/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(Pools, AnExclusivePoolTakesVfsOnly) {
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

}  // namespace
}  // namespace nic::core
