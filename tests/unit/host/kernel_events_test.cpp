#include "host/kernel_events.hpp"

#include "host/fd.hpp"
#include "lib/sysfs_tree.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <thread>

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

TEST(KernelEvents, TellThatTheNetworkChanged) {
  bool allowed = true;
  Dirty heard;
  std::thread{[&] {
    if (::unshare(CLONE_NEWNET) != 0) {
      allowed = false;
      return;
    }
    const test::SysfsTree tree;
    sd_event* event{};
    ASSERT_GE(sd_event_new(&event), 0);
    {
      const auto events =
          KernelEvents::open(event, model::Roots::below(tree.root()), [&](const Dirty& dirty) { heard.merge(dirty); });
      ASSERT_TRUE(events.has_value()) << events.error().text();
      loopback_goes_up();
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
      while (!heard.network && std::chrono::steady_clock::now() < deadline)
        ASSERT_GE(sd_event_run(event, 1'000'000), 0);
    }
    sd_event_unref(event);
  }}.join();
  if (!allowed) GTEST_SKIP() << "no right to make a network namespace";
  EXPECT_TRUE(heard.network);
  EXPECT_FALSE(heard.everything);
}

}  // namespace
}  // namespace nic::host
