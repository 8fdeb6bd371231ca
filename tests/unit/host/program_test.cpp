#include "host/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace nic::host {
namespace {

constexpr std::chrono::seconds kLong{30};

TEST(Program, ThatEndsWellIsSuccess) { EXPECT_TRUE(run_program({"/bin/true"}, kLong).has_value()); }

TEST(Program, ThatFailsTellsItsStatus) {
  const auto done = run_program({"/bin/sh", "-c", "exit 3"}, kLong);
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().text(), testing::HasSubstr("it ended with status 3"));
}

TEST(Program, ThatIsNotThereIsNotFound) {
  const auto done = run_program({"/no/such/program"}, kLong);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().errno_value, ENOENT);
}

TEST(Program, IsNotLookedForInPath) {
  const auto done = run_program({"true"}, kLong);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().errno_value, ENOENT);
}

TEST(Program, ThatDoesNotEndIsKilledAtItsDeadline) {
  const auto done = run_program({"/bin/sleep", "1000"}, std::chrono::milliseconds{1});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, model::Code::timed_out);
}

TEST(Program, BeginsWithoutInputAndWithSignalsUnblocked) {
  EXPECT_TRUE(run_program({"/bin/sh", "-c", "! read line && ! grep -q 'SigBlk:.*[1-9a-f]' /proc/self/status"}, kLong)
                  .has_value());
}

}  // namespace
}  // namespace nic::host
