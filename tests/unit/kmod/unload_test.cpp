#include "kmod/unload.hpp"

#include "module_tree.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace nic::kmod {
namespace {

using model::Code;
using testing::HasSubstr;

TEST(Unload, OfAModuleThatIsNotLoadedIsDone) {
  const ModuleTree tree;
  EXPECT_TRUE(unload(tree.roots(), "nicdep_top"));
}

TEST(Unload, RefusesPaths) {
  const ModuleTree tree;
  EXPECT_EQ(unload(tree.roots(), "../x").error().code, Code::invalid);
  EXPECT_EQ(unload(tree.roots(), "").error().code, Code::invalid);
}

TEST(Unload, SaysThatABuiltinStays) {
  const ModuleTree tree;
  std::filesystem::create_directories(tree.path("sys/module/nicdep_builtin/parameters"));
  const auto done = unload(tree.roots(), "nicdep-builtin");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::unsupported);
  EXPECT_EQ(done.error().object, "nicdep_builtin");
}

TEST(RemovalError, NamesTheModulesThatHoldOnToIt) {
  const ModuleTree tree;
  EXPECT_THAT(removal_error(tree.roots(), EAGAIN, "mlx5_core").advice, HasSubstr("lsof /dev/infiniband"));
  for (const auto* holder : {"mlx5_vdpa", "mlx5_ib"})
    std::filesystem::create_directories(tree.path("sys/module/mlx5_core/holders") / holder);
  const auto error = removal_error(tree.roots(), EAGAIN, "mlx5_core");
  EXPECT_EQ(error.code, Code::busy);
  EXPECT_THAT(error.text(), HasSubstr("unload the module mlx5_core"));
  EXPECT_THAT(error.advice, HasSubstr("mlx5_ib, mlx5_vdpa"));
}

TEST(RemovalError, TellsTheReasonsOfEpermApart) {
  const ModuleTree tree;
  EXPECT_EQ(removal_error(tree.roots(), EPERM, "a").code, Code::denied);
  EXPECT_THAT(removal_error(tree.roots(), EPERM, "a").advice, HasSubstr("CAP_SYS_MODULE"));
  tree.write("proc/sys/kernel/modules_disabled", "1\n");
  EXPECT_THAT(removal_error(tree.roots(), EPERM, "a").advice, HasSubstr("modules_disabled switch is set"));
}

TEST(RemovalError, HasASentenceForWhateverElseItIs) {
  const ModuleTree tree;
  EXPECT_EQ(removal_error(tree.roots(), EBUSY, "a").code, Code::busy);
  EXPECT_THAT(removal_error(tree.roots(), EBUSY, "a").advice, HasSubstr("next boot"));
  EXPECT_THAT(removal_error(tree.roots(), 12345, "a").advice, HasSubstr("kernel log"));
}

}  // namespace
}  // namespace nic::kmod
