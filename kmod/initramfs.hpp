// The RDMA and NIC modules that an initramfs carries, which run before the module tree can be seen. An image is one or
// more cpio archives one after the other, each as it is (microcode, often) or compressed.
// Thread: any worker; BLOCKING (unpacks hundreds of megabytes: a second, several for xz). Input may be hostile: what is
// read, unpacked and kept has limits. Source: the kernel's early-userspace/buffer-format.rst, init/initramfs.c.
#pragma once

#include "kmod/cpio.hpp"
#include "kmod/remembered.hpp"

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace nic::kmod {

// One module of the catalogue, for whatever kernel.
struct InitramfsModule {
  std::string path;  // "lib/modules/6.1.0/kernel/drivers/net/mlx5_core.ko.xz", without usr/ and a '/' before
  std::string link;  // what it points at, where it is a symbolic link
  std::string build_id, srcversion;  // "" where the file does not say
  std::string problem;               // why the file could not be read; a sentence that begins with "it" or "its"

  bool operator==(const InitramfsModule&) const = default;
};

struct Initramfs {
  std::vector<InitramfsModule> modules;  // in the order of the image
  std::string problem;  // why it could not be read to its end; a sentence that begins with "it" or "its"

  bool operator==(const Initramfs&) const = default;
};

struct InitramfsLimits {
  std::size_t packed{std::size_t{1} << 30};    // of the image
  std::size_t unpacked{std::size_t{4} << 30};  // of its compressed parts
  std::size_t parts{64};                       // that are compressed
  std::size_t modules{1024};
  CpioReader::Limits cpio{};
};

// Fills a part of the room, and says how much; 0 at the end.
using ReadBytes = std::function<std::expected<std::size_t, std::string>(std::span<unsigned char> room)>;

[[nodiscard]] Initramfs read_initramfs(const ReadBytes& read, InitramfsLimits limits = {});

// Images that are the same as before are not read again, whether they could be read or not.
class InitramfsCache {
 public:
  [[nodiscard]] std::expected<std::shared_ptr<const Initramfs>, model::Error> read(const std::filesystem::path& path);

 private:
  Remembered<Initramfs> known_;
};

}  // namespace nic::kmod
