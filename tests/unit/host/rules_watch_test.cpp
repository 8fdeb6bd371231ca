#include "host/rules_watch.hpp"

#include "host/udev_rules.hpp"
#include "lib/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

namespace nic::host {
namespace {

const model::PciAddress kPf = *model::PciAddress::parse("0000:3b:00.0");

TEST(RulesWatch, KnowsWhoseRulesAFileHas) {
  EXPECT_EQ(pf_of_rules(udev_rules_file({}, kPf.text()).filename().string()), kPf);
  for (const auto* name : {"", "70-nic-agent-.rules", "70-nic-agent-0000:3b:00.0.rules.new", "60-other.rules"})
    EXPECT_FALSE(pf_of_rules(name)) << name;
}

class RulesWatchTest : public testing::Test {
 protected:
  RulesWatchTest() { std::filesystem::create_directories(file.parent_path().parent_path()); }
  [[nodiscard]] bool heard(const std::function<bool()>& condition) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!condition() && std::chrono::steady_clock::now() < deadline) sd_event_run(event.get(), 100'000);
    return condition();
  }

  test::TemporaryFolder folder;
  model::Roots roots = model::Roots::below(folder.path());
  std::filesystem::path file = udev_rules_file(roots, kPf.text());
  loop::EventPtr event{loop::new_event()};
  model::Dirty dirty;
};

TEST_F(RulesWatchTest, TellsWhenSomebodyRemovesOrChangesTheRulesOfAPf) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream{file} << "# rules";
  const RulesWatch watch{event.get(), roots, [&](const model::Dirty& more) { dirty.merge(more); }};
  std::filesystem::remove(file);
  EXPECT_TRUE(heard([&] { return dirty.functions.contains(kPf); }));
  dirty = {};
  std::ofstream{file} << "# other rules";
  EXPECT_TRUE(heard([&] { return dirty.functions.contains(kPf); }));
  EXPECT_FALSE(dirty.everything);
}

TEST_F(RulesWatchTest, SeesAFolderThatComesLater) {
  const RulesWatch watch{event.get(), roots, [&](const model::Dirty& more) { dirty.merge(more); }};
  std::filesystem::create_directories(file.parent_path());
  ASSERT_TRUE(heard([&] { return dirty.everything; }));
  dirty = {};
  std::ofstream{file} << "# rules";
  EXPECT_TRUE(heard([&] { return dirty.functions.contains(kPf); }));
}

}  // namespace
}  // namespace nic::host
