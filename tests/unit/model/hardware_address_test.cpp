#include "model/hardware_address.hpp"

#include <gtest/gtest.h>

namespace nic::model {
namespace {

TEST(MacAddress, ReadsWhatItWrites) {
  const auto mac = MacAddress::parse("52:54:00:aB:cd:0f");
  ASSERT_TRUE(mac);
  EXPECT_EQ(mac->text(), "52:54:00:ab:cd:0f");
  EXPECT_EQ(MacAddress::of(mac->bytes()), *mac);
}

TEST(MacAddress, RefusesAnythingElse) {
  for (const auto* text : {"", "52:54:00:ab:cd", "52:54:00:ab:cd:0f:00", "52-54-00-ab-cd-0f", "52:54:00:ab:cd:+f",
                           "52:54:00:ab:cd:0g", "525400abcd0f", "52:54:00:ab:cd: f"})
    EXPECT_FALSE(MacAddress::parse(text)) << text;
}

TEST(MacAddress, ZeroAndMulticastCannotBeUsed) {
  EXPECT_FALSE(MacAddress{}.usable());
  EXPECT_FALSE(MacAddress::parse("ff:ff:ff:ff:ff:ff")->usable());
  EXPECT_FALSE(MacAddress::parse("01:00:5e:00:00:01")->usable());
  EXPECT_TRUE(MacAddress::parse("02:00:00:00:00:01")->usable());
}

TEST(Guid, ReadsTheThreeWaysInWhichItIsWritten) {
  const Guid guid{0x0002c90300f9bfa0};
  for (const auto* text : {"0002:c903:00f9:bfa0", "00:02:c9:03:00:f9:bf:a0", "0x0002c90300f9bfa0"})
    EXPECT_EQ(Guid::parse(text), guid) << text;
  EXPECT_EQ(guid.text(), "0002:c903:00f9:bfa0");
  for (const auto* text : {"", "0002c90300f9bfa0", "0002:c903:00f9", "0x0002c90300f9bf"})
    EXPECT_FALSE(Guid::parse(text)) << text;
}

}  // namespace
}  // namespace nic::model
