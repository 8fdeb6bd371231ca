// Whether the drivers are right, as an administrator reads it.
#include "core/drivers.hpp"

#include "core/wanted_modules.hpp"
#include "lib/hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::core {
namespace {

using model::Config;
using model::DriverFacts;
using model::DriverStatus;
using model::Inventory;
using model::ModuleReport;
using model::Provider;
using model::Verdict;
using test::Host;
using test::pci;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

ModuleReport runs(std::string name, Provider provider = Provider::inbox, std::string version = "") {
  ModuleReport report;
  report.name = std::move(name);
  report.wanted = true;
  report.state = model::ModuleState::live;
  report.provider_running = report.provider_file = provider;
  report.version = std::move(version);
  report.file = "/lib/modules/x.ko";
  report.signature_id = "PKCS#7";
  report.verdict = Verdict::pass;
  return report;
}

DriverStatus judged(const std::vector<ModuleReport>& modules, const Inventory& host = {}, const Config& config = {},
                    const model::RdmaAnswers& answers = {}, const model::ModulesOfDevices& modules_of = {}) {
  DriverFacts facts;
  facts.modules_of = modules_of;
  return judge_drivers(config, host, judge_modules(config, modules), facts, answers);
}

std::string said(const std::vector<model::Finding>& findings, Verdict severity) {
  std::string all;
  for (const auto& finding : findings)
    if (finding.severity == severity) all += finding.text + "\n";
  return all;
}

TEST(Drivers, AreRightWhereTheRequiredModulesPass) {
  const auto status = judged({runs("mlx5_core"), runs("ib_core")});
  EXPECT_EQ(status.verdict, Verdict::pass);
  EXPECT_EQ(status.running, Provider::inbox);
}

// Behaviour 3.
TEST(Drivers, OfBothStacksSideBySideFailThoughEachPasses) {
  const auto status = judged({runs("ib_core"), runs("mlx_compat", Provider::ofed), runs("mlx5_core", Provider::ofed)});
  EXPECT_EQ(status.verdict, Verdict::fail);
  EXPECT_THAT(said(status.findings, Verdict::fail),
              AllOf(HasSubstr("the RDMA stack is mixed: mlx_compat, mlx5_core"), HasSubstr("ib_core not")));
}

TEST(Drivers, OfAnotherVendorMayRunBesideAnOutOfTreeStack) {
  const auto status = judged({runs("ib_core", Provider::ofed), runs("irdma", Provider::other), runs("ice")});
  EXPECT_EQ(status.verdict, Verdict::pass) << said(status.findings, Verdict::fail);
  EXPECT_EQ(status.running, Provider::ofed);
}

TEST(Drivers, ThatWouldBeMixedAtTheNextLoadFail) {
  auto ib_core = runs("ib_core");
  ib_core.provider_file = Provider::ofed;
  const auto status = judged({ib_core, runs("mlx5_core")});
  EXPECT_THAT(said(status.findings, Verdict::fail), HasSubstr("As it would load next"));
}

TEST(Drivers, OnDiskThatAreNotTheOnesThatRunAreToldOf) {
  auto ib_core = runs("ib_core");
  ib_core.provider_file = Provider::ofed;
  const auto status = judged({ib_core});
  EXPECT_EQ(status.verdict, Verdict::warn);
  EXPECT_THAT(said(status.findings, Verdict::warn), HasSubstr("runs is inbox, the one on disk is ofed"));
}

TEST(Drivers, OfTwoReleasesOfTheStackFail) {
  const auto status =
      judged({runs("ib_core", Provider::ofed, "24.10-1.1.4"), runs("mlx5_core", Provider::ofed, "24.07-0.6.1")});
  EXPECT_THAT(said(status.findings, Verdict::fail),
              AllOf(HasSubstr("24.07-0.6.1 (mlx5_core)"), HasSubstr("24.10-1.1.4 (ib_core)")));
}

TEST(Drivers, HaveToBeOfTheStackThatIsAskedFor) {
  Config config;
  config.drivers.rdma_stack = Provider::ofed;
  EXPECT_THAT(said(judged({runs("ib_core")}, {}, config).findings, Verdict::fail), HasSubstr("asks for ofed"));
  EXPECT_EQ(judged({runs("ib_core", Provider::ofed)}, {}, config).verdict, Verdict::pass);
  EXPECT_EQ(judged({}, {}, config).verdict, Verdict::unknown);
}

TEST(Drivers, AreNotRightForWantOfKnowledge) {
  auto module = runs("mlx5_core");
  module.verdict = Verdict::unknown;
  EXPECT_EQ(judged({module}).verdict, Verdict::unknown);
  module.wanted = false;
  EXPECT_EQ(judged({module}).verdict, Verdict::pass);
}

// Behaviour 11.
TEST(Drivers, HaveToHaveAVersionThatWillDo) {
  Config config;
  config.module_versions = {
      {"mlx5-core", model::parse_version("24.07"), model::parse_version("25.01"), {"t.toml", 3, 1}}};
  const auto verdict = [&](std::string version, Provider provider = Provider::ofed) {
    return judge_modules(config, {runs("mlx5_core", provider, std::move(version))}).front();
  };
  EXPECT_EQ(verdict("24.10-1.1.4").verdict, Verdict::pass);
  EXPECT_EQ(verdict("25.01-0.6.0").verdict, Verdict::pass);
  EXPECT_THAT(said(verdict("5.8-1.1.2.1").findings, Verdict::fail), HasSubstr("older than 24.07 (t.toml:3:1)"));
  EXPECT_THAT(said(verdict("25.04").findings, Verdict::fail), HasSubstr("newer than 25.01"));
  EXPECT_THAT(said(verdict("", Provider::inbox).findings, Verdict::unknown), HasSubstr("the kernel's own modules"));
}

// Behaviour 13.
TEST(Drivers, HaveToBeSignedWhereThatIsAskedFor) {
  Config config;
  config.drivers.require_signed = true;
  auto module = runs("mlx5_core");
  EXPECT_EQ(judge_modules(config, {module}).front().verdict, Verdict::pass);
  module.taint = "OE";
  EXPECT_THAT(said(judge_modules(config, {module}).front().findings, Verdict::fail), HasSubstr("without a signature"));
  module.taint = "";
  module.signature_id = "";
  EXPECT_THAT(said(judge_modules(config, {module}).front().findings, Verdict::fail), HasSubstr("is not signed"));
}

TEST(Drivers, HaveToDriveWhatTheyAreBoundTo) {
  auto host = Host{}.pf("0000:01:00.0").inventory();
  host.net_devices.clear();
  EXPECT_THAT(said(judged({runs("igb")}, host).findings, Verdict::fail),
              HasSubstr("igb drives 0000:01:00.0, but made neither"));
  auto not_wanted = runs("igb");
  not_wanted.wanted = false;
  EXPECT_EQ(judged({not_wanted}, host).verdict, Verdict::warn);
}

TEST(Drivers, HaveToTakeTheCardsThatAreTheirs) {
  auto host = Host{}.pf("0000:3b:00.0").inventory();
  auto& card = host.functions.at(pci("0000:3b:00.0"));
  card.vendor = 0x15b3;
  card.device = 0x1021;
  card.driver.reset();
  EXPECT_THAT(said(judged({runs("mlx5_core")}, host).findings, Verdict::fail),
              HasSubstr("No driver is bound to 0000:3b:00.0 (15b3:1021)"));
}

TEST(Drivers, ThatWereJustLoadedAreNotYetJudgedByWhatTheyMade) {
  auto host = Host{}.pf("0000:01:00.0").inventory();
  host.net_devices.clear();
  const auto awaiting = [&](const std::set<std::string>& modules) {
    return judge_drivers({}, host, {runs("igb")}, DriverFacts{}, {}, modules);
  };
  EXPECT_EQ(awaiting({"igb"}).verdict, Verdict::unknown);
  EXPECT_THAT(said(awaiting({"igb"}).findings, Verdict::unknown), HasSubstr("that is waited for"));
  EXPECT_EQ(awaiting({"ice"}).verdict, Verdict::fail);
}

TEST(Drivers, AreOfTheModuleThatTheTreeHasForTheCard) {
  auto host = Host{}.pf("0000:01:00.0").inventory();
  auto& card = host.functions.at(pci("0000:01:00.0"));
  card.modalias = "pci:v00008086d000010C9";
  card.driver.reset();
  const model::ModulesOfDevices modules_of{{card.modalias, {"igb"}}};
  EXPECT_THAT(said(judged({runs("igb")}, host, {}, {}, modules_of).findings, Verdict::fail),
              HasSubstr("No driver is bound to 0000:01:00.0 (8086:10c9), though igb is there"));
  EXPECT_EQ(judged({runs("ice")}, host, {}, {}, modules_of).verdict, Verdict::pass) << "ice is not for it";
  auto absent = runs("igb");
  absent.state = model::ModuleState::absent;
  EXPECT_EQ(said(judged({absent}, host, {}, {}, modules_of).findings, Verdict::fail), "") << "its own report says so";
}

TEST(Drivers, HaveToDriveTheirCardsThemselves) {
  auto host = Host{}.pf("0000:01:00.0").inventory();
  auto& card = host.functions.at(pci("0000:01:00.0"));
  card.modalias = "pci:v00008086d000010C9";
  card.driver = "igb_stub";
  const model::ModulesOfDevices modules_of{{card.modalias, {"igb"}}};
  EXPECT_THAT(said(judged({runs("igb")}, host, {}, {}, modules_of).findings, Verdict::fail),
              HasSubstr("0000:01:00.0 is driven by igb_stub, though igb, which is required, is for it"));
  card.driver = "vfio-pci";
  EXPECT_EQ(judged({runs("igb")}, host, {}, {}, modules_of).verdict, Verdict::pass) << "it was given to user space";
}

TEST(Drivers, OfMlx5MakeAnRdmaDeviceOfEveryFunction) {
  auto host = Host{}.infiniband_pf("0000:3b:00.0", "ib0", "0002:c903:00aa:bb10").inventory();
  host.functions.at(pci("0000:3b:00.0")).vendor = 0x15b3;
  const std::vector modules{runs("mlx5_core"), runs("mlx5_ib")};
  EXPECT_EQ(said(judged(modules, host).findings, Verdict::fail), "");
  host.rdma_devices.clear();
  EXPECT_THAT(said(judged(modules, host).findings, Verdict::fail),
              HasSubstr("mlx5_ib runs, but made no RDMA device of 0000:3b:00.0"));
  EXPECT_EQ(said(judged({runs("mlx5_core")}, host).findings, Verdict::fail), "");
}

TEST(Drivers, HaveToMakeTheNodesOfTheirKind) {
  auto host = Host{}.infiniband_pf("0000:3b:00.0", "ib0", "0002:c903:00aa:bb10").inventory();
  auto& device = host.rdma_devices.front();
  device.ports.push_back({.number = 1,
                          .state = "ACTIVE",
                          .phys_state = "LinkUp",
                          .link_layer = model::LinkType::infiniband,
                          .rate = "",
                          .net_ifindex = {}});
  const std::vector modules{runs("ib_umad"), runs("rdma_ucm")};
  EXPECT_THAT(said(judged(modules, host).findings, Verdict::fail),
              AllOf(HasSubstr("mlx5_0 has no node for management datagrams"), HasSubstr("rdma_cm is not there")));
  device.nodes.push_back({model::RdmaNode::umad, "/dev/infiniband/umad0", 231, 0, 1});
  host.rdma_cm = model::CharDevice{model::RdmaNode::rdma_cm, "/dev/infiniband/rdma_cm", 10, 120, {}};
  EXPECT_EQ(said(judged(modules, host).findings, Verdict::fail), "");
}

TEST(Drivers, HaveToMakeRdmaDevicesThatUserSpaceCanOpen) {
  auto host = Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0").inventory();
  auto& nodes = host.rdma_devices.front().nodes;
  const auto uverbs = runs("ib_uverbs");
  const auto findings = [&](const model::RdmaAnswers& answers) { return judged({uverbs}, host, {}, answers).findings; };
  EXPECT_THAT(said(findings({}), Verdict::unknown), HasSubstr("rxe0 is being opened"));
  EXPECT_THAT(said(findings({{"rxe0", std::nullopt}}), Verdict::pass), HasSubstr("rxe0 answers"));
  const model::Error dead{model::Code::stuck, 0, "open", "rxe0", "it has not answered"};
  EXPECT_THAT(said(findings({{"rxe0", dead}}), Verdict::fail), HasSubstr("rxe0 does not answer"));
  nodes.clear();
  EXPECT_THAT(said(findings({}), Verdict::fail), HasSubstr("rxe0 has no node"));
}

TEST(WantedModules, AreSetsTakenApartAndEachOnce) {
  Config config;
  config.modules = {{"ib-uverbs", {}}, {"@mlx5", {}}, {"@user-access", {}}};
  std::vector<std::string> names;
  model::Desired desired;
  desired.modules = required_modules(config);
  for (const auto& module : wanted_modules(desired, {})) names.push_back(module.name);
  EXPECT_THAT(names, ElementsAre("ib_uverbs", "mlx5_core", "mlx5_ib", "ib_umad", "rdma_ucm"));
}

}  // namespace
}  // namespace nic::core
