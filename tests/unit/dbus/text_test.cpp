#include "dbus/text.hpp"

#include <gtest/gtest.h>

namespace nic::dbus {
namespace {

TEST(ObjectPath, EscapesEverythingThatIsNotALetterOrADigit) {
  EXPECT_EQ(path_element("mlx5_core"), "mlx5_5fcore");
  EXPECT_EQ(path_element("nvidia.com/rdma_a"), "nvidia_2ecom_2frdma_5fa");
  EXPECT_EQ(path_element("\xff /"), "_ff_20_2f");
  EXPECT_EQ(path_element(""), "_");
}

TEST(ObjectPath, OfAFunctionIsReadableAndComesBack) {
  const auto address = model::PciAddress::parse("10000:3b:00.1").value();
  EXPECT_EQ(device_path(address), "/org/nicagent1/device/10000_3b_00_1");
  EXPECT_EQ(address_of_path(device_path(address)), address);
}

TEST(ObjectPath, ThatIsNotAFunctionHasNoAddress) {
  for (const char* path :
       {"", "/", "/org/nicagent1/device/", "/org/nicagent1/device/0000_3b_00", "/org/nicagent1/job/7",
        "/org/nicagent1/device/0000_3b_00_0_0", "/org/nicagent1/device/zzzz_3b_00_0"})
    EXPECT_FALSE(address_of_path(path)) << path;
}

TEST(Utf8, KeepsWhatIsValid) {
  EXPECT_EQ(utf8("ens1f0 \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"), "ens1f0 \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
}

TEST(Utf8, ReplacesEachByteThatIsNot) {
  const std::string r = "\xef\xbf\xbd";
  EXPECT_EQ(utf8("a\xff"), "a" + r);
  EXPECT_EQ(utf8("\xc0\xaf"), r + r);                  // overlong slash
  EXPECT_EQ(utf8("\xed\xa0\x80"), r + r + r);          // surrogate
  EXPECT_EQ(utf8("\xf4\x90\x80\x80"), r + r + r + r);  // beyond Unicode
  EXPECT_EQ(utf8("\xe2\x82"), r + r);                  // cut off
  EXPECT_EQ(utf8(std::string_view{"a\0b", 3}), "a" + r + "b");
}

}  // namespace
}  // namespace nic::dbus
