#include "host/kernel_events.hpp"

#include "host/fd.hpp"
#include "host/pci.hpp"
#include "host/rtnetlink_parse.hpp"

#include <libudev.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <filesystem>

namespace nic::host {
namespace {

using model::Dirty;
using model::Error;

// enum rdma_nl_name in include/uapi/rdma/rdma_netlink.h; headers before 6.12 do not have it.
constexpr int kRdmaNotify = 4;
constexpr int kBuffer = 4 << 20;
constexpr std::array kSubsystems{"pci", "net", "infiniband", "infiniband_verbs", "infiniband_mad", "module", "misc"};

struct UdevDeleter {
  void operator()(udev* context) const noexcept { udev_unref(context); }
  void operator()(udev_monitor* monitor) const noexcept { udev_monitor_unref(monitor); }
  void operator()(udev_device* device) const noexcept { udev_device_unref(device); }
};

std::expected<Fd, Error> subscribe(int protocol, std::initializer_list<int> groups, const char* what) {
  Fd fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)};
  if (!fd) return std::unexpected(model::system_error(errno, "open a socket of", what));
  // A large buffer makes overflow rare; without the privilege for it the usual one serves.
  std::ignore = ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer);
  sockaddr_nl self{};
  self.nl_family = AF_NETLINK;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0)
    return std::unexpected(model::system_error(errno, "bind a socket of", what));
  for (const int group : groups)
    if (::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
      return std::unexpected(model::system_error(errno, "subscribe to events of", what));
  return fd;
}

// Only default routes matter; the others come and go by the thousand on some machines.
Dirty dirty_of_message(const Message& message, bool rdma) {
  Dirty dirty;
  if (rdma) {
    dirty.rdma = true;
    return dirty;
  }
  switch (message.header.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: dirty.network = parse_link(message.payload).has_value(); break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE: dirty.network = !parse_default_routes(message.payload).empty(); break;
    default: break;
  }
  return dirty;
}

}  // namespace

struct KernelEvents::Sources {
  std::unique_ptr<udev, UdevDeleter> context;
  std::unique_ptr<udev_monitor, UdevDeleter> monitor;
  Fd routes, rdma;
  std::unique_ptr<loop::Io> monitor_io, routes_io, rdma_io;
};

Dirty dirty_of(std::string_view subsystem, std::string_view devpath) {
  Dirty dirty;
  const auto function = innermost_address(devpath);
  if (subsystem == "module") {
    dirty.modules = true;
    return dirty;
  }
  if (subsystem == "misc") {
    dirty.rdma = devpath.ends_with("/rdma_cm");
    return dirty;
  }
  if (subsystem == "net") dirty.network = true;
  if (subsystem.starts_with("infiniband")) dirty.rdma = true;
  if (function) dirty.functions.insert(*function);
  return dirty;
}

KernelEvents::KernelEvents(sd_event* event, std::function<void(const Dirty&)> changed)
    : event_{event}, changed_{std::move(changed)}, sources_{std::make_unique<Sources>()} {}

KernelEvents::~KernelEvents() = default;

std::expected<std::unique_ptr<KernelEvents>, Error> KernelEvents::open(sd_event* event, const model::Roots& roots,
                                                                       std::function<void(const Dirty&)> changed) {
  std::unique_ptr<KernelEvents> events{new KernelEvents{event, std::move(changed)}};
  if (auto opened = events->open_udev(roots); !opened) return std::unexpected(opened.error());
  if (auto opened = events->open_routes(); !opened) return std::unexpected(opened.error());
  events->open_rdma(roots);
  return events;
}

std::expected<void, Error> KernelEvents::open_udev(const model::Roots& roots) {
  std::error_code failure;
  const bool udevd = std::filesystem::exists(roots.run / "udev/control", failure);
  auto& s = *sources_;
  s.context.reset(udev_new());
  s.monitor.reset(s.context ? udev_monitor_new_from_netlink(s.context.get(), udevd ? "udev" : "kernel") : nullptr);
  if (!s.monitor) return std::unexpected(model::system_error(errno, "open the monitor of", "udev"));
  for (const auto* subsystem : kSubsystems)
    udev_monitor_filter_add_match_subsystem_devtype(s.monitor.get(), subsystem, nullptr);
  std::ignore = udev_monitor_set_receive_buffer_size(s.monitor.get(), kBuffer);
  if (const int result = udev_monitor_enable_receiving(s.monitor.get()); result < 0)
    return std::unexpected(model::system_error(-result, "receive events of", "udev"));
  s.monitor_io = std::make_unique<loop::Io>(event_, udev_monitor_get_fd(s.monitor.get()), EPOLLIN,
                                            [this](std::uint32_t) { receive_uevents(); });
  return {};
}

std::expected<void, Error> KernelEvents::open_routes() {
  auto fd = subscribe(NETLINK_ROUTE, {RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE}, "rtnetlink");
  if (!fd) return std::unexpected(fd.error());
  sources_->routes = std::move(*fd);
  sources_->routes_io = std::make_unique<loop::Io>(event_, sources_->routes.get(), EPOLLIN, [this](std::uint32_t) {
    receive_netlink(sources_->routes.get(), false);
  });
  return {};
}

// Opening the family would load ib_core where it is not: it is joined when RDMA is there. Kernels before 6.12 have no
// such group; udev tells of devices there, and only a port's change of interface is not an event.
void KernelEvents::open_rdma(const model::Roots& roots) {
  std::error_code failure;
  if (sources_->rdma || !std::filesystem::exists(roots.sys / "class/infiniband", failure)) return;
  auto fd = subscribe(NETLINK_RDMA, {kRdmaNotify}, "RDMA netlink");
  if (!fd) return;
  sources_->rdma = std::move(*fd);
  sources_->rdma_io = std::make_unique<loop::Io>(
      event_, sources_->rdma.get(), EPOLLIN, [this](std::uint32_t) { receive_netlink(sources_->rdma.get(), true); });
}

void KernelEvents::receive_uevents() {
  Dirty dirty;
  for (;;) {
    errno = 0;
    const std::unique_ptr<udev_device, UdevDeleter> device{udev_monitor_receive_device(sources_->monitor.get())};
    if (!device) {
      if (errno == ENOBUFS) dirty.everything = true;
      if (errno == ENOBUFS || errno == EINTR) continue;
      break;
    }
    const char* subsystem = udev_device_get_subsystem(device.get());
    const char* path = udev_device_get_devpath(device.get());
    if (subsystem == nullptr || path == nullptr) continue;
    dirty.merge(dirty_of(subsystem, path));
    if (std::string_view{subsystem}.starts_with("infiniband")) open_rdma({});
  }
  if (!dirty.empty()) changed_(dirty);
}

void KernelEvents::receive_netlink(int fd, bool rdma) {
  Dirty dirty;
  std::array<std::byte, 65536> datagram;  // NOLINT(*-member-init): recv says how much of it counts
  for (;;) {
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    const auto got = ::recvfrom(fd, datagram.data(), datagram.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) {
      if (errno == ENOBUFS) dirty.everything = true;
      if (errno == ENOBUFS || errno == EINTR) continue;
      break;
    }
    if (from.nl_pid != 0) continue;  // not from the kernel
    Bytes rest = Bytes{datagram}.first(static_cast<std::size_t>(got));
    while (const auto message = next_message(rest)) dirty.merge(dirty_of_message(*message, rdma));
  }
  if (!dirty.empty()) changed_(dirty);
}

}  // namespace nic::host
