#include "kmod/next_boot.hpp"

#include "kmod/user_space.hpp"
#include "unit/kmod/module_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::kmod {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NextBoot : public testing::Test {
 protected:
  void kernel(const std::string& release, const std::string& index) const {
    tree.write("boot/vmlinuz-" + release, "");
    tree.write("usr/lib/modules/" + release + "/modules.dep", index);
  }
  [[nodiscard]] std::string said(const std::string& running) const {
    const auto findings = judge_next_boot(tree.roots(), running);
    return findings.empty() ? "" : findings.front().text;
  }
  ModuleTree tree;
};

constexpr const char* kOfed =
    "updates/dkms/mlx-compat.ko.xz:\nupdates/dkms/mlx5_core.ko.xz: updates/dkms/mlx-compat.ko.xz\n";
constexpr const char* kInbox = "kernel/drivers/net/mlx5_core.ko.xz:\n";

TEST_F(NextBoot, IsIntoTheNewestKernelNumberByNumber) {
  kernel("6.1.0-9-amd64", kInbox);
  kernel("6.1.0-10-amd64", kInbox);
  EXPECT_EQ(next_release(tree.roots()), "6.1.0-10-amd64");
}

TEST_F(NextBoot, IsIntoTheOneThatGrubHasSaved) {
  kernel("5.14.0-1.el9.x86_64", kInbox);
  kernel("5.14.0-2.el9.x86_64", kInbox);
  tree.write("boot/grub2/grubenv", "# GRUB Environment Block\nsaved_entry=0123abcd-5.14.0-1.el9.x86_64\n####\n");
  EXPECT_EQ(next_release(tree.roots()), "5.14.0-1.el9.x86_64");
}

TEST_F(NextBoot, DoesNotCountAKernelWithoutModules) {
  kernel("6.1.0-9-amd64", kInbox);
  tree.write("boot/vmlinuz-6.9.0-removed", "");
  EXPECT_EQ(next_release(tree.roots()), "6.1.0-9-amd64");
}

// Behaviour 18.
TEST_F(NextBoot, IsWarnedOfWhereTheOutOfTreeStackIsNotBuiltForIt) {
  kernel("6.1.0-9-amd64", kOfed);
  kernel("6.1.0-10-amd64", kInbox);
  EXPECT_THAT(said("6.1.0-9-amd64"), AllOf(HasSubstr("6.1.0-10-amd64"), HasSubstr("no mlx_compat")));
}

TEST_F(NextBoot, IsNoMatterWhereTheStackIsThereOrNotUsed) {
  kernel("6.1.0-9-amd64", kOfed);
  kernel("6.1.0-10-amd64", kOfed);
  EXPECT_EQ(said("6.1.0-9-amd64"), "");
  kernel("6.1.0-9-amd64", kInbox);
  EXPECT_EQ(said("6.1.0-9-amd64"), "");
  EXPECT_THAT(judge_next_boot(tree.roots(), "6.1.0-10-amd64"), IsEmpty());
}

TEST(UserSpace, IsReadFromWhatOfedInfoPrints) {
  EXPECT_EQ(stack_in("#!/bin/bash\necho MLNX_OFED_LINUX-24.10-0.7.0.0:\n"), "MLNX_OFED_LINUX-24.10-0.7.0.0");
  EXPECT_EQ(stack_in("echo OFED-internal-24.10-0.7.0: \n"), "OFED-internal-24.10-0.7.0");
  EXPECT_EQ(stack_in("nothing of the kind"), "");
  EXPECT_EQ(stack_in("MLNX_OFED_LINUX-"), "");
}

}  // namespace
}  // namespace nic::kmod
