#include "kmod/inspect.hpp"

#include "unit/kmod/module_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace nic::kmod {
namespace {

using model::Verdict;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

model::Inventory running(const std::string& name, const std::string& build_id = "01ff", const std::string& taint = "") {
  model::Inventory inventory;
  inventory.modules.push_back({.name = name,
                               .state = "live",
                               .references = 0,
                               .holders = {},
                               .build_id = build_id,
                               .version = "",
                               .srcversion = "",
                               .taint = taint});
  return inventory;
}

model::ModuleReport one(const ModuleTree& tree, const std::string& wanted, const model::Inventory& inventory = {}) {
  FileCache files;
  const auto reports = inspect(tree.roots(), {wanted}, inventory, files).modules;
  return reports.empty() ? model::ModuleReport{} : reports.front();
}

std::string said(const model::ModuleReport& report, Verdict severity) {
  std::string all;
  for (const auto& finding : report.findings)
    if (finding.severity == severity) all += finding.text + '\n';
  return all;
}

TEST(Inspect, PassesARequiredModuleThatRunsAsItStandsOnDisk) {
  const ModuleTree tree;
  tree.add("kernel/drivers/mlx5-core.ko", fitting().info("version", "1.2.3"));
  tree.depmod();
  const auto report = one(tree, "mlx5_core", running("mlx5_core"));
  EXPECT_EQ(report.verdict, Verdict::pass) << said(report, Verdict::fail) << said(report, Verdict::unknown);
  EXPECT_EQ(report.name, "mlx5_core");
  EXPECT_TRUE(report.wanted);
  EXPECT_EQ(report.state, model::ModuleState::live);
  EXPECT_EQ(report.file, tree.module_path("kernel/drivers/mlx5-core.ko"));
  EXPECT_EQ(report.version, "1.2.3");
  EXPECT_EQ(report.folder, "kernel");
  EXPECT_EQ(report.provider_file, model::Provider::inbox);
  EXPECT_EQ(report.build_id_file, "01ff");
  EXPECT_EQ(report.vermagic, "6.99.0-test SMP preempt mod_unload modversions");
  EXPECT_TRUE(report.vermagic_matches);
  EXPECT_THAT(report.errors, IsEmpty());
}

TEST(Inspect, FailsARequiredModuleWhoseRunningBuildIsNotTheOneOnDisk) {
  const ModuleTree tree;
  tree.add("updates/dkms/ib_core.ko", fitting());
  tree.depmod();
  const auto report = one(tree, "ib_core", running("ib_core", "02aa"));
  EXPECT_EQ(report.verdict, Verdict::fail);
  EXPECT_EQ(report.folder, "dkms");
  EXPECT_THAT(said(report, Verdict::fail), AllOf(HasSubstr("02aa"), HasSubstr("01ff")));
}

// Behaviour 1: both values are named.
TEST(Inspect, FailsARequiredModuleThatWasMadeFromOtherSources) {
  const ModuleTree tree;
  tree.add("updates/mlx5_core.ko", fitting().info("srcversion", "BBBB"));
  tree.depmod();
  auto inventory = running("mlx5_core");
  inventory.modules[0].srcversion = "AAAA";
  const auto report = one(tree, "mlx5_core", inventory);
  EXPECT_EQ(report.verdict, Verdict::fail);
  EXPECT_EQ(report.srcversion_file, "BBBB");
  EXPECT_THAT(said(report, Verdict::fail), AllOf(HasSubstr("AAAA"), HasSubstr("BBBB"), HasSubstr("other sources")));
}

// Behaviour 2.
TEST(Inspect, OnlyWarnsOfAnotherBuildOfTheSameSources) {
  const ModuleTree tree;
  tree.add("updates/mlx5_core.ko", fitting().info("srcversion", "AAAA"));
  tree.depmod();
  auto inventory = running("mlx5_core", "02aa");
  inventory.modules[0].srcversion = "AAAA";
  const auto report = one(tree, "mlx5_core", inventory);
  EXPECT_EQ(report.verdict, Verdict::warn) << said(report, Verdict::fail);
  EXPECT_THAT(said(report, Verdict::warn), HasSubstr("built again from the same sources"));
}

// Behaviour 2: for want of a build id it is unknown.
TEST(Inspect, DoesNotTakeEqualSourcesForTheSameBuild) {
  const ModuleTree tree;
  tree.add("updates/mlx5_core.ko", FakeModule{}.built_for(kRelease).info("srcversion", "AAAA"));
  tree.depmod();
  auto inventory = running("mlx5_core");
  inventory.modules[0].srcversion = "AAAA";
  const auto report = one(tree, "mlx5_core", inventory);
  EXPECT_EQ(report.verdict, Verdict::unknown);
  EXPECT_THAT(said(report, Verdict::unknown), HasSubstr("equal sources may be in another build"));
}

struct Whose {
  const char* file;
  const char* key;
  const char* value;
  model::Provider provider;
};

// Behaviour 4.
TEST(Inspect, KnowsWhoseTheFileIsWhereverItLies) {
  using model::Provider;
  for (const auto& [file, key, value, provider] : {
           Whose{"updates/dkms/mlx5_core.ko", "depends", "mlxfw,mlx_compat,psample", Provider::ofed},
           Whose{"extra/mlnx-ofa_kernel/mlx5_core.ko", "depends", "mlx-compat", Provider::ofed},
           Whose{"weak-updates/mlx5_core.ko", "depends", "mlx_compat", Provider::ofed},
           Whose{"kernel/drivers/mlx5_core.ko", "depends", "mlxfw", Provider::inbox},
           Whose{"updates/mlx5_core.ko", "intree", "Y", Provider::inbox},
           Whose{"updates/dkms/mlx5_core.ko", "depends", "ib_core,my_mlx_compat", Provider::other},
       }) {
    const ModuleTree tree;
    tree.add(file, fitting().info(key, value));
    tree.depmod();
    EXPECT_EQ(one(tree, "mlx5_core").provider_file, provider) << file << " " << value;
  }
}

// Behaviour 4: packed and linked files.
TEST(Inspect, KnowsWhoseAPackedOrLinkedFileIs) {
  for (const auto& [command, suffix] : {std::pair{"xz -q", ".xz"}, {"zstd -q --rm", ".zst"}}) {
    const ModuleTree tree;
    const std::string other = "usr/lib/modules/6.98.0-other/extra/mlnx-ofa_kernel/mlx5_core.ko";
    tree.write(other, FakeModule{}.built_for("6.98.0-other").info("depends", "mlx_compat").image());
    tree.run(std::string{command} + " " + tree.path(other).string());
    const auto link = tree.module_path("weak-updates/mlx5_core.ko" + std::string{suffix});
    std::filesystem::create_directories(link.parent_path());
    std::filesystem::create_symlink(tree.path(other + suffix), link);
    tree.depmod();
    const auto report = one(tree, "mlx5_core");
    EXPECT_EQ(report.provider_file, model::Provider::ofed) << suffix;
    EXPECT_EQ(report.folder, "weak-updates") << suffix;
    EXPECT_TRUE(report.vermagic_matches) << suffix;
  }
}

// Behaviour 17.
TEST(Inspect, SeesWhatDepmodIndexedSinceTheLastInspection) {
  const ModuleTree tree;
  tree.add("kernel/mlx5_core.ko", fitting());
  tree.depmod();
  FileCache files;
  const auto look = [&] { return inspect(tree.roots(), {"mlx5_core"}, {}, files).modules.front(); };
  EXPECT_EQ(look().folder, "kernel");
  tree.add("updates/mlx5_core.ko", fitting().info("depends", "mlx_compat").build_id("\x02\xaa"));
  tree.depmod();
  EXPECT_EQ(look().folder, "updates");
  EXPECT_EQ(look().build_id_file, "02aa");
  EXPECT_EQ(look().provider_file, model::Provider::ofed);
}

TEST(Inspect, KnowsWhoseTheRunningModuleIs) {
  const ModuleTree tree;
  tree.add("kernel/a.ko", fitting());
  tree.depmod();
  EXPECT_EQ(one(tree, "a", running("a")).provider_running, model::Provider::inbox);
  EXPECT_EQ(one(tree, "a", running("a", "01ff", "OE")).provider_running, model::Provider::other);
  auto inventory = running("a", "01ff", "OE");
  inventory.modules.push_back({.name = "mlx_compat",
                               .state = "live",
                               .references = 1,
                               .holders = {"a"},
                               .build_id = "",
                               .version = "",
                               .srcversion = "",
                               .taint = "OE"});
  EXPECT_EQ(one(tree, "a", inventory).provider_running, model::Provider::ofed);
}

// Behaviour 12.
TEST(Inspect, ComparesParametersByTheirType) {
  const ModuleTree tree;
  tree.add("kernel/mlx5_core.ko", fitting()
                                      .info("parmtype", "prof_sel:uint")
                                      .info("parmtype", "probe_vf:bool")
                                      .info("parmtype", "num:array of int")
                                      .info("parmtype", "hidden:int"));
  tree.depmod();
  tree.write("etc/modprobe.d/mlx.conf", "options mlx5_core prof_sel=0x2 probe_vf=1 num=1,0x10 hidden=4\n");
  for (const auto& [name, value] : {std::pair{"prof_sel", "2"}, {"probe_vf", "Y"}, {"num", "1,16"}})
    tree.write("sys/module/mlx5_core/parameters/" + std::string{name}, std::string{value} + "\n");
  auto report = one(tree, "mlx5_core", running("mlx5_core"));
  ASSERT_EQ(report.parameters.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(report.parameters[i].differs, false) << report.parameters[i].name;
  EXPECT_THAT(said(report, Verdict::unknown), HasSubstr("hidden=4"));
  EXPECT_EQ(report.verdict, Verdict::unknown);
  tree.write("sys/module/mlx5_core/parameters/prof_sel", "3\n");
  report = one(tree, "mlx5_core", running("mlx5_core"));
  EXPECT_THAT(said(report, Verdict::warn), AllOf(HasSubstr("prof_sel=3"), HasSubstr("asks for 0x2")));
}

// Behaviour 22, of any module.
TEST(Inspect, SaysBeforehandThatTheSymbolsOfAModuleDoNotFit) {
  const ModuleTree tree;
  tree.add("updates/ib_core.ko", fitting().provides("ib_register_client", 0x11111111));
  tree.add("updates/mlx5_ib.ko", fitting().uses("ib_register_client", 0x22222222).info("depends", "ib_core"));
  tree.depmod();
  EXPECT_THAT(said(one(tree, "mlx5_ib"), Verdict::fail),
              AllOf(HasSubstr("another ib_core"), HasSubstr("ib_register_client"), HasSubstr("0x11111111"),
                    HasSubstr("0x22222222")));
}

TEST(Inspect, TakesSymbolsWithoutVersionsAsTheyAre) {
  const ModuleTree tree;
  tree.add("updates/ib_core.ko", fitting().provides("ib_register_client"));
  tree.add("updates/mlx5_ib.ko", fitting().uses("ib_register_client", 0x22222222).info("depends", "ib_core"));
  tree.depmod();
  EXPECT_THAT(said(one(tree, "mlx5_ib"), Verdict::fail), Not(HasSubstr("another ib_core")));
}

TEST(Inspect, CallsUnknownWhatItCannotCompare) {
  const ModuleTree tree;
  tree.add("kernel/ib_core.ko", FakeModule{}.built_for(kRelease));
  tree.depmod();
  const auto report = one(tree, "ib_core", running("ib_core"));
  EXPECT_EQ(report.verdict, Verdict::unknown);
  EXPECT_THAT(said(report, Verdict::unknown), HasSubstr("has no build id"));
}

TEST(Inspect, FailsARequiredModuleThatIsNotLoaded) {
  const ModuleTree tree;
  tree.add("extra/ib_umad.ko", fitting());
  tree.depmod();
  const auto report = one(tree, "ib_umad");
  EXPECT_EQ(report.verdict, Verdict::fail);
  EXPECT_EQ(report.state, model::ModuleState::absent);
  EXPECT_EQ(report.folder, "extra");
  EXPECT_THAT(said(report, Verdict::fail), HasSubstr("ib_umad is not loaded."));
}

TEST(Inspect, SaysThatTheKernelHasNoModuleOfThatName) {
  const ModuleTree tree;
  tree.add("kernel/a.ko", fitting());
  tree.depmod();
  const auto report = one(tree, "no_such_module");
  EXPECT_EQ(report.verdict, Verdict::fail);
  EXPECT_THAT(said(report, Verdict::fail), HasSubstr("There is no module no_such_module for kernel 6.99.0-test"));
}

// Behaviour 5.
TEST(Inspect, KnowsABuiltinModule) {
  const ModuleTree tree;
  tree.builtin("kernel/drivers/vfio/vfio.ko");
  tree.depmod();
  const auto report = one(tree, "vfio");
  EXPECT_EQ(report.state, model::ModuleState::builtin);
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(report.file, "");
}

TEST(Inspect, IsNotSatisfiedByAModuleOfALongerName) {
  const ModuleTree tree;
  tree.add("kernel/vfio-pci.ko", fitting());
  tree.add("kernel/vfio-pci-core.ko", fitting());
  tree.depmod();
  EXPECT_EQ(one(tree, "vfio-pci", running("vfio_pci_core")).state, model::ModuleState::absent);
  EXPECT_EQ(one(tree, "vfio_pci", running("vfio_pci")).state, model::ModuleState::live);
}

TEST(Inspect, NamesTheModuleBehindAnAlias) {
  const ModuleTree tree;
  tree.add("kernel/ib_uverbs.ko", fitting().info("alias", "rdma-user"));
  tree.depmod();
  const auto report = one(tree, "rdma-user");
  EXPECT_EQ(report.verdict, Verdict::fail);
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_EQ(report.errors[0].code, model::Code::invalid);
  EXPECT_THAT(report.errors[0].advice, HasSubstr("ib_uverbs"));
}

TEST(Inspect, NamesTheFileThatBlacklists) {
  const ModuleTree tree;
  tree.add("kernel/irdma.ko", fitting());
  tree.depmod();
  tree.write("etc/modprobe.d/site.conf", "# none of these\nblacklist irdma\n");
  const auto report = one(tree, "irdma");
  EXPECT_EQ(report.blacklisted_by, tree.path("etc/modprobe.d/site.conf").string() + ":2");
  EXPECT_THAT(said(report, Verdict::fail), HasSubstr("site.conf:2"));
}

TEST(Inspect, ABlacklistInAHiddenFileDoesNotCount) {
  const ModuleTree tree;
  tree.add("kernel/irdma.ko", fitting());
  tree.depmod();
  tree.write("usr/lib/modprobe.d/site.conf", "blacklist irdma\n");
  tree.write("etc/modprobe.d/site.conf", "# the administrator wants irdma\n");
  EXPECT_EQ(one(tree, "irdma").blacklisted_by, "");
}

TEST(Inspect, ReportsAnInstallCommandWithItsFile) {
  const ModuleTree tree;
  tree.add("kernel/irdma.ko", fitting());
  tree.depmod();
  tree.write("etc/modprobe.d/site.conf", "install irdma /bin/false\n");
  EXPECT_THAT(said(one(tree, "irdma"), Verdict::fail), AllOf(HasSubstr("site.conf:1"), HasSubstr("/bin/false")));
}

// Behaviour 10.
TEST(Inspect, FailsAModuleOfAnotherKernelUnlessItIsLinkedAsCompatible) {
  const ModuleTree tree;
  tree.add("extra/mlx5_ib.ko", FakeModule{}.built_for("6.98.0-other").build_id("\x01\xff"));
  tree.add("weak-updates/mlx5_core.ko", FakeModule{}.built_for("6.98.0-other").build_id("\x01\xff"));
  tree.depmod();
  const auto wrong = one(tree, "mlx5_ib");
  EXPECT_FALSE(wrong.vermagic_matches);
  EXPECT_THAT(said(wrong, Verdict::fail), HasSubstr("built for kernel 6.98.0-other"));
  const auto linked = one(tree, "mlx5_core", running("mlx5_core"));
  EXPECT_TRUE(linked.vermagic_matches);
  EXPECT_EQ(linked.folder, "weak-updates");
  EXPECT_EQ(linked.verdict, Verdict::pass) << said(linked, Verdict::fail);
}

TEST(Inspect, DoesNotTakeTheVermagicOfALongerRelease) {
  const ModuleTree tree;
  tree.add("kernel/a.ko", FakeModule{}.built_for("6.99.0-test2"));
  tree.depmod();
  EXPECT_FALSE(one(tree, "a").vermagic_matches);
}

// Behaviour 13: signature fields as they are, also an empty signer.
TEST(Inspect, FailsAnUnsignedModuleWhereTheKernelWantsSignatures) {
  const ModuleTree tree;
  tree.add("kernel/a.ko", fitting());
  tree.add("kernel/b.ko", fitting().is_signed());
  tree.depmod();
  tree.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
  EXPECT_THAT(said(one(tree, "a"), Verdict::fail), HasSubstr("is not signed"));
  const auto with = one(tree, "b");
  EXPECT_THAT(said(with, Verdict::fail), Not(HasSubstr("is not signed")));
  EXPECT_NE(with.signature_id, "");
  EXPECT_EQ(with.signer, "") << "a signature that names nobody is shown as it is";
}

TEST(Inspect, DoesNotGuessWhetherSignaturesAreWanted) {
  const ModuleTree tree;
  tree.add("kernel/a.ko", fitting());
  tree.depmod();
  std::filesystem::remove_all(tree.path("sys/module/module"));
  EXPECT_THAT(said(one(tree, "a"), Verdict::unknown), HasSubstr("is not signed, and whether"));
}

TEST(Inspect, ReadsBuildIdsOfCompressedModules) {
  // Not every depmod lists .ko.gz: Debian 12's does not.
  for (const auto& [command, suffix] : {std::pair{"xz -q", ".xz"}, {"zstd -q --rm", ".zst"}}) {
    const ModuleTree tree;
    tree.add("kernel/a.ko", fitting());
    tree.run(std::string{command} + " " + tree.module_path("kernel/a.ko").string());
    tree.depmod();
    const auto report = one(tree, "a", running("a"));
    EXPECT_EQ(report.file, tree.module_path(std::string{"kernel/a.ko"} + suffix)) << suffix;
    EXPECT_EQ(report.build_id_file, "01ff") << suffix;
    EXPECT_EQ(report.verdict, Verdict::pass) << suffix << said(report, Verdict::unknown);
  }
}

TEST(Inspect, SaysWhatIsWrongWithADamagedFile) {
  const ModuleTree tree;
  tree.add("kernel/a.ko", fitting());
  tree.depmod();
  tree.write(tree.module_path("kernel/a.ko"), "no ELF");
  const auto report = one(tree, "a", running("a"));
  EXPECT_EQ(report.verdict, Verdict::unknown);
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_THAT(report.errors[0].text(), AllOf(HasSubstr("kernel/a.ko"), HasSubstr("not an ELF file")));
}

TEST(Inspect, AsksForDepmodWhenTheIndexNamesAFileThatIsGone) {
  const ModuleTree tree;
  tree.add("kernel/a.ko", fitting());
  tree.depmod();
  std::filesystem::remove(tree.module_path("kernel/a.ko"));
  EXPECT_THAT(said(one(tree, "a"), Verdict::fail), HasSubstr("run depmod -a 6.99.0-test"));
}

TEST(Inspect, DoesNotPassWhereTheKernelsTreeIsMissing) {
  const ModuleTree tree;
  std::filesystem::remove_all(tree.path("usr/lib/modules"));
  const auto wanted = one(tree, "mlx5_core");
  EXPECT_EQ(wanted.verdict, Verdict::fail);
  ASSERT_EQ(wanted.errors.size(), 1U);
  EXPECT_THAT(wanted.errors[0].text(), HasSubstr("No modules are installed for the running kernel 6.99.0-test"));
  EXPECT_EQ(one(tree, "mlx5_core", running("mlx5_core")).verdict, Verdict::unknown);
}

// Behaviour 6.
TEST(Inspect, DoesNotCallAModuleLoadedThatHasNotFinishedStarting) {
  const ModuleTree tree;
  tree.add("kernel/a.ko", fitting());
  tree.depmod();
  std::filesystem::create_directories(tree.path("sys/module/a"));
  const auto report = one(tree, "a");
  EXPECT_EQ(report.state, model::ModuleState::coming);
  EXPECT_FALSE(report.loaded());
  EXPECT_NE(report.verdict, Verdict::pass);
}

TEST(Inspect, SeesAModuleThatWasLoadedAfterTheInventoryWasTaken) {
  const ModuleTree tree;
  tree.add("kernel/a.ko", fitting());
  tree.depmod();
  tree.live("a");
  EXPECT_EQ(one(tree, "a").state, model::ModuleState::live);
}

// Behaviour 13.
TEST(Inspect, FailsAForcedModule) {
  const ModuleTree tree;
  tree.add("kernel/a.ko", fitting());
  tree.depmod();
  EXPECT_EQ(one(tree, "a", running("a", "01ff", "OF")).verdict, Verdict::fail);
}

TEST(Inspect, AddsLoadedModulesOfTheCatalogueAndNoOthers) {
  const ModuleTree tree;
  tree.add("kernel/ib_core.ko", fitting());
  tree.add("kernel/igb.ko", fitting());
  tree.depmod();
  auto inventory = running("ib_core", "02aa");
  inventory.modules.push_back(running("usbcore").modules[0]);
  FileCache files;
  const auto reports = inspect(tree.roots(), {"igb", "igb"}, inventory, files).modules;
  std::vector<std::string> names;
  names.reserve(reports.size());
  for (const auto& report : reports) names.push_back(report.name);
  EXPECT_THAT(names, ElementsAre("igb", "ib_core"));
  EXPECT_FALSE(reports[1].wanted);
  EXPECT_EQ(reports[1].verdict, Verdict::warn) << "a module that nobody requires cannot fail the node";
}

TEST(Inspect, AsksTheTreeForTheModulesOfEachFunction) {
  const ModuleTree tree;
  tree.add("kernel/nicdep-pci.ko", fitting().info("alias", "pci:v00001AF4d0000ABCDsv*sd*bc*sc*i*"));
  tree.depmod();
  const std::string known = "pci:v00001AF4d0000ABCDsv00001AF4sd00001100bc02sc00i00", other = "pci:v00001AF4d00000001";
  model::Inventory inventory;
  for (const auto& [text, modalias] : {std::pair{"0000:01:00.0", known}, {"0000:02:00.0", other}}) {
    const auto address = model::PciAddress::parse(text).value();
    inventory.functions[address].address = address;
    inventory.functions[address].modalias = modalias;
  }
  FileCache files;
  EXPECT_EQ(inspect(tree.roots(), {}, inventory, files).modules_of,
            (model::ModulesOfDevices{{known, {"nicdep_pci"}}, {other, {}}}));
}

TEST(Inspect, RefusesNamesThatCannotBeModules) {
  const ModuleTree tree;
  tree.depmod();
  for (const std::string name : {"", "../../etc/passwd", "mlx5_core.ko", "a b", "a\nb", "x\xff", "pci:v*"}) {
    const auto report = one(tree, name);
    EXPECT_EQ(report.verdict, Verdict::fail) << name;
    EXPECT_EQ(report.errors.size(), 1U) << name;
    EXPECT_EQ(report.file, "") << name;
  }
  EXPECT_EQ(one(tree, std::string(1000, 'a')).verdict, Verdict::fail);
}

// What igb's reload would meet: `inventory` runs, igb is unloaded and loaded.
std::vector<model::Obstacle> reloading_igb(const ModuleTree& tree, const model::Inventory& inventory = running("igb")) {
  FileCache files;
  model::ReloadPlan plan;
  plan.unload = plan.load = {"igb"};
  return load_obstacles(tree.roots(), plan, inventory, files);
}

TEST(LoadObstacles, AreNoneWhereTheFileFits) {
  const ModuleTree tree;
  tree.add("kernel/igb.ko", fitting().info("depends", "dca").uses("dca_add", 0x1));
  tree.add("kernel/dca.ko", fitting().provides("dca_add", 0x1));
  tree.depmod();
  EXPECT_THAT(reloading_igb(tree), IsEmpty());
}

// Behaviours 8 and 10, and what the kernel says of signatures, before the driver is gone.
TEST(LoadObstacles, AreWhatWouldKeepTheFileFromBeingLoaded) {
  const auto only = [](const ModuleTree& tree) {
    const auto found = reloading_igb(tree);
    EXPECT_EQ(found.size(), 1U);
    if (found.empty()) return std::string{};
    EXPECT_FALSE(found.front().forceable) << found.front().text;
    return found.front().text;
  };
  {
    const ModuleTree tree;
    tree.depmod();
    EXPECT_THAT(only(tree), HasSubstr("There is no module igb for kernel"));
  }
  {
    const ModuleTree tree;
    tree.add("kernel/igb.ko", FakeModule{}.built_for("6.98.0-other").build_id("\x01\xff"));
    tree.depmod();
    EXPECT_THAT(only(tree), HasSubstr("built for kernel 6.98.0-other"));
  }
  const ModuleTree tree;
  tree.add("kernel/igb.ko", fitting());
  tree.depmod();
  tree.write("etc/modprobe.d/x.conf", "blacklist igb\n");
  EXPECT_THAT(only(tree), HasSubstr("x.conf"));
  tree.write("etc/modprobe.d/x.conf", "install igb /bin/false\n");
  EXPECT_THAT(only(tree), AllOf(HasSubstr("install command"), HasSubstr("x.conf")));
  tree.write("etc/modprobe.d/x.conf", "");
  EXPECT_THAT(reloading_igb(tree), IsEmpty());
  tree.write("sys/module/module/parameters/sig_enforce", "Y\n");
  EXPECT_THAT(only(tree), HasSubstr("takes signed modules only"));
  tree.write("sys/module/module/parameters/sig_enforce", "N\n");
  tree.write("proc/sys/kernel/modules_disabled", "1\n");
  EXPECT_THAT(only(tree), HasSubstr("kernel.modules_disabled"));
}

TEST(LoadObstacles, AreSymbolsThatDoNotFitTheFilesItDependsOn) {
  const ModuleTree tree;
  tree.add("kernel/igb.ko", fitting().info("depends", "dca").uses("dca_add", 0x1));
  tree.add("kernel/dca.ko", fitting().provides("dca_add", 0x2));
  tree.depmod();
  const auto found = reloading_igb(tree);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found.front().text, AllOf(HasSubstr("another dca"), HasSubstr("dca_add")));
}

// What stays loaded is not what the new file was built against.
TEST(LoadObstacles, AreModulesThatStayInAnotherBuildThanTheirFile) {
  const ModuleTree tree;
  tree.add("kernel/igb.ko", fitting().info("depends", "dca").uses("dca_add"));
  tree.add("kernel/dca.ko", fitting().provides("dca_add"));
  tree.depmod();
  auto inventory = running("dca", "02ff");
  inventory.modules.push_back(running("igb").modules.front());
  const auto found = reloading_igb(tree, inventory);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found.front().forceable);
  EXPECT_THAT(found.front().text, HasSubstr("igb depends on dca, which stays loaded in another build"));
  inventory.modules.front().build_id = "01ff";
  EXPECT_THAT(reloading_igb(tree, inventory), IsEmpty());
}

// A dependency that is not loaded comes with it; that it is blacklisted does not keep it away (modprobe.d.5).
TEST(LoadObstacles, AreThoseOfModulesThatComeWithIt) {
  const ModuleTree tree;
  tree.add("kernel/igb.ko", fitting().info("depends", "dca").uses("dca_add"));
  tree.add("kernel/dca.ko", fitting().provides("dca_add"));
  tree.depmod();
  tree.write("etc/modprobe.d/x.conf", "blacklist dca\n");
  EXPECT_THAT(reloading_igb(tree), IsEmpty());
  tree.write("etc/modprobe.d/x.conf", "install dca /bin/false\n");
  const auto found = reloading_igb(tree);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found.front().text, HasSubstr("dca could not be loaded again"));
}

}  // namespace
}  // namespace nic::kmod
