#include "config/stray.hpp"

#include "config/parse_toml.hpp"

#include <gtest/gtest.h>

namespace nic::config {
namespace {

TEST(Stray, IsNotWhatStringsAndCommentsHold) {
  for (const auto* text :
       {"", "# caf\xc3\xa9\n", "a = \"\xc3\xa9\"", "a = '\xc3\xa9'", "a = \"\\\"\xc3\xa9\"", "a = '\\'  # \xc3\xa9",
        "a = \"\"\"\n\"\xc3\xa9\"\\\"\"\"\"\n", "a = '''\n'\xc3\xa9'''''\nb = 1 # \xc3\xa9", "\xef\xbb\xbf# \xc3\xa9"})
    EXPECT_FALSE(first_stray(text)) << text;
}

TEST(Stray, IsFoundWithItsPlace) {
  EXPECT_EQ(first_stray("\xef\xbb\xbb"), (Position{1, 1}));
  EXPECT_EQ(first_stray("a = 1\n\xc3\xa9 = 2"), (Position{2, 1}));
  EXPECT_EQ(first_stray("a = \"x\" \xc2\xa0"), (Position{1, 9}));
  EXPECT_EQ(first_stray("a = '''x''''' \xc2\xa0"), (Position{1, 15}));
  EXPECT_EQ(first_stray("a = \"x\n\xc3\xa9"), (Position{2, 1}));
}

TEST(Stray, IsAMistakeOfTheConfiguration) {
  const auto config = parse_toml("# fine\n\xc3\xa9 = 1\n", "t.toml");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().front().text().find("t.toml:2:1"), std::string::npos) << config.error().front().text();
}

}  // namespace
}  // namespace nic::config
