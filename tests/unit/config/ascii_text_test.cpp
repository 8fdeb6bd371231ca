#include "config/ascii_text.hpp"

#include "config/parse_toml.hpp"

#include <gtest/gtest.h>

namespace nic::config {
namespace {

std::expected<std::string, Position> at(unsigned line, unsigned column) {
  return std::unexpected(Position{line, column});
}

TEST(AsciiText, LeavesCommentsTheirPlace) {
  EXPECT_EQ(ascii_text("# caf\xc3\xa9\na = 1\n"), "# caf??\na = 1\n");
  EXPECT_EQ(ascii_text("a = '\\'  # \xc3\xa9"), "a = '\\'  # ??");
  EXPECT_EQ(ascii_text("\xef\xbb\xbf"
                       "b = 1"),
            "b = 1");
  EXPECT_EQ(ascii_text("a = '''\n''''' # \xc3\xa9"), "a = '''\n''''' # ??");
  EXPECT_EQ(ascii_text("a = \"\"\"\n#\\\"\"\"\" # \xc3\xa9"), "a = \"\"\"\n#\\\"\"\"\" # ??");
}

TEST(AsciiText, NamesThePlaceOfWhatIsElsewhere) {
  EXPECT_EQ(ascii_text("\xef\xbb\xbb"), at(1, 1));
  EXPECT_EQ(ascii_text("a = 1\n\xc3\xa9 = 2"), at(2, 1));
  EXPECT_EQ(ascii_text("a = \"x\" \xc2\xa0"), at(1, 9));
  EXPECT_EQ(ascii_text("a = \"#\xc3\xa9\""), at(1, 7));
  EXPECT_EQ(ascii_text("a = '''x''''' \xc2\xa0"), at(1, 15));
  EXPECT_EQ(ascii_text("a = \"x\n\xc3\xa9"), at(2, 1));
}

TEST(AsciiText, IsAskedForByTheConfiguration) {
  const auto config = parse_toml("# fine: \xc3\xa9\n\xc3\xa9 = 1\n", "t.toml");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().front().text().find("t.toml:2:1"), std::string::npos) << config.error().front().text();
  EXPECT_TRUE(parse_toml("# fine: \xc3\xa9\n", "t.toml"));
}

}  // namespace
}  // namespace nic::config
