#include "apply/drift.hpp"

#include "lib/hosts.hpp"

#include <gtest/gtest.h>

namespace nic::apply {
namespace {

using namespace std::chrono_literals;

class DriftTest : public testing::Test {
 protected:
  DriftTest() {
    pf.pf = test::pci("0000:01:00.0");
    pf.num_vfs = 4;
  }
  model::DesiredPf pf;
  Drift drift{2s};
  Drift::Clock::time_point now{1h};
};

TEST_F(DriftTest, APfThatNeverWasAsDesiredIsBegunAtOnce) { EXPECT_EQ(drift.ask(pf, now), Drift::Answer::begin); }

TEST_F(DriftTest, WhatOthersChangedHasToStaySoForAWhile) {
  drift.right(pf);
  EXPECT_FALSE(drift.next());
  EXPECT_EQ(drift.ask(pf, now), Drift::Answer::wait);
  EXPECT_EQ(drift.next(), now + 2s);
  EXPECT_EQ(drift.ask(pf, now + 1s), Drift::Answer::wait);
  EXPECT_EQ(drift.ask(pf, now + 2s), Drift::Answer::begin);
}

TEST_F(DriftTest, WhatWasPutRightMeanwhileBeginsAnew) {
  drift.right(pf);
  EXPECT_EQ(drift.ask(pf, now), Drift::Answer::wait);
  drift.right(pf);
  EXPECT_EQ(drift.ask(pf, now + 2s), Drift::Answer::wait);
}

TEST_F(DriftTest, AnotherDesireIsNoDrift) {
  drift.right(pf);
  pf.num_vfs = 5;
  EXPECT_EQ(drift.ask(pf, now), Drift::Answer::begin);
}

TEST_F(DriftTest, OnceBegunTheRestFollowsAtOnce) {
  drift.right(pf);
  EXPECT_EQ(drift.ask(pf, now), Drift::Answer::wait);
  drift.begun(pf.pf);
  EXPECT_EQ(drift.ask(pf, now), Drift::Answer::begin);
}

TEST_F(DriftTest, AnObservedPfIsLeftAsItIs) {
  pf.on_drift = model::OnDrift::observe;
  EXPECT_EQ(drift.ask(pf, now), Drift::Answer::begin);
  drift.right(pf);
  EXPECT_TRUE(drift.only_observed(pf));
  EXPECT_EQ(drift.ask(pf, now + 1h), Drift::Answer::leave);
  EXPECT_FALSE(drift.next());
}

TEST_F(DriftTest, APfThatWentIsForgotten) {
  drift.right(pf);
  drift.keep({});
  EXPECT_EQ(drift.ask(pf, now), Drift::Answer::begin);
}

}  // namespace
}  // namespace nic::apply
