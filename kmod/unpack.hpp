// Compressed data, unpacked piece by piece, as module files and initramfs images hold it.
// Thread: an Unpacker belongs to one at a time; no I/O. Input may be hostile: each Unpacker bounds its own memory, how
// much comes out is the caller's to bound. Source: zlib, liblzma, libzstd; LZ4's block and legacy frame formats
// (lz4_Block_format.md, lz4_Frame_format.md).
#pragma once

#include "kmod/elf.hpp"

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nic::kmod {

class Unpacker {
 public:
  struct Step {
    std::size_t taken{0};  // of the input
    std::size_t made{0};   // bytes of output
    bool over{false};      // the compressed data has ended; what follows it is something else
  };
  Unpacker() = default;
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  virtual ~Unpacker() = default;

  // Neither span has to be used up. A step into room that takes and makes nothing wants more input. The error is a
  // sentence that begins with "it" or "its".
  [[nodiscard]] virtual std::expected<Step, std::string> step(Bytes in, std::span<unsigned char> out) = 0;
  // Where the input ends here, is it whole? Most formats mark their end, and are over then.
  [[nodiscard]] virtual bool may_end() const { return false; }
};

struct Packing {
  std::string_view name;                    // "gzip"
  std::string_view magic;                   // the first bytes
  std::unique_ptr<Unpacker> (*unpacker)();  // null: known, but not read here
};

inline constexpr std::size_t kLongestMagic = 6;

// Null where the bytes begin like none of those that Linux knows.
[[nodiscard]] const Packing* packing_of(Bytes begin);

// All of it; more than `limit` is an error.
[[nodiscard]] std::expected<std::vector<unsigned char>, std::string> unpack(Unpacker& unpacker, Bytes packed,
                                                                            std::size_t limit);

}  // namespace nic::kmod
