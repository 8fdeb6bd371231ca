// LZ4 as the kernel writes and reads it: the legacy frame, blocks of up to 8 MiB that know nothing of each other.
// Thread: one at a time; no I/O; takes 16 MiB. Source: LZ4's lz4_Block_format.md, and "Legacy frame" of
// lz4_Frame_format.md.
#pragma once

#include "kmod/unpack.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace nic::kmod {

inline constexpr std::string_view kLz4Magic{"\x02\x21\x4c\x18"};

// How many bytes of `out` one block fills; nullopt where it is damaged, or longer than that.
[[nodiscard]] std::optional<std::size_t> unpack_lz4_block(Bytes block, std::span<unsigned char> out);

// The frame has no end mark: it is over with its input, or where no size of a block follows.
class Lz4 : public Unpacker {
 public:
  [[nodiscard]] std::expected<Step, std::string> step(Bytes in, std::span<unsigned char> out) override;
  [[nodiscard]] bool may_end() const override { return begun_ && missing_ == 0 && unpacked_.empty(); }

 private:
  bool begun_{false};                    // the magic has been taken
  std::vector<unsigned char> packed_;    // of the block at work
  std::size_t missing_{0};               // bytes of it that are still to come
  std::vector<unsigned char> unpacked_;  // the last block
  std::size_t given_{0};                 // bytes of it that are out
};

}  // namespace nic::kmod
