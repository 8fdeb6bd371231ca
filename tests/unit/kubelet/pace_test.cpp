#include "kubelet/pace.hpp"

#include "kubelet/damping.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <set>

namespace nic::kubelet {
namespace {

using namespace std::chrono_literals;

constexpr Pace::Clock::time_point kBegin{1000s};

TEST(Pace, RegistersAgainSoonAfterABrokenStream) {  // F3
  Pace pace;
  pace.streams(kBegin);
  EXPECT_LE(pace.lost(kBegin + 1h), 1s);
}

TEST(Pace, WaitsLongerForAKubeletThatRefuses) {
  Pace pace;
  std::vector<Pace::Wait> waits;
  for (int i = 0; i < 8; ++i) {
    waits.push_back(pace.asked());
    pace.failed();
  }
  EXPECT_EQ(waits, (std::vector<Pace::Wait>{2s, 4s, 8s, 16s, 32s, 64s, 64s, 64s}));
  pace.anew();
  EXPECT_EQ(pace.asked(), 2s);
}

TEST(Pace, TwoThatTakeTheResourceFromEachOtherSlowDown) {
  Pace pace;
  auto now = kBegin;
  Pace::Wait last{};
  for (int i = 0; i < 6; ++i) {
    pace.streams(now);
    now += 1s;
    const auto wait = pace.lost(now);
    EXPECT_GT(wait, last);
    last = wait;
    pace.failed();
  }
  pace.streams(now);
  EXPECT_EQ(pace.lost(now + 1min), 500ms) << "a stream that has lasted forgets them";
}

TEST(Pace, DoesNotKnockForeverWhereNobodyListens) {
  Pace pace;
  Pace::Wait all{};
  for (; const auto wait = pace.unheard(); pace.failed()) all += *wait;
  EXPECT_GT(all, 5s);
  EXPECT_LT(all, 10s);
}

// Messages for changes at these times; the timer fires when it is due.
std::vector<Damping::Clock::time_point> messages(const std::vector<Damping::Clock::time_point>& changes) {
  Damping damping;
  std::vector<Damping::Clock::time_point> sent;
  std::optional<Damping::Clock::time_point> due;
  const auto send_until = [&](Damping::Clock::time_point now) {
    if (!due || *due > now) return;
    damping.sent(*due);
    sent.push_back(*due);
    due.reset();
  };
  for (const auto& change : changes) {
    send_until(change);
    due = change + damping.changed(change);
    send_until(change);
  }
  send_until(Damping::Clock::time_point::max());
  return sent;
}

std::vector<Damping::Clock::time_point> storm(std::chrono::milliseconds gap) {
  std::vector<Damping::Clock::time_point> changes;
  for (int i = 0; i < 256; ++i) changes.push_back(kBegin + i * gap);
  return changes;
}

TEST(Damping, SendsASingleChangeAtOnce) {
  EXPECT_EQ(messages({kBegin}), std::vector{kBegin});
  EXPECT_EQ(messages({kBegin, kBegin + 10s}), (std::vector{kBegin, kBegin + 10s}));
}

TEST(Damping, AStormOf256EventsMakesAtMostFiveMessages) {
  for (const auto gap : {1ms, 5ms, 20ms, 50ms, 80ms}) EXPECT_LE(messages(storm(gap)).size(), 5u) << gap.count();
}

TEST(Damping, TellsTheEndOfAStormWithinASecond) {  // C1
  for (const auto gap : {1ms, 5ms, 20ms, 50ms, 80ms, 400ms}) {
    const auto changes = storm(gap);
    const auto sent = messages(changes);
    EXPECT_GE(sent.back(), changes.back()) << gap.count();
    EXPECT_LE(sent.back() - changes.back(), 750ms) << gap.count();
  }
}

}  // namespace
}  // namespace nic::kubelet
