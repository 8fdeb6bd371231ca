#include "model/eswitch.hpp"

#include <gtest/gtest.h>

namespace nic::model {
namespace {

TEST(PortName, IsTakenApart) {
  EXPECT_EQ(parse_port_name("p0"), (PortName{PortKind::physical, {}, 0, 0}));
  EXPECT_EQ(parse_port_name("p1s3"), (PortName{PortKind::physical, {}, 1, 3}));
  EXPECT_EQ(parse_port_name("pf1"), (PortName{PortKind::pf, {}, 1, 0}));
  EXPECT_EQ(parse_port_name("pf0vf12"), (PortName{PortKind::vf, {}, 0, 12}));
  EXPECT_EQ(parse_port_name("pf0vfr7"), (PortName{PortKind::vf, {}, 0, 7}));
  EXPECT_EQ(parse_port_name("c1pf0vf3"), (PortName{PortKind::vf, 1, 0, 3}));
  EXPECT_EQ(parse_port_name("pf0sf88"), (PortName{PortKind::sf, {}, 0, 88}));
}

TEST(PortName, OtherTextIsNone) {
  for (const auto* text : {"", "p", "pf", "pf0vf", "c1", "c1p0", "0", "pf0vf1x", "xpf0vf1", "pf99999999999vf1"})
    EXPECT_FALSE(parse_port_name(text).has_value()) << text;
}

TEST(PortName, OnlyOthersPortsAreRepresentors) {
  EXPECT_TRUE(is_representor("pf0vf0"));
  EXPECT_TRUE(is_representor("c1pf0"));
  EXPECT_FALSE(is_representor("p0"));
  EXPECT_FALSE(is_representor(""));
}

}  // namespace
}  // namespace nic::model
