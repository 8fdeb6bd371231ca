#include "loop/loop.hpp"

#include "lib/temporary_folder.hpp"
#include "loop/log.hpp"

#include <gtest/gtest.h>
#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <thread>

namespace nic::loop {
namespace {

using namespace std::chrono_literals;

class LoopTest : public testing::Test {
 protected:
  EventPtr event{new_event()};
  bool run_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      sd_event_run(event.get(), 1'000'000);
    }
    return true;
  }
};

TEST_F(LoopTest, TheMailboxRunsPostedWorkInOrderOnTheLoopsThread) {
  Mailbox mailbox{event.get()};
  std::vector<int> seen;
  const auto here = std::this_thread::get_id();
  bool same = true;
  std::thread other{[&] {
    for (int i = 0; i < 100; ++i)
      mailbox.post([&, i] {
        same = same && std::this_thread::get_id() == here;
        seen.push_back(i);
      });
  }};
  ASSERT_TRUE(run_until([&] { return seen.size() == 100; }));
  other.join();
  EXPECT_TRUE(same);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST_F(LoopTest, PostingAfterTheEndOfTheMailboxIsDropped) {
  auto mailbox = std::make_unique<Mailbox>(event.get());
  const auto post = mailbox->handle();
  mailbox.reset();
  post([] { FAIL() << "nobody is there"; });
}

TEST_F(LoopTest, ABurstFiresOnceAndIsNotPutOffForEver) {
  int fired = 0;
  Debounce debounce{event.get(), 20ms, 60ms, [&] { ++fired; }};
  Timer again{event.get(), [&] {
                debounce.touch();
                again.arm(5ms);
              }};
  debounce.touch();
  again.arm(5ms);
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(run_until([&] { return fired == 1; }));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 55ms);
}

TEST_F(LoopTest, ADisarmedTimerDoesNotFire) {
  bool fired = false, later = false;
  Timer timer{event.get(), [&] { fired = true; }};
  Timer after{event.get(), [&] { later = true; }};
  timer.arm(1ms);
  timer.disarm();
  after.arm(5ms);
  ASSERT_TRUE(run_until([&] { return later; }));
  EXPECT_FALSE(fired);
}

TEST_F(LoopTest, ADirectoryTellsOfNewFiles) {
  const test::TemporaryFolder folder;
  std::string name;
  DirectoryWatch watch{event.get(), folder.path().c_str(), IN_CREATE,
                       [&](const char* file, std::uint32_t) { name = file; }};
  ASSERT_TRUE(watch.opened());
  std::ofstream{folder.path() / "kubelet.sock"} << "";
  ASSERT_TRUE(run_until([&] { return name == "kubelet.sock"; }));
}

TEST_F(LoopTest, AMissingDirectoryIsAnErrorNumber) {
  const DirectoryWatch watch{event.get(), "/nonexistent/folder", IN_CREATE, [](const char*, std::uint32_t) {}};
  EXPECT_FALSE(watch.opened());
  EXPECT_EQ(watch.error_number(), ENOENT);
}

TEST(Log, TheCatalogueExplainsEveryMessage) {
  const auto text = catalog();
  EXPECT_NE(text.find("Subject: A configuration was rejected"), std::string::npos);
  EXPECT_NE(text.find("systemctl reload nic-agent"), std::string::npos);
}

}  // namespace
}  // namespace nic::loop
