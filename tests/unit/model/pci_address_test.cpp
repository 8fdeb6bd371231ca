#include "model/pci_address.hpp"

#include <gtest/gtest.h>

namespace nic::model {
namespace {

TEST(PciAddress, ReadsAndWritesWhatSysfsPrints) {
  const auto address = PciAddress::parse("0000:3b:00.1");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(*address, (PciAddress{0, 0x3b, 0, 1}));
  EXPECT_EQ(address->text(), "0000:3b:00.1");
  EXPECT_EQ(address->path_element(), "0000_3b_00_1");
}

TEST(PciAddress, KeepsDomainsWiderThanFourDigits) {
  const auto address = PciAddress::parse("10000:E1:1f.7");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->text(), "10000:e1:1f.7");
}

class RefusedAddress : public testing::TestWithParam<const char*> {};

TEST_P(RefusedAddress, IsAnErrorThatShowsTheText) {
  const auto address = PciAddress::parse(GetParam());
  ASSERT_FALSE(address.has_value());
  EXPECT_EQ(address.error().code, Code::invalid);
  EXPECT_EQ(address.error().object, std::string{GetParam()}.substr(0, 32));
}

INSTANTIATE_TEST_SUITE_P(Hostile, RefusedAddress,
                         testing::Values("", ":", "3b:00.0", "000:3b:00.0", "0000:3b:00", "0000:3b:00.8",
                                         "0000:3b:20.0", "0000:3b:00.0 ", " 0000:3b:00.0", "0000:3g:00.0",
                                         "0000:+3:00.0", "-000:3b:00.0", "123456789:3b:00.0", "0000:3b:00.0/../..",
                                         "0000-3b-00.0"));

}  // namespace
}  // namespace nic::model
