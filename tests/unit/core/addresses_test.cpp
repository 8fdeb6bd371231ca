#include "core/addresses.hpp"

#include <gtest/gtest.h>

#include <set>

namespace nic::core {
namespace {

using model::Guid;
using model::MacAddress;

TEST(DerivedMac, TellsThePfByItsLastBytesAndIsLocal) {
  const auto pf = MacAddress::parse("b8:59:9f:12:34:56").value();
  EXPECT_EQ(derived_mac(pf, 0).text(), "ba:59:9e:12:34:56");
  EXPECT_EQ(derived_mac(pf, 1).text(), "ba:59:9d:12:34:56");
}

TEST(DerivedMac, IsAnotherForEveryVfAndForThePf) {
  const auto pf = MacAddress::parse("52:54:00:12:34:56").value();  // a local address already
  std::set<MacAddress> all{pf};
  for (unsigned index = 0; index < 1024; ++index) {
    const auto mac = derived_mac(pf, index);
    EXPECT_TRUE(mac.usable());
    EXPECT_TRUE(all.insert(mac).second) << index;
  }
}

TEST(DerivedMac, StaysAmongFortyEightBits) {
  EXPECT_LT(derived_mac({0xfeffffffffff}, 65534).value, std::uint64_t{1} << 48U);
}

TEST(DerivedGuid, TellsThePfByItsOuterBytes) {
  const auto pf = Guid::parse("b859:9f03:0012:3456").value();
  EXPECT_EQ(derived_guid(pf, 0).text(), "ba59:9f03:0112:3456");
  EXPECT_NE(derived_guid(pf, 255), derived_guid(pf, 0));
}

TEST(Pool, CountsThroughItsRanges) {
  model::AddressPool<MacAddress> pool;
  pool.ranges = {{{10}, {11}}, {{20}, {20}}};
  EXPECT_EQ(nth(pool, 0)->value, 10u);
  EXPECT_EQ(nth(pool, 1)->value, 11u);
  EXPECT_EQ(nth(pool, 2)->value, 20u);
  EXPECT_FALSE(nth(pool, 3));
  model::AddressPool<Guid> whole;
  whole.ranges = {{{1}, {~std::uint64_t{1}}}};
  EXPECT_EQ(nth(whole, 65535)->value, 65536u);
}

}  // namespace
}  // namespace nic::core
