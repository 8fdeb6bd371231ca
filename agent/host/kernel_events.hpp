// The kernel's own word that something changed: udev (or bare kernel) events, rtnetlink and devlink, as Dirty
// values.
// Thread: the loop's; nothing here blocks or reads sysfs. Coalescing is the caller's. Sources: libudev(3),
// rtnetlink(7), kernel Documentation/networking/devlink/. RDMA netlink's notify group (kernel 6.12) is not listened to:
// an open socket of that family holds a reference on ib_core (netlink_create in net/netlink/af_netlink.c), and nobody
// could replace the RDMA drivers.
#pragma once

#include "host/netlink_message.hpp"
#include "model/dirty.hpp"
#include "model/error.hpp"
#include "model/roots.hpp"

#include <systemd/sd-event.h>

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace nic::host {

class KernelEvents {
 public:
  // Listens from here on: observe everything after it, so that nothing falls between. With udevd (run/udev/control) the
  // events come after its rules ran and names are final; without it they come from the kernel. A lost event (ENOBUFS)
  // comes as Dirty::everything.
  KernelEvents(sd_event* event, const model::Roots& roots, std::function<void(const model::Dirty&)> changed);
  ~KernelEvents();
  KernelEvents(const KernelEvents&) = delete;
  KernelEvents& operator=(const KernelEvents&) = delete;

  // The sources that cannot be listened to; the others are. A kernel without devlink has nothing to tell: no failure.
  [[nodiscard]] const std::vector<model::Error>& failures() const { return failures_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::vector<model::Error> failures_;
};

// What a kernel event says, and what it makes dirty. Pure.
struct Uevent {
  std::string_view subsystem;    // "pci", "net", "infiniband", "module" ...
  std::string_view device_path;  // DEVPATH: "/devices/pci0000:00/0000:00:01.0/net/eth0"
};
[[nodiscard]] model::Dirty dirty_of(const Uevent& event);

// One datagram of rtnetlink's groups LINK, IPV4_ROUTE and IPV6_ROUTE. Pure.
[[nodiscard]] model::Dirty dirty_of_rtnetlink(Bytes datagram);

// One datagram of devlink's group "config". Pure.
[[nodiscard]] model::Dirty dirty_of_devlink(Bytes datagram);

}  // namespace nic::host
