// Owners of libudev's objects. Thread: one at a time. Source: libudev(3).
#pragma once

#include <libudev.h>

#include <memory>

namespace nic::host {

struct UdevDeleter {
  void operator()(udev* context) const noexcept { udev_unref(context); }
  void operator()(udev_monitor* monitor) const noexcept { udev_monitor_unref(monitor); }
  void operator()(udev_device* device) const noexcept { udev_device_unref(device); }
  void operator()(udev_queue* queue) const noexcept { udev_queue_unref(queue); }
};
template <class T>
using UdevPtr = std::unique_ptr<T, UdevDeleter>;

}  // namespace nic::host
