#include "kmod/lz4.hpp"

#include <algorithm>
#include <cstdint>

namespace nic::kmod {
namespace {

constexpr std::size_t kMostUnpacked = std::size_t{8} << 20;
constexpr std::size_t kMostPacked = kMostUnpacked + kMostUnpacked / 255 + 16;  // of data that cannot be compressed
constexpr std::size_t kNumber = 4;
constexpr std::size_t kShortestMatch = 4;

// A length of four bits, and where they are all set, what the bytes after it add.
std::optional<std::size_t> length(unsigned bits, Bytes block, std::size_t& at) {
  std::size_t value = bits;
  if (bits != 15) return value;
  for (;;) {
    if (at == block.size()) return std::nullopt;
    const auto more = block[at++];
    value += more;
    if (more != 255) return value;
  }
}

std::uint32_t number(Bytes in) {
  std::uint32_t value = 0;
  for (std::size_t i = kNumber; i-- > 0;) value = value << 8U | in[i];
  return value;
}

}  // namespace

std::optional<std::size_t> unpack_lz4_block(Bytes block, std::span<unsigned char> out) {
  std::size_t at = 0;
  std::size_t made = 0;
  while (at < block.size()) {
    const unsigned token = block[at++];
    const auto literals = length(token >> 4U, block, at);
    if (!literals || *literals > block.size() - at || *literals > out.size() - made) return std::nullopt;
    std::ranges::copy(block.subspan(at, *literals), out.begin() + static_cast<std::ptrdiff_t>(made));
    at += *literals;
    made += *literals;
    if (at == block.size()) return made;  // the last sequence has no match
    if (block.size() - at < 2) return std::nullopt;
    const std::size_t distance = block[at] | std::size_t{block[at + 1]} << 8U;
    at += 2;
    const auto match = length(token & 15U, block, at);
    if (!match || distance == 0 || distance > made || *match + kShortestMatch > out.size() - made) return std::nullopt;
    // Byte by byte: a match may reach into what it makes.
    for (std::size_t i = 0; i < *match + kShortestMatch; ++i, ++made) out[made] = out[made - distance];
  }
  return std::nullopt;
}

std::expected<Unpacker::Step, std::string> Lz4::step(Bytes in, std::span<unsigned char> out) {
  Step done;
  const auto take = [&](std::size_t size) {
    done.taken += size;
    return in.subspan(done.taken - size, size);
  };
  if (!begun_ && in.size() >= kNumber) {
    take(kNumber);
    begun_ = true;
  }
  if (begun_ && unpacked_.empty() && missing_ == 0 && in.size() - done.taken >= kNumber) {
    const auto size = number(in.subspan(done.taken));
    if (size == 0 || size > kMostPacked) {
      done.over = true;
      return done;
    }
    take(kNumber);
    packed_.clear();
    missing_ = size;
  }
  if (missing_ != 0) {
    const auto piece = take(std::min(missing_, in.size() - done.taken));
    packed_.insert(packed_.end(), piece.begin(), piece.end());
    missing_ -= piece.size();
    if (missing_ != 0) return done;
    unpacked_.resize(kMostUnpacked);
    const auto made = unpack_lz4_block(packed_, unpacked_);
    if (!made) return std::unexpected("its lz4 data is damaged");
    unpacked_.resize(*made);
  }
  done.made = std::min(out.size(), unpacked_.size() - given_);
  std::ranges::copy(Bytes{unpacked_}.subspan(given_, done.made), out.begin());
  given_ += done.made;
  if (given_ == unpacked_.size()) {
    unpacked_.clear();
    given_ = 0;
  }
  return done;
}

}  // namespace nic::kmod
