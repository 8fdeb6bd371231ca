#include "model/version.hpp"

#include <gtest/gtest.h>

namespace nic::model {
namespace {

std::strong_ordering compared(const char* version, const char* bound) {
  return compare(parse_version(version).value(), parse_version(bound).value());
}

// Behaviour 11.
TEST(Version, IsComparedNumberByNumber) {
  EXPECT_TRUE(std::is_gt(compared("24.10-1.1.4", "24.07-0.6.1")));
  EXPECT_TRUE(std::is_gt(compared("24.10-1.1.4", "24.9")));
  EXPECT_TRUE(std::is_lt(compared("5.8-1.1.2.1", "24.07-0.6.1")));
  EXPECT_TRUE(std::is_eq(compared("24.10-1.1.4", "24.10-1.1.4")));
}

TEST(Version, IsComparedAsFarAsTheBoundGoes) {
  EXPECT_TRUE(std::is_eq(compared("24.10-1.1.4", "24.10")));
  EXPECT_TRUE(std::is_lt(compared("24.10", "24.10-1")));
  EXPECT_TRUE(std::is_eq(compared("24.10", "24.10-0")));
}

TEST(Version, MayHaveANameBeforeIt) {
  EXPECT_TRUE(std::is_eq(compared("MLNX_OFED_LINUX-24.10-0.7.0.0", "24.10-0.7")));
  EXPECT_EQ(parse_version("570.86.15")->parts, (std::vector<std::uint32_t>{570, 86, 15}));
}

TEST(Version, IsRefusedWithoutANumberOrWithAnImpossibleOne) {
  EXPECT_FALSE(parse_version(""));
  EXPECT_FALSE(parse_version("inbox"));
  EXPECT_FALSE(parse_version("1.12345678901"));
}

}  // namespace
}  // namespace nic::model
