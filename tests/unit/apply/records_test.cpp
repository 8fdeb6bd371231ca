#include "apply/records.hpp"

#include "lib/hosts.hpp"
#include "lib/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace nic::apply {
namespace {

const model::PciAddress kPf = test::pci("0000:01:00.0");

class RecordsTest : public testing::Test {
 protected:
  test::TemporaryFolder folder;
  model::Roots roots = model::Roots::below(folder.path());
  Records records{roots};
};

TEST_F(RecordsTest, RememberWhatWasBeforeUntilTheStepIsOver) {
  ASSERT_TRUE(records.begin({kPf, true}).has_value());
  EXPECT_EQ(Records{roots}.interrupted().interrupted, (std::vector<Interrupted>{{kPf, true}}));
  ASSERT_TRUE(records.end(kPf).has_value());
  EXPECT_TRUE(records.interrupted().interrupted.empty());
}

TEST_F(RecordsTest, KeepTheOlderTruth) {
  ASSERT_TRUE(records.begin({kPf, true}).has_value());
  ASSERT_TRUE(records.begin({kPf, false}).has_value());
  EXPECT_TRUE(records.interrupted().interrupted.at(0).autoprobe);
}

TEST_F(RecordsTest, SetDamagedNotesAsideAndReadTheOthers) {
  ASSERT_TRUE(records.begin({kPf, true}).has_value());
  for (const auto* text :
       {"", "{", "[]", "{\"version\":2}", "{\"version\":1,\"pf\":\"../..\",\"drivers_autoprobe\":true}",
        "{\"version\":1,\"pf\":\"0000:02:00.0\",\"drivers_autoprobe\":\"yes\"}"}) {
    std::ofstream{roots.state / "in-progress/bad.json"} << text;
    const auto found = records.interrupted();
    EXPECT_EQ(found.interrupted.size(), 1u) << text;
    EXPECT_EQ(found.set_aside.size(), 1u) << text;
    EXPECT_TRUE(std::filesystem::exists(roots.state / "in-progress/bad.json.corrupt"));
  }
}

}  // namespace
}  // namespace nic::apply
