#include "host/module_index_watch.hpp"

#include "lib/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <utility>

namespace nic::host {
namespace {

class ModuleIndexWatchTest : public testing::Test {
 protected:
  ModuleIndexWatchTest() {
    std::filesystem::create_directories(roots.proc / "sys/kernel");
    std::ofstream{roots.proc / "sys/kernel/osrelease"} << "6.99.0-test\n";
    for (const auto& path : {tree, roots.modules / "6.98.0-other", roots.etc / "modprobe.d"})
      std::filesystem::create_directories(path);
  }
  [[nodiscard]] bool heard() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (told == 0 && std::chrono::steady_clock::now() < deadline) sd_event_run(event.get(), 100'000);
    return std::exchange(told, 0U) != 0;
  }

  test::TemporaryFolder folder;
  model::Roots roots = model::Roots::below(folder.path());
  std::filesystem::path tree = roots.modules / "6.99.0-test";
  loop::EventPtr event{loop::new_event()};
  unsigned told{0};
};

// Behaviour 17: depmod writes beside the index and renames.
TEST_F(ModuleIndexWatchTest, TellsWhenTheRunningKernelsModulesAreIndexed) {
  const ModuleIndexWatch watch{event.get(), roots, [&] { ++told; }};
  std::ofstream{roots.modules / "6.98.0-other/modules.dep.bin"} << "of another kernel";
  std::ofstream{tree / "igb.ko"} << "not indexed yet";
  while (sd_event_run(event.get(), 0) > 0) continue;
  EXPECT_EQ(told, 0U);
  std::ofstream{tree / "new"} << "index";
  std::filesystem::rename(tree / "new", tree / "modules.dep.bin");
  EXPECT_TRUE(heard());
}

TEST_F(ModuleIndexWatchTest, TellsWhenModprobeDChanges) {
  const ModuleIndexWatch watch{event.get(), roots, [&] { ++told; }};
  const auto file = roots.etc / "modprobe.d/x.conf";
  std::ofstream{file} << "blacklist igb\n";
  EXPECT_TRUE(heard());
  while (sd_event_run(event.get(), 0) > 0) continue;
  told = 0;
  std::filesystem::remove(file);
  EXPECT_TRUE(heard());
}

TEST_F(ModuleIndexWatchTest, DoesWithoutFoldersThatAreNotThere) {
  std::filesystem::remove_all(folder.path() / "lib");
  std::filesystem::remove_all(roots.etc);
  const ModuleIndexWatch watch{event.get(), roots, [&] { ++told; }};
  EXPECT_EQ(told, 0U);
}

}  // namespace
}  // namespace nic::host
