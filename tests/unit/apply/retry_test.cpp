#include "apply/retry.hpp"

#include <gtest/gtest.h>

#include <string>

namespace nic::apply {
namespace {

using Clock = Backoff<std::string>::Clock;
using std::chrono::seconds;

std::vector<model::Step> steps(const char* module) {
  model::Step step;
  step.action = model::LoadModule{module};
  return {step};
}

TEST(Backoff, TriesAgainAfterADelayThatDoubles) {
  Backoff<std::string> backoff{{seconds{2}, seconds{300}}};
  const Clock::time_point start{};
  backoff.failed("pf", steps("a"), start);
  EXPECT_TRUE(backoff.failed_once());
  EXPECT_FALSE(backoff.may("pf", steps("a"), start + seconds{1}));
  EXPECT_TRUE(backoff.may("pf", steps("a"), start + seconds{2}));
  EXPECT_TRUE(backoff.may("pf", steps("b"), start));
  backoff.failed("pf", steps("a"), start + seconds{2});
  EXPECT_FALSE(backoff.failed_once());
  EXPECT_EQ(backoff.next(start), start + seconds{6});
}

TEST(Backoff, NeverTriesAgainWhatFailedForGoodUntilItIsForgotten) {
  Backoff<std::string> backoff{{seconds{2}, seconds{300}}};
  const Clock::time_point start{};
  backoff.failed("pf", steps("a"), start, true);
  EXPECT_FALSE(backoff.failed_once());
  EXPECT_FALSE(backoff.next(start).has_value());
  EXPECT_FALSE(backoff.may("pf", steps("a"), start + seconds{1'000'000}));
  EXPECT_TRUE(backoff.may("pf", steps("b"), start));
  backoff.forget("pf");
  EXPECT_TRUE(backoff.may("pf", steps("a"), start));
}

}  // namespace
}  // namespace nic::apply
