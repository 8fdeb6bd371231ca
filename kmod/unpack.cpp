#include "kmod/unpack.hpp"

#include "kmod/lz4.hpp"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>

namespace nic::kmod {
namespace {

using namespace std::string_view_literals;
using Stepped = std::expected<Unpacker::Step, std::string>;

constexpr auto kTooLarge = "it unpacks to more than it may";
constexpr auto kCutOff = "it ends in the middle of its compressed data";
constexpr std::uint64_t kMostXzMemory = std::uint64_t{256} << 20;  // xz -9 needs 65 MiB
constexpr std::size_t kPiece = std::size_t{1} << 20;

class Gzip : public Unpacker {
 public:
  Gzip() { ready_ = ::inflateInit2(&stream_, MAX_WBITS + 16) == Z_OK; }
  ~Gzip() override { ::inflateEnd(&stream_); }

  Stepped step(Bytes in, std::span<unsigned char> out) override {
    if (!ready_) return std::unexpected("zlib has no memory for it");
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    const auto given = static_cast<uInt>(std::min(in.size(), kMost));
    const auto room = static_cast<uInt>(std::min(out.size(), kMost));
    stream_.next_in = const_cast<Bytef*>(in.data());  // zlib's old interface only reads it
    stream_.avail_in = given;
    stream_.next_out = out.data();
    stream_.avail_out = room;
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
      return std::unexpected("its gzip data is damaged");
    return Step{given - stream_.avail_in, room - stream_.avail_out, result == Z_STREAM_END};
  }

 private:
  z_stream stream_{};
  bool ready_{false};
};

// xz, and the older format of the same library.
class Lzma : public Unpacker {
 public:
  explicit Lzma(bool alone) {
    ready_ = (alone ? ::lzma_alone_decoder(&stream_, kMostXzMemory)
                    : ::lzma_stream_decoder(&stream_, kMostXzMemory, 0)) == LZMA_OK;
  }
  ~Lzma() override { ::lzma_end(&stream_); }

  Stepped step(Bytes in, std::span<unsigned char> out) override {
    if (!ready_) return std::unexpected("liblzma has no memory for it");
    stream_.next_in = in.data();
    stream_.avail_in = in.size();
    stream_.next_out = out.data();
    stream_.avail_out = out.size();
    const auto result = ::lzma_code(&stream_, LZMA_RUN);
    if (result == LZMA_MEMLIMIT_ERROR) return std::unexpected(kTooLarge);
    if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR)
      return std::unexpected("its xz data is damaged");
    return Step{in.size() - stream_.avail_in, out.size() - stream_.avail_out, result == LZMA_STREAM_END};
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ready_{false};
};

class Zstd : public Unpacker {
 public:
  Stepped step(Bytes in, std::span<unsigned char> out) override {
    if (!stream_) return std::unexpected("libzstd has no memory for it");
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const std::size_t result = ::ZSTD_decompressStream(stream_.get(), &to, &from);
    if (::ZSTD_isError(result) != 0) return std::unexpected("its zstd data is damaged");
    return Step{from.pos, to.pos, result == 0};
  }

 private:
  std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream_{::ZSTD_createDStream(), &::ZSTD_freeDStream};
};

// The kernel's own list: lib/decompress.c.
constexpr std::array kPackings{
    Packing{"gzip", "\x1f\x8b"sv, []() -> std::unique_ptr<Unpacker> { return std::make_unique<Gzip>(); }},
    Packing{"xz",
            "\xfd"
            "7zXZ\0"sv,
            []() -> std::unique_ptr<Unpacker> { return std::make_unique<Lzma>(false); }},
    Packing{"zstd", "\x28\xb5\x2f\xfd"sv, []() -> std::unique_ptr<Unpacker> { return std::make_unique<Zstd>(); }},
    Packing{"lzma", "\x5d\0\0"sv, []() -> std::unique_ptr<Unpacker> { return std::make_unique<Lzma>(true); }},
    Packing{"lz4", kLz4Magic, []() -> std::unique_ptr<Unpacker> { return std::make_unique<Lz4>(); }},
    Packing{"bzip2", "BZh"sv, nullptr},
    Packing{"lzo", "\x89LZO"sv, nullptr},
};
static_assert(std::ranges::all_of(kPackings, [](const auto& p) { return p.magic.size() <= kLongestMagic; }));

}  // namespace

const Packing* packing_of(Bytes begin) {
  const auto* found = std::ranges::find_if(kPackings, [&](const Packing& packing) {
    return begin.size() >= packing.magic.size() &&
           std::ranges::equal(packing.magic, begin.first(packing.magic.size()), {},
                              [](char byte) { return static_cast<unsigned char>(byte); });
  });
  return found == kPackings.end() ? nullptr : found;
}

std::expected<std::vector<unsigned char>, std::string> unpack(Unpacker& unpacker, Bytes packed, std::size_t limit) {
  std::vector<unsigned char> out;
  for (;;) {
    const std::size_t used = out.size();
    out.resize(std::min(used + kPiece, limit));
    if (out.size() == used) return std::unexpected(kTooLarge);
    const auto stepped = unpacker.step(packed, std::span{out}.subspan(used));
    if (!stepped) return std::unexpected(stepped.error());
    out.resize(used + stepped->made);
    packed = packed.subspan(stepped->taken);
    if (stepped->over || (packed.empty() && stepped->made == 0 && unpacker.may_end())) return out;
    if (stepped->taken == 0 && stepped->made == 0) return std::unexpected(kCutOff);
  }
}

}  // namespace nic::kmod
