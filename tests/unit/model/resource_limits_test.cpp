#include "model/resource_limits.hpp"

#include <gtest/gtest.h>

namespace nic::model {
namespace {

TEST(ResourceLimits, AListIsAsLongAsTheKubeletReceivesIt) {
  EXPECT_EQ(shared_list_bytes(1000), 15'890u);  // measured with protobuf
  EXPECT_EQ(shared_list_bytes(100'000), 1'788'890u);
  EXPECT_EQ(shared_list_bytes(0), 0u);
}

// C11
TEST(ResourceLimits, WhatIsOfferedFitsIntoAMessageWhateverTheNumaNodes) {
  EXPECT_LT(shared_list_bytes(kMostSharers, 4), kMostListBytes);
  EXPECT_FALSE(too_many_sharers(kMostSharers).has_value());
  EXPECT_TRUE(too_many_sharers(kMostSharers + 1).has_value());
  EXPECT_NE(too_many_sharers(250'000)->find("would not fit into a message of 4 MiB"), std::string::npos);
}

// A5
TEST(ResourceLimits, SocketsBelowTheRootHaveToFitIntoTheirPath) {
  EXPECT_FALSE(wrong_kubelet_root("/var/lib/kubelet").has_value());
  EXPECT_TRUE(wrong_kubelet_root("/" + std::string(kMostKubeletRoot, 'x')).has_value());
}

}  // namespace
}  // namespace nic::model
