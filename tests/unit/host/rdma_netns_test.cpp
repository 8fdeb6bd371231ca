#include "host/rdma_netns.hpp"

#include "lib/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace nic::host {
namespace {

using model::RdmaNetnsMode;
using model::SetRdmaNetns;
using testing::HasSubstr;

constexpr auto kShared = RdmaNetnsMode::shared;
constexpr auto kExclusive = RdmaNetnsMode::exclusive;

// A kernel in mode shared.
class RdmaNetnsStep : public testing::Test {
 protected:
  std::expected<void, model::Error> act(const SetRdmaNetns& step) {
    return set_rdma_netns(roots, step,
                          {[this]() -> std::expected<std::optional<RdmaNetnsMode>, model::Error> { return mode; },
                           [this](RdmaNetnsMode to) -> std::expected<void, model::Error> {
                             ++asked;
                             if (failure != 0)
                               return std::unexpected(model::system_error(failure, "ask", "RDMA netlink"));
                             if (obeys) mode = to;
                             return {};
                           }});
  }
  [[nodiscard]] std::string option() const { return read_rdma_netns_option(roots); }
  void write_option(const std::string& text) const {
    std::filesystem::create_directories(roots.etc / "modprobe.d");
    std::ofstream{roots.etc / "modprobe.d/nic-agent-rdma.conf"} << text;
  }

  test::TemporaryFolder folder;
  model::Roots roots = model::Roots::below(folder.path());
  std::optional<RdmaNetnsMode> mode{kShared};
  int failure{0};
  bool obeys{true};
  unsigned asked{0};
};

TEST_F(RdmaNetnsStep, ChangesTheModeLiveAndWritesNoFile) {
  ASSERT_TRUE(act({kShared, kExclusive, kExclusive}).has_value());
  EXPECT_EQ(mode, kExclusive);
  EXPECT_EQ(option(), "");
  EXPECT_FALSE(std::filesystem::exists(roots.etc));
}

TEST_F(RdmaNetnsStep, AsksForNothingThatIsSoAlready) {
  ASSERT_TRUE(act({kShared, kShared, kShared}).has_value());
  EXPECT_EQ(asked, 0U);
}

TEST_F(RdmaNetnsStep, WritesTheOptionWhereTheKernelIsBusy) {
  failure = EBUSY;
  ASSERT_TRUE(act({kShared, kExclusive, kExclusive}).has_value());
  EXPECT_THAT(option(), HasSubstr("\noptions ib_core netns_mode=0\n"));
  // The second time there is nothing more that could be written.
  const auto again = act({kShared, kExclusive, kExclusive});
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().errno_value, EBUSY);
  EXPECT_THAT(again.error().text(), HasSubstr("nic-agent-rdma.conf"));
  mode = kExclusive;
  failure = EBUSY;
  ASSERT_TRUE(act({kExclusive, kShared, kShared}).has_value());
  EXPECT_THAT(option(), HasSubstr("\noptions ib_core netns_mode=1\n"));
}

TEST_F(RdmaNetnsStep, TakesAnotherModesOptionAwayOnceTheModeIsRight) {
  write_option(model::ib_core_option(kShared));
  ASSERT_TRUE(act({kShared, kExclusive, kExclusive}).has_value());
  EXPECT_EQ(option(), "");
  write_option(model::ib_core_option(kExclusive));
  ASSERT_TRUE(act({kExclusive, kExclusive, kExclusive}).has_value());
  EXPECT_EQ(option(), model::ib_core_option(kExclusive));  // it asks for the same, and may stay
}

TEST_F(RdmaNetnsStep, GivesBackWithoutLeavingAFile) {
  mode = kExclusive;
  write_option(model::ib_core_option(kExclusive));
  ASSERT_TRUE(act({kExclusive, kShared, {}}).has_value());
  EXPECT_EQ(mode, kShared);
  EXPECT_EQ(option(), "");
  write_option("options ib_core netns_mode=0 # somebody's hand\n");
  ASSERT_TRUE(act({kShared, {}, {}}).has_value());
  EXPECT_EQ(option(), "");
}

TEST_F(RdmaNetnsStep, GivingBackTellsThatTheKernelIsBusyButTakesTheFileAway) {
  mode = kExclusive;
  failure = EBUSY;
  write_option(model::ib_core_option(kExclusive));
  const auto done = act({kExclusive, kShared, {}});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, model::Code::busy);
  EXPECT_EQ(option(), "");
}

TEST_F(RdmaNetnsStep, SaysWhatTheKernelSays) {
  failure = EPERM;
  const auto refused = act({kShared, kExclusive, kExclusive});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().errno_value, EPERM);
  EXPECT_EQ(option(), "");
  failure = 0;
  obeys = false;
  EXPECT_THAT(act({kShared, kExclusive, kExclusive}).error().text(), HasSubstr("shows another one"));
}

TEST_F(RdmaNetnsStep, SpeaksForTheNextStartWhereIbCoreIsNotLoaded) {
  mode.reset();
  write_option(model::ib_core_option(kShared));
  ASSERT_TRUE(act({{}, kExclusive, kExclusive}).has_value());
  EXPECT_EQ(option(), model::ib_core_option(kExclusive));
  EXPECT_EQ(asked, 0U);
}

TEST_F(RdmaNetnsStep, TakesAFileThatCannotBeReadForAnotherOption) {
  write_option(std::string(1 << 20, 'x'));
  EXPECT_NE(option(), "");
  ASSERT_TRUE(act({kShared, {}, {}}).has_value());
  EXPECT_EQ(option(), "");
}

}  // namespace
}  // namespace nic::host
