#include "files/build_id.hpp"

#include <gtest/gtest.h>

namespace nic::files {
namespace {

using namespace std::string_literals;

TEST(BuildId, IsFoundBehindOtherNotes) {
  const auto other = "\6\0\0\0\2\0\0\0\1\0\0\0Linux\0\0\0xy\0\0"s;
  const auto mine = "\4\0\0\0\3\0\0\0\3\0\0\0GNU\0\x01\xab\xff\0"s;
  EXPECT_EQ(read_build_id(mine, std::endian::little), "01abff");
  EXPECT_EQ(read_build_id(other + mine, std::endian::little), "01abff");
  EXPECT_EQ(read_build_id(other, std::endian::little), "");
  EXPECT_EQ(read_build_id(""), "");
  for (std::size_t size = 0; size < mine.size() - 1; ++size)
    EXPECT_EQ(read_build_id(std::string_view{mine}.substr(0, size), std::endian::little), "") << size;
}

TEST(BuildId, IsReadInTheWritersByteOrder) {
  EXPECT_EQ(read_build_id("\0\0\0\4\0\0\0\1\0\0\0\3GNU\0\x7f\0\0\0"s, std::endian::big), "7f");
}

TEST(BuildId, OfHugeSizesIsNone) {
  EXPECT_EQ(read_build_id("\xff\xff\xff\xff\xff\xff\xff\xff\3\0\0\0GNU\0"s, std::endian::little), "");
}

}  // namespace
}  // namespace nic::files
