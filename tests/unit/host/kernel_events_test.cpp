#include "host/kernel_events.hpp"

#include "host/fd.hpp"
#include "lib/sysfs_tree.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

namespace nic::host {
namespace {

using model::Dirty;

// In a network namespace of its own, so that nothing of the machine is touched.
void loopback_goes_up() {
  const Fd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  ASSERT_EQ(::ioctl(socket.get(), SIOCGIFFLAGS, &request), 0);
  request.ifr_flags |= IFF_UP;
  ASSERT_EQ(::ioctl(socket.get(), SIOCSIFFLAGS, &request), 0);
}

// What is heard of it, and what cannot be listened to; nullopt where the test has no right to make a namespace.
struct Heard {
  Dirty dirty;
  std::vector<model::Error> failures;
};
std::optional<Heard> listen_to_loopback(const std::function<void()>& before, const std::function<void()>& after) {
  std::optional<Heard> heard;
  std::thread{[&] {
    if (::unshare(CLONE_NEWNET) != 0) return;
    heard.emplace();
    const test::SysfsTree tree;
    sd_event* event{};
    ASSERT_GE(sd_event_new(&event), 0);
    {
      before();
      const KernelEvents events{event, model::Roots::below(tree.root()),
                                [&](const Dirty& dirty) { heard->dirty.merge(dirty); }};
      after();
      heard->failures = events.failures();
      loopback_goes_up();
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
      while (!heard->dirty.network && std::chrono::steady_clock::now() < deadline)
        ASSERT_GE(sd_event_run(event, 1'000'000), 0);
    }
    sd_event_unref(event);
  }}.join();
  return heard;
}

TEST(KernelEvents, TellThatTheNetworkChanged) {
  const auto heard = listen_to_loopback([] {}, [] {});
  if (!heard) GTEST_SKIP() << "no right to make a network namespace";
  EXPECT_TRUE(heard->failures.empty());
  EXPECT_TRUE(heard->dirty.network);
  EXPECT_FALSE(heard->dirty.everything);
}

TEST(KernelEvents, OfOneSourceThatCannotBeHadDoNotSilenceTheOthers) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const auto set = [&](rlim_t files) {
    const rlimit changed{files, limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &changed), 0);
  };
  // Two more files can be opened: udev's and rtnetlink's sockets.
  const auto heard = listen_to_loopback([&] { set(static_cast<rlim_t>(Fd{::dup(STDIN_FILENO)}.get()) + 2); },
                                        [&] { set(limit.rlim_cur); });
  if (!heard) GTEST_SKIP() << "no right to make a network namespace";
  ASSERT_EQ(heard->failures.size(), 1U);
  EXPECT_EQ(heard->failures.front().object, "generic netlink");
  EXPECT_TRUE(heard->dirty.network);
}

}  // namespace
}  // namespace nic::host
