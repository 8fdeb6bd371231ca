#include "host/kernel_events.hpp"

#include "host/genl_socket.hpp"
#include "host/netlink_socket.hpp"
#include "host/udev_ptr.hpp"
#include "loop/loop.hpp"

#include <linux/devlink.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <expected>
#include <filesystem>
#include <initializer_list>
#include <span>

namespace nic::host {
namespace {

using model::Dirty;

// vfio is not among them: a group's node is there before the `bind` event of the PCI function that made it.
constexpr std::array kSubsystems{"pci",    "net",  "infiniband", "infiniband_verbs", "infiniband_mad", "infiniband_cm",
                                 "module", "misc", "vdpa",       "auxiliary"};
// 1,024 VFs make some 10,000 events of about 1 KiB.
constexpr int kReceiveBuffer = 16 * 1024 * 1024;
// Datagrams per call: the loop's other sources get their turn in between.
constexpr int kBurst = 256;

std::string_view or_empty(const char* text) { return text == nullptr ? std::string_view{} : std::string_view{text}; }

void enlarge(int socket) {
  // The unforced option is capped by net.core.rmem_max; either way an overflow is noticed and made good.
  if (::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) < 0)
    std::ignore = ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
}

std::expected<NetlinkSocketPtr, model::Error> subscribe(int protocol, std::initializer_list<std::uint32_t> groups,
                                                        const char* to, const char* on) {
  auto socket = open_netlink(protocol);
  if (!socket) return socket;
  enlarge(nl_socket_get_fd(socket->get()));
  int code = nl_socket_set_nonblocking(socket->get());
  for (const auto group : groups)
    if (code >= 0) code = nl_socket_add_membership(socket->get(), static_cast<int>(group));
  if (code < 0) return std::unexpected(model::system_error(errno_of_libnl(code), to, on));
  return socket;
}

}  // namespace

struct KernelEvents::State {
  sd_event* event;
  std::function<void(const Dirty&)> changed;
  UdevPtr<udev> context;
  UdevPtr<udev_monitor> monitor;
  NetlinkSocketPtr rtnetlink, devlink;
  std::unique_ptr<loop::Io> udev_io, rtnetlink_io, devlink_io;  // last: they go first

  State(sd_event* of, std::function<void(const Dirty&)> tell_whom) : event{of}, changed{std::move(tell_whom)} {}

  void tell(const Dirty& dirty) const {
    if (!dirty.empty()) changed(dirty);
  }

  std::expected<void, model::Error> open_udev(const model::Roots& roots) {
    std::error_code ignored;
    const bool udevd = std::filesystem::exists(roots.run / "udev/control", ignored);
    const auto refuse = [&](int failure) {
      return std::unexpected(model::system_error(failure, "listen to events of", udevd ? "udev" : "the kernel"));
    };
    context.reset(udev_new());
    if (!context) return refuse(errno);
    monitor.reset(udev_monitor_new_from_netlink(context.get(), udevd ? "udev" : "kernel"));
    if (!monitor) return refuse(errno);
    for (const char* subsystem : kSubsystems)
      if (const int result = udev_monitor_filter_add_match_subsystem_devtype(monitor.get(), subsystem, nullptr);
          result < 0)
        return refuse(-result);
    std::ignore = udev_monitor_set_receive_buffer_size(monitor.get(), kReceiveBuffer);
    if (const int result = udev_monitor_enable_receiving(monitor.get()); result < 0) return refuse(-result);
    udev_io = std::make_unique<loop::Io>(event, udev_monitor_get_fd(monitor.get()), EPOLLIN,
                                         [this](std::uint32_t) { read_udev(); });
    return {};
  }

  std::expected<void, model::Error> open_rtnetlink() {
    auto socket = subscribe(NETLINK_ROUTE, {RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE},
                            "listen to interfaces and routes on", "rtnetlink");
    if (!socket) return std::unexpected(std::move(socket.error()));
    rtnetlink = std::move(*socket);
    rtnetlink_io = std::make_unique<loop::Io>(event, nl_socket_get_fd(rtnetlink.get()), EPOLLIN, [this](std::uint32_t) {
      read_netlink(rtnetlink.get(), dirty_of_rtnetlink);
    });
    return {};
  }

  std::expected<void, model::Error> open_devlink() {
    const auto group = GenlSocket::group(DEVLINK_GENL_NAME, DEVLINK_GENL_MCGRP_CONFIG_NAME);
    if (!group) return std::unexpected(group.error());
    if (!*group) return {};
    auto socket = subscribe(NETLINK_GENERIC, {**group}, "listen to cards on", "devlink");
    if (!socket) return std::unexpected(std::move(socket.error()));
    devlink = std::move(*socket);
    devlink_io = std::make_unique<loop::Io>(event, nl_socket_get_fd(devlink.get()), EPOLLIN,
                                            [this](std::uint32_t) { read_netlink(devlink.get(), dirty_of_devlink); });
    return {};
  }

  void read_udev() {
    Dirty dirty;
    for (int i = 0; i < kBurst; ++i) {
      errno = 0;
      const UdevPtr<udev_device> device{udev_monitor_receive_device(monitor.get())};
      if (device) {
        dirty.merge(dirty_of(
            {or_empty(udev_device_get_subsystem(device.get())), or_empty(udev_device_get_devpath(device.get()))}));
        continue;
      }
      if (errno == ENOBUFS) {
        dirty.everything = true;
        continue;
      }
      if (errno == EINTR) continue;
      break;  // EAGAIN: all read. Anything else was a datagram that libudev refused (not from udevd, cut off).
    }
    tell(dirty);
  }

  void read_netlink(nl_sock* socket, Dirty (*dirty_of_datagram)(Bytes)) {
    Dirty dirty;
    for (int i = 0; i < kBurst; ++i) {
      sockaddr_nl sender{};
      unsigned char* bytes = nullptr;
      const int got = nl_recv(socket, &sender, &bytes, nullptr);
      const std::unique_ptr<unsigned char, decltype(&std::free)> datagram{bytes, &std::free};
      if (got == -NLE_INTR) continue;
      if (got == -NLE_NOMEM || got == -NLE_MSG_TRUNC) {  // overflown or cut off: something was lost
        dirty.everything = true;
        continue;
      }
      if (got <= 0) break;
      if (sender.nl_pid == 0)  // from the kernel
        dirty.merge(dirty_of_datagram(std::as_bytes(std::span{datagram.get(), static_cast<std::size_t>(got)})));
    }
    tell(dirty);
  }
};

KernelEvents::KernelEvents(sd_event* event, const model::Roots& roots, std::function<void(const model::Dirty&)> changed)
    : state_{std::make_unique<State>(event, std::move(changed))} {
  for (const auto& opened : {state_->open_udev(roots), state_->open_rtnetlink(), state_->open_devlink()})
    if (!opened) failures_.push_back(opened.error());
}

KernelEvents::~KernelEvents() = default;

}  // namespace nic::host
