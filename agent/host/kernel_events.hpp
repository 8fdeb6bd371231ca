// Kernel events to what they make uncertain. Thread: the loop's; never blocks.
// Sources: libudev monitor (udev's events where udevd runs, so that renames and permissions are done; else the
// kernel's), rtnetlink groups LINK, IPV4_ROUTE and IPV6_ROUTE, the RDMA netlink notification group (Linux 6.12). A
// socket that overflowed (ENOBUFS) makes everything dirty.
#pragma once

#include "loop/loop.hpp"
#include "model/dirty.hpp"
#include "model/error.hpp"
#include "model/roots.hpp"

#include <expected>
#include <functional>
#include <memory>
#include <string_view>

namespace nic::host {

class KernelEvents {
 public:
  [[nodiscard]] static std::expected<std::unique_ptr<KernelEvents>, model::Error> open(
      sd_event* event, const model::Roots& roots, std::function<void(const model::Dirty&)> changed);
  KernelEvents(const KernelEvents&) = delete;
  KernelEvents& operator=(const KernelEvents&) = delete;
  ~KernelEvents();

 private:
  KernelEvents(sd_event* event, std::function<void(const model::Dirty&)> changed);
  [[nodiscard]] std::expected<void, model::Error> open_udev(const model::Roots& roots);
  [[nodiscard]] std::expected<void, model::Error> open_routes();
  void open_rdma(const model::Roots& roots);
  void receive_uevents();
  void receive_netlink(int fd, bool rdma);

  struct Sources;
  sd_event* event_;
  std::function<void(const model::Dirty&)> changed_;
  std::unique_ptr<Sources> sources_;
};

// What a uevent makes dirty. Pure. `devpath` as udev has it, without /sys.
[[nodiscard]] model::Dirty dirty_of(std::string_view subsystem, std::string_view devpath);

}  // namespace nic::host
