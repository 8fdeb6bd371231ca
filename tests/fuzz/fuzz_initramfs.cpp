// rooms: kmod model
// Initramfs images: cpio archives, the compressed parts between them, and the modules in both.
#include "kmod/initramfs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <expected>
#include <span>
#include <string>

namespace {

// `step`: how much is given at once.
nic::kmod::Initramfs read(const std::uint8_t* data, std::size_t size, std::size_t step) {
  std::size_t at = 0;
  const nic::kmod::InitramfsLimits limits{
      .packed = 1 << 20, .unpacked = 4 << 20, .parts = 8, .modules = 16, .cpio = {.members = 1000, .content = 1 << 20}};
  return nic::kmod::read_initramfs(
      [&](std::span<unsigned char> room) -> std::expected<std::size_t, std::string> {
        const auto given = std::min({room.size(), step, size - at});
        std::memcpy(room.data(), data + at, given);
        at += given;
        return given;
      },
      limits);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto whole = read(data, size, size + 1);
  if (whole.modules.size() > 16) std::abort();
  // What is shown on D-Bus must be text.
  for (const auto& module : whole.modules)
    for (const char c : module.path + module.link)
      if (c < 0x20 || c > 0x7e) std::abort();
  // What is found in a good image must not hang on the pieces it comes in.
  if (whole.problem.empty() && read(data, size, 3) != whole) std::abort();
  return 0;
}
