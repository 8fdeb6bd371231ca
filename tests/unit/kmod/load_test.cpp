#include "kmod/load.hpp"

#include "unit/kmod/module_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

namespace nic::kmod {
namespace {

using model::Code;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// nicdep_top needs nicdep_middle needs nicdep_base. Names that no kernel has, as libkmod looks at the real /sys/module.
void add_chain(const ModuleTree& tree) {
  tree.add("kernel/nicdep-base.ko", fitting().provides("base_call"));
  tree.add("kernel/nicdep-middle.ko", fitting().uses("base_call").provides("middle_call"));
  tree.add("kernel/nicdep-top.ko", fitting().uses("middle_call").info("alias", "nicdep-alias"));
  tree.depmod();
}

TEST(Load, PlansDependenciesFirst) {
  const ModuleTree tree;
  add_chain(tree);
  const auto plan = plan_load(tree.roots(), "nicdep-top");
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_THAT(*plan, ElementsAre("nicdep_base", "nicdep_middle", "nicdep_top"));
}

TEST(Load, HonoursSoftDependenciesAndNamesEachModuleOnce) {
  const ModuleTree tree;
  add_chain(tree);
  tree.add("kernel/nicdep-extra.ko", fitting().uses("base_call"));
  tree.depmod();
  tree.write("etc/modprobe.d/order.conf", "softdep nicdep_middle pre: nicdep_extra\n");
  const auto plan = plan_load(tree.roots(), "nicdep_top");
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_THAT(*plan, ElementsAre("nicdep_base", "nicdep_extra", "nicdep_middle", "nicdep_top"));
}

// Behaviour 7.
TEST(Load, DoesNothingForAModuleThatIsLive) {
  const ModuleTree tree;
  add_chain(tree);
  tree.live("nicdep_top");
  EXPECT_TRUE(load(tree.roots(), "nicdep-top"));
  EXPECT_THAT(plan_load(tree.roots(), "nicdep-top").value(), IsEmpty());
}

TEST(Load, DoesNothingForABuiltinModule) {
  const ModuleTree tree;
  tree.builtin("kernel/nicdep-built.ko");
  tree.depmod();
  EXPECT_TRUE(load(tree.roots(), "nicdep_built"));
}

TEST(Load, FindsTheModuleOfADevice) {
  const ModuleTree tree;
  tree.add("kernel/nicdep-pci.ko", fitting().info("alias", "pci:v00001AF4d0000ABCDsv*sd*bc*sc*i*"));
  tree.depmod();
  tree.live("nicdep_pci");
  const auto loaded = load_for_device(tree.roots(), "pci:v00001AF4d0000ABCDsv00001AF4sd00001100bc02sc00i00");
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_THAT(*loaded, ElementsAre("nicdep_pci"));
}

TEST(Load, SaysWhenNoModuleDrivesADevice) {
  const ModuleTree tree;
  add_chain(tree);
  const auto loaded = load_for_device(tree.roots(), "pci:v00001AF4d0000ABCDsv00001AF4sd00001100bc02sc00i00");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::not_found);
  EXPECT_THAT(loaded.error().text(), HasSubstr("d0000ABCD"));
}

TEST(Load, OneModuleOfADeviceThatMayNotBeLoadedDoesNotStopTheOther) {
  const ModuleTree tree;
  tree.add("kernel/nicdep-bad.ko", fitting().info("alias", "pci:v00001AF4d0000ABCDsv*sd*bc*sc*i*"));
  tree.add("kernel/nicdep-good.ko", fitting().info("alias", "pci:v00001AF4d0000ABCDsv*sd*bc*sc*i*"));
  tree.depmod();
  tree.write("etc/modprobe.d/none.conf", "blacklist nicdep-bad\n");
  tree.live("nicdep_good");
  const auto loaded = load_for_device(tree.roots(), "pci:v00001AF4d0000ABCDsv00001AF4sd00001100bc02sc00i00");
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_THAT(*loaded, ElementsAre("nicdep_good"));
}

TEST(Load, RespectsTheBlacklistForADeviceToo) {
  const ModuleTree tree;
  tree.add("kernel/nicdep-pci.ko", fitting().info("alias", "pci:v00001AF4d0000ABCDsv*sd*bc*sc*i*"));
  tree.depmod();
  tree.write("etc/modprobe.d/none.conf", "blacklist nicdep-pci\n");
  const auto loaded = load_for_device(tree.roots(), "pci:v00001AF4d0000ABCDsv00001AF4sd00001100bc02sc00i00");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::denied);
}

// Behaviour 8.
TEST(Load, RespectsTheBlacklistAndNamesTheFile) {
  const ModuleTree tree;
  add_chain(tree);
  tree.write("etc/modprobe.d/no.conf", "blacklist nicdep-top\n");
  const auto result = load(tree.roots(), "nicdep_top");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::denied);
  EXPECT_EQ(result.error().module_reason, model::ModuleReason::blacklisted);
  EXPECT_THAT(result.error().text(), HasSubstr("etc/modprobe.d/no.conf:1"));
}

// Behaviour 8.
TEST(Load, NeverRunsAnInstallCommand) {
  const ModuleTree tree;
  add_chain(tree);
  const auto trace = tree.path("ran");
  tree.write("etc/modprobe.d/no.conf", "install nicdep-top touch " + trace.string() + "\n");
  const auto result = load(tree.roots(), "nicdep_top");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::denied);
  EXPECT_EQ(result.error().module_reason, model::ModuleReason::install_command);
  EXPECT_THAT(result.error().text(), AllOf(HasSubstr("no.conf:1"), HasSubstr("touch")));
  EXPECT_FALSE(std::filesystem::exists(trace));
}

TEST(Load, NeverRunsTheInstallCommandOfADependency) {
  const ModuleTree tree;
  add_chain(tree);
  const auto trace = tree.path("ran");
  tree.write("etc/modprobe.d/no.conf", "\ninstall nicdep_base touch " + trace.string() + "\n");
  for (const auto& error : {load(tree.roots(), "nicdep_top").error(), plan_load(tree.roots(), "nicdep_top").error()}) {
    EXPECT_EQ(error.code, Code::denied);
    EXPECT_EQ(error.object, "nicdep_base");
    EXPECT_THAT(error.text(), HasSubstr("no.conf:2"));
  }
  EXPECT_FALSE(std::filesystem::exists(trace));
}

TEST(Load, SaysThatThereIsNoSuchModuleForThisKernel) {
  const ModuleTree tree;
  add_chain(tree);
  const auto result = load(tree.roots(), "nicdep_none");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::not_found);
  EXPECT_EQ(result.error().module_reason, model::ModuleReason::not_found);
  EXPECT_THAT(result.error().text(), HasSubstr("no module nicdep_none for kernel 6.99.0-test"));
}

TEST(Load, RefusesAnAliasAndNamesTheModule) {
  const ModuleTree tree;
  add_chain(tree);
  const auto result = load(tree.roots(), "nicdep-alias");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::invalid);
  EXPECT_THAT(result.error().advice, HasSubstr("nicdep_top"));
}

TEST(Load, SaysThatTheKernelsTreeIsMissing) {
  const ModuleTree tree;
  std::filesystem::remove_all(tree.path("usr/lib/modules"));
  const auto result = load(tree.roots(), "nicdep_top");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::not_found);
  EXPECT_THAT(result.error().text(), HasSubstr("No modules are installed for the running kernel"));
}

TEST(Load, RefusesPaths) {
  const ModuleTree tree;
  add_chain(tree);
  EXPECT_EQ(load(tree.roots(), "/lib/modules/x.ko").error().code, Code::invalid);
  EXPECT_EQ(load(tree.roots(), "").error().code, Code::invalid);
}

TEST(Load, TurnsTheKernelsRefusalIntoASentenceThatNamesTheModule) {
  const ModuleTree tree;
  add_chain(tree);
  // The fake file is no module for any kernel: whether root or not, with modules or without, it is refused.
  const auto result = load(tree.roots(), "nicdep_top");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().errno_value, 0);
  EXPECT_EQ(result.error().object, "nicdep_base");
  EXPECT_THAT(result.error().operation, HasSubstr("nicdep_top"));
  EXPECT_THAT(result.error().advice, Not(HasSubstr("Look at the kernel log for what it says of this module")));
}

TEST(InsertionError, TellsTheReasonsOfEpermApart) {
  const ModuleTree tree;
  const auto advice = [&] { return insertion_error(tree.roots(), EPERM, "a", "a").advice; };
  EXPECT_THAT(advice(), HasSubstr("CAP_SYS_MODULE"));
  tree.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
  EXPECT_THAT(advice(), HasSubstr("locked down"));
  tree.write("proc/cmdline", "quiet module_blacklist=b,a\n");
  EXPECT_THAT(advice(), HasSubstr("module_blacklist="));
  tree.write("proc/sys/kernel/modules_disabled", "1\n");
  EXPECT_THAT(advice(), HasSubstr("modules_disabled switch is set"));
}

// The names that callers of the D-Bus interface tell them apart by.
// Behaviour 9.
TEST(InsertionError, GivesEveryAnswerOfTheKernelAReasonOfItsOwnWithWhatToDo) {
  const ModuleTree tree;
  std::set<model::ModuleReason> reasons;
  std::set<std::string> advice;
  const auto answers = {EKEYREJECTED, ENOKEY,    EBADMSG, ENOEXEC, EINVAL, ENOENT,     EPERM, EACCES, ENODEV,
                        ENOMEM,       ETIMEDOUT, EBUSY,   EEXIST,  ENOSYS, EOPNOTSUPP, E2BIG, EBADF,  EIO};
  for (const int number : answers) {
    const auto error = insertion_error(tree.roots(), number, "a", "a");
    EXPECT_EQ(error.errno_value, number);
    EXPECT_TRUE(reasons.insert(error.module_reason).second) << number;
    EXPECT_TRUE(advice.insert(error.advice).second) << number;
  }
  EXPECT_FALSE(reasons.contains(model::ModuleReason::none));
  EXPECT_EQ(insertion_error(tree.roots(), EKEYREJECTED, "a", "a").module_reason, model::ModuleReason::key_rejected);
  EXPECT_EQ(insertion_error(tree.roots(), EIO, "a", "a").module_reason, model::ModuleReason::failed);
}

TEST(InsertionError, CallsKeysAndFormatsByTheirKind) {
  const ModuleTree tree;
  EXPECT_EQ(insertion_error(tree.roots(), EKEYREJECTED, "a", "a").code, Code::denied);
  EXPECT_EQ(insertion_error(tree.roots(), ENOKEY, "a", "a").code, Code::denied);
  EXPECT_EQ(insertion_error(tree.roots(), ENOEXEC, "a", "a").code, Code::unsupported);
  EXPECT_EQ(insertion_error(tree.roots(), ENODEV, "a", "a").code, Code::not_found);
  EXPECT_THAT(insertion_error(tree.roots(), 12345, "a", "a").advice, HasSubstr("kernel log"));
}

}  // namespace
}  // namespace nic::kmod
