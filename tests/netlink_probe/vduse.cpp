#include "netlink_probe/vduse.hpp"

#include "host/fd.hpp"

#include <fcntl.h>
#include <linux/vduse.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace nic::test {
namespace {

constexpr const char* kControl = "/dev/vduse/control";
constexpr std::uint32_t kQueues = 2;

std::unexpected<model::Error> failed(const char* what, const std::string& on) {
  return std::unexpected(model::system_error(errno, what, on));
}

std::expected<host::Fd, model::Error> open(const std::string& path) {
  host::Fd fd{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  if (fd.get() < 0) return failed("open", path);
  return fd;
}

std::expected<host::Fd, model::Error> control() {
  auto fd = open(kControl);
  std::uint64_t version = VDUSE_API_VERSION;
  if (fd && ::ioctl(fd->get(), VDUSE_SET_API_VERSION, &version) < 0) return failed("set the version of", kControl);
  return fd;
}

}  // namespace

std::expected<void, model::Error> begin_vduse(const std::string& name) {
  const auto fd = control();
  if (!fd) return std::unexpected(fd.error());
  // The configuration space of a network card stands behind it.
  constexpr std::size_t kSpace = 64;
  alignas(vduse_dev_config) std::array<std::byte, sizeof(vduse_dev_config) + kSpace> buffer{};
  vduse_dev_config config{};
  name.copy(config.name, sizeof config.name - 1);
  config.device_id = VIRTIO_ID_NET;
  config.features = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_ACCESS_PLATFORM;
  config.vq_num = kQueues;
  config.vq_align = 4096;
  config.config_size = kSpace;
  std::memcpy(buffer.data(), &config, sizeof config);
  if (::ioctl(fd->get(), VDUSE_CREATE_DEV, buffer.data()) < 0) return failed("make the VDUSE device", name);
  const auto device = open("/dev/vduse/" + name);
  if (!device) return std::unexpected(device.error());
  for (std::uint32_t index = 0; index < kQueues; ++index) {
    vduse_vq_config queue{};
    queue.index = index;
    queue.max_size = 256;
    if (::ioctl(device->get(), VDUSE_VQ_SETUP, &queue) < 0) return failed("set up the queues of", name);
  }
  return {};
}

std::expected<void, model::Error> end_vduse(const std::string& name) {
  const auto fd = control();
  if (!fd) return std::unexpected(fd.error());
  std::array<char, VDUSE_NAME_MAX> text{};
  name.copy(text.data(), text.size() - 1);
  if (::ioctl(fd->get(), VDUSE_DESTROY_DEV, text.data()) < 0) return failed("remove the VDUSE device", name);
  return {};
}

}  // namespace nic::test
