// Which modules go in which order, what goes with them, and what stands in the way.
#include "core/reload.hpp"

#include "lib/hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using model::Code;
using model::Inventory;
using model::ReloadFacts;
using test::Host;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kPf = "0000:01:00.0";

// Modules with what holds on to them; they are referred to by nothing else.
Inventory with(Inventory host, const std::map<std::string, std::vector<std::string>>& holders) {
  for (const auto& [name, by] : holders) {
    model::LoadedModule module;
    module.name = name;
    module.state = "live";
    module.holders = by;
    module.references = static_cast<unsigned>(by.size());
    host.modules.push_back(std::move(module));
  }
  std::ranges::sort(host.modules, {}, &model::LoadedModule::name);
  return host;
}

model::LoadedModule& module(Inventory& host, std::string_view name) {
  return *std::ranges::find(host.modules, name, &model::LoadedModule::name);
}

// The stack of a ConnectX as the kernel shows it.
Inventory mlx5_host() {
  auto host =
      with(Host{}.pf(kPf, "ens1np0", 8, "mlx5_core"), {{"mlx5_core", {"mlx5_ib", "mlx5_vdpa"}},
                                                       {"mlx5_ib", {}},
                                                       {"mlx5_vdpa", {}},
                                                       {"ib_uverbs", {"mlx5_ib", "rdma_ucm"}},
                                                       {"rdma_ucm", {}},
                                                       {"rdma_cm", {"rdma_ucm"}},
                                                       {"ib_core", {"ib_uverbs", "mlx5_ib", "rdma_cm", "rdma_ucm"}}});
  model::RdmaDevice rdma;
  rdma.name = "mlx5_0";
  rdma.function = test::pci(kPf);
  rdma.nodes = {{model::RdmaNode::uverbs, "/dev/infiniband/uverbs0", 231, 192, {}}};
  host.rdma_devices.push_back(rdma);
  return host;
}

Inventory igb_host() { return with(Host{}.pf(kPf), {{"igb", {}}}); }

model::ReloadPlan planned(const std::vector<std::string>& names, const Inventory& host, const ReloadFacts& facts = {},
                          const Listed& listed = {}) {
  const auto plan = plan_reload(names, host, facts, listed);
  EXPECT_TRUE(plan.has_value()) << plan.error().text();
  return plan.value_or(model::ReloadPlan{});
}

// What stands in the way, and whether force helps.
auto hurdle(const char* text, bool forceable) {
  return AllOf(Field(&model::Obstacle::text, HasSubstr(text)), Field(&model::Obstacle::forceable, forceable));
}

// Behaviour 14.
TEST(Reload, UnloadsWhatHoldsOnToAModuleFirst) {
  const auto plan = planned({"mlx5_core"}, mlx5_host());
  EXPECT_THAT(plan.unload, ElementsAre("mlx5_ib", "mlx5_vdpa", "mlx5_core"));
  EXPECT_THAT(plan.load, ElementsAre("mlx5_core", "mlx5_vdpa", "mlx5_ib"));
  EXPECT_THAT(plan.functions, ElementsAre(test::pci(kPf)));
  EXPECT_THAT(plan.interface_names, ElementsAre("ens1np0"));
  EXPECT_THAT(plan.rdma_devices, ElementsAre("mlx5_0"));
  EXPECT_THAT(plan.obstacles, IsEmpty());
}

TEST(Reload, OrdersAWholeStackTheSameHoweverItIsAskedFor) {
  const auto plan = planned({"ib_core", "mlx5-core"}, mlx5_host());
  EXPECT_THAT(plan.unload,
              ElementsAre("mlx5_ib", "mlx5_vdpa", "mlx5_core", "rdma_ucm", "ib_uverbs", "rdma_cm", "ib_core"));
  EXPECT_EQ(planned({"mlx5_core", "mlx5_core", "ib-core"}, mlx5_host()).unload, plan.unload);
}

TEST(Reload, TakesASetApartAndLoadsWhatOfItWasNotThere) {
  const auto plan = planned({"@mlx5"}, with(Host{}.pf(kPf, "ens1np0", 8, "mlx5_core"), {{"mlx5_core", {}}}));
  EXPECT_THAT(plan.unload, ElementsAre("mlx5_core"));
  EXPECT_THAT(plan.load, ElementsAre("mlx5_core", "mlx5_ib"));
  EXPECT_EQ(plan_reload({"@mlx6"}, mlx5_host(), {}, {}).error().code, Code::invalid);
}

TEST(Reload, OfWhatIsNotLoadedIsNothing) {
  EXPECT_EQ(plan_reload({"ice"}, igb_host(), {}, {}).error().code, Code::not_found);
  EXPECT_EQ(plan_reload({}, igb_host(), {}, {}).error().code, Code::invalid);
}

// Behaviour 14.
TEST(Reload, IsRefusedForAReferenceThatIsNoModules) {
  auto host = mlx5_host();
  module(host, "mlx5_ib").references = 3;
  const auto plan = planned({"mlx5_core"}, host);
  EXPECT_THAT(plan.obstacles, ElementsAre(hurdle("mlx5_ib is referred to 3 times", false)));
  EXPECT_FALSE(plan.may(true));
}

// Behaviour 14.
TEST(Reload, NamesTheProcessesThatHaveNodesOpen) {
  ReloadFacts facts;
  facts.rdma_users = {{4711, "ib_write_bw", {"/dev/infiniband/uverbs0"}}, {4712, "other", {"/dev/infiniband/uverbs7"}}};
  const auto plan = planned({"mlx5_core"}, mlx5_host(), facts);
  EXPECT_THAT(plan.obstacles, ElementsAre(hurdle("Process 4711 (ib_write_bw) has /dev/infiniband/uverbs0 open", true)));
  EXPECT_FALSE(plan.may(false));
  EXPECT_TRUE(plan.may(true));
  EXPECT_EQ(planned({"ib_core"}, mlx5_host(), facts).obstacles.size(), 2U);
  EXPECT_THAT(planned({"igb"}, igb_host(), facts).obstacles, IsEmpty());
}

// Behaviour 15.
TEST(Reload, IsRefusedForStorageOverRdma) {
  for (const auto* storage : {"nvme_rdma", "ib_iser", "ib_srp", "rpcrdma"}) {
    auto host = with(mlx5_host(), {{storage, {}}});
    module(host, "ib_core").holders.push_back(storage);
    module(host, "ib_core").references++;
    EXPECT_THAT(planned({"ib_core"}, host).obstacles, IsEmpty());
    module(host, storage).references = 1;
    EXPECT_THAT(planned({"ib_core"}, host).obstacles,
                ElementsAre(hurdle((std::string{"Storage over RDMA is in use: "} + storage).c_str(), false)));
  }
}

// Behaviour 15.
TEST(Reload, IsRefusedWhereLustreRuns) {
  auto host = with(mlx5_host(), {{"ko2iblnd", {}}});
  module(host, "rdma_cm").holders.push_back("ko2iblnd");
  module(host, "rdma_cm").references++;
  EXPECT_THAT(planned({"ib_core"}, host).obstacles, ElementsAre(hurdle("lustre_rmmod", false)));
}

// Behaviour 15.
TEST(Reload, NeverTakesNvmeFromUnderAFilesystem) {
  const auto host =
      with(mlx5_host(), {{"nvme_core", {"nvme"}}, {"nvme", {}}, {"mlx_compat", {"nvme_core", "mlx5_core"}}});
  ReloadFacts facts;
  EXPECT_THAT(planned({"mlx_compat"}, host, facts).obstacles, IsEmpty());
  facts.mounts = {{"/", "ext4", {"nvme0n1p2"}, false}, {"swap on /dev/nvme0n1p3", "swap", {"nvme0n1p3"}, false}};
  EXPECT_THAT(planned({"mlx_compat"}, host, facts).obstacles,
              ElementsAre(hurdle("/ is on NVMe (nvme0n1p2)", false), hurdle("swap on /dev/nvme0n1p3", false)));
  EXPECT_THAT(planned({"mlx5_core"}, host, facts).obstacles, IsEmpty());
}

TEST(Reload, IsRefusedWhereTheRootIsMountedOverTheNetwork) {
  ReloadFacts facts;
  facts.mounts = {{"/", "nfs4", {}, false}};
  EXPECT_THAT(planned({"igb"}, igb_host(), facts).obstacles,
              ElementsAre(hurdle("/ is mounted over the network", false)));
}

// Behaviour 16.
TEST(Reload, NeedsForceForWhatTheHostIsReachedBy) {
  const Inventory route = with(Host{}.pf(kPf).vlan("enp1s0.7", "enp1s0").default_route("enp1s0.7"), {{"igb", {}}});
  ReloadFacts facts;
  facts.link_kinds[route.net_device("enp1s0.7")->ifindex] = "vlan";
  EXPECT_THAT(planned({"igb"}, route, facts).obstacles,
              ElementsAre(hurdle("carries the IPv4 default route (enp1s0.7)", true)));
  const Inventory bond = with(Host{}.pf(kPf).net("bond0").enslave("enp1s0", "bond0"), {{"igb", {}}});
  EXPECT_THAT(planned({"igb"}, bond).obstacles, ElementsAre(hurdle("enp1s0 is a port of bond0", true)));
  EXPECT_THAT(planned({"igb"}, igb_host(), {}, {test::pci(kPf)}).obstacles,
              ElementsAre(hurdle("is listed as protected", true)));
  facts.sessions[igb_host().net_device("enp1s0")->ifindex] = "an ssh session from 192.0.2.1";
  EXPECT_THAT(planned({"igb"}, igb_host(), facts).obstacles, Contains(hurdle("an ssh session from 192.0.2.1", true)));
}

TEST(Reload, SaysWhatIsNotMadeAgain) {
  const Inventory host = with(Host{}.pf(kPf).vlan("mac0", "enp1s0"), {{"igb", {}}});
  ReloadFacts facts;
  facts.link_kinds[host.net_device("mac0")->ifindex] = "macvlan";
  const auto plan = planned({"igb"}, host, facts);
  EXPECT_THAT(plan.interface_names, ElementsAre("enp1s0", "mac0"));
  EXPECT_THAT(plan.obstacles, ElementsAre(hurdle("mac0 (macvlan) goes away and is not made again", true)));
}

TEST(Reload, NeverTakesAFunctionFromAVirtualMachine) {
  auto host = igb_host();
  auto& pf = host.functions.at(test::pci(kPf));
  model::PciFunction vf;
  vf.address = test::pci("0000:01:10.0");
  vf.physfn = pf.address;
  vf.vf_index = 0;
  vf.driver = "vfio-pci";
  vf.in_use = "/dev/vfio/12 is held open by qemu-system-x86 (7)";
  pf.sriov->num_vfs = 1;
  pf.sriov->virtfns[0] = vf.address;
  host.functions[vf.address] = vf;
  EXPECT_THAT(planned({"igb"}, host).obstacles, ElementsAre(hurdle("qemu-system-x86", false)));
  host.functions.at(vf.address).driver = "igbvf";
  EXPECT_THAT(planned({"igb"}, host).obstacles, ElementsAre(hurdle("qemu-system-x86", true)));
}

TEST(Reload, OfARdmaModuleLeavesTheFunctionsAlone) {
  const auto plan = planned({"mlx5_ib"}, mlx5_host());
  EXPECT_THAT(plan.functions, IsEmpty());
  EXPECT_THAT(plan.interface_names, IsEmpty());
  EXPECT_THAT(plan.rdma_devices, ElementsAre("mlx5_0"));
}

TEST(Reload, SoftRdmaDevicesGoWithTheirModuleAndWithTheirInterface) {
  const Inventory host = with(Host{}.pf(kPf).rxe("rxe0", "enp1s0"), {{"igb", {}}, {"rdma_rxe", {}}});
  ReloadFacts facts;
  facts.software_kinds = {{"rxe0", "rxe"}};
  EXPECT_THAT(planned({"igb"}, host, facts).rdma_devices, ElementsAre("rxe0"));
  const auto plan = planned({"rdma-rxe"}, host, facts);
  EXPECT_THAT(plan.rdma_devices, ElementsAre("rxe0"));
  EXPECT_THAT(plan.functions, IsEmpty());
}

}  // namespace
}  // namespace nic::core
