#include "kmod/decompress.hpp"

#include "kmod/elf.hpp"

#include <fcntl.h>
#include <lzma.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

namespace nic::kmod {
namespace {

using Unpacked = std::expected<std::vector<unsigned char>, std::string>;
using namespace std::string_view_literals;

constexpr std::size_t kStep = std::size_t{1} << 20;
constexpr auto kTooLarge = "it unpacks to more than any kernel module needs";
constexpr auto kCutOff = "it ends in the middle of its compressed data";

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

// Room for the next piece behind what is there; nothing where the limit is reached.
std::span<unsigned char> grow(std::vector<unsigned char>& out, std::size_t limit) {
  const std::size_t used = out.size();
  out.resize(std::min(used + kStep, limit));
  return std::span{out}.subspan(used);
}

Unpacked unpack_gzip(Bytes packed, std::size_t limit) {
  z_stream stream{};
  if (::inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) return std::unexpected("zlib has no memory for it");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner{&stream, &::inflateEnd};
  stream.next_in = const_cast<Bytef*>(packed.data());  // zlib's old interface only reads it
  stream.avail_in = static_cast<uInt>(packed.size());
  std::vector<unsigned char> out;
  for (;;) {
    const auto room = grow(out, limit);
    if (room.empty()) return std::unexpected(kTooLarge);
    stream.next_out = room.data();
    stream.avail_out = static_cast<uInt>(room.size());
    const int result = ::inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (result == Z_STREAM_END) return out;
    if (result == Z_BUF_ERROR || (result == Z_OK && stream.avail_in == 0 && stream.avail_out != 0))
      return std::unexpected(kCutOff);
    if (result != Z_OK) return std::unexpected("its gzip data is damaged");
  }
}

Unpacked unpack_xz(Bytes packed, std::size_t limit) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (::lzma_stream_decoder(&stream, kMaxModule, 0) != LZMA_OK) return std::unexpected("liblzma has no memory for it");
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> owner{&stream, &::lzma_end};
  stream.next_in = packed.data();
  stream.avail_in = packed.size();
  std::vector<unsigned char> out;
  for (;;) {
    const auto room = grow(out, limit);
    if (room.empty()) return std::unexpected(kTooLarge);
    stream.next_out = room.data();
    stream.avail_out = room.size();
    const auto result = ::lzma_code(&stream, LZMA_FINISH);
    out.resize(out.size() - stream.avail_out);
    if (result == LZMA_STREAM_END) return out;
    if (result == LZMA_MEMLIMIT_ERROR) return std::unexpected(kTooLarge);
    if (result == LZMA_BUF_ERROR) return std::unexpected(kCutOff);
    if (result != LZMA_OK) return std::unexpected("its xz data is damaged");
  }
}

Unpacked unpack_zstd(Bytes packed, std::size_t limit) {
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream{::ZSTD_createDStream(),
                                                                             &::ZSTD_freeDStream};
  if (!stream) return std::unexpected("libzstd has no memory for it");
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::vector<unsigned char> out;
  for (;;) {
    const auto room = grow(out, limit);
    if (room.empty()) return std::unexpected(kTooLarge);
    ZSTD_outBuffer piece{room.data(), room.size(), 0};
    const std::size_t result = ::ZSTD_decompressStream(stream.get(), &piece, &in);
    out.resize(out.size() - (piece.size - piece.pos));
    if (::ZSTD_isError(result) != 0) return std::unexpected("its zstd data is damaged");
    if (result == 0) return out;
    if (in.pos == in.size && piece.pos < piece.size) return std::unexpected(kCutOff);
  }
}

struct Format {
  std::string_view magic;
  Unpacked (*unpack)(Bytes, std::size_t);
};
constexpr std::array kFormats{
    Format{"\x1f\x8b"sv, &unpack_gzip},
    Format{"\xfd"
           "7zXZ\0"sv,
           &unpack_xz},
    Format{"\x28\xb5\x2f\xfd"sv, &unpack_zstd},
};

}  // namespace

std::expected<std::vector<unsigned char>, model::Error> read_file(const std::filesystem::path& path,
                                                                  std::size_t limit) {
  const auto fail = [&](int error) {
    return std::unexpected(model::system_error(error, "read the module file", path));
  };
  // Not blocked by a FIFO in a module's place.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.get() < 0) return fail(errno);
  std::vector<unsigned char> raw;
  for (;;) {
    const auto room = grow(raw, limit);
    if (room.empty()) return fail(EFBIG);
    const auto got = ::read(file.get(), room.data(), room.size());
    if (got < 0 && errno == EINTR) {
      raw.resize(raw.size() - room.size());
      continue;
    }
    if (got < 0) return fail(errno);
    raw.resize(raw.size() - room.size() + static_cast<std::size_t>(got));
    if (got == 0) break;
  }
  for (const auto& format : kFormats) {
    if (raw.size() < format.magic.size()) continue;
    if (!std::equal(format.magic.begin(), format.magic.end(), raw.begin(),
                    [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; }))
      continue;
    auto unpacked = format.unpack(raw, limit);
    if (!unpacked) return std::unexpected(model::invalid("unpack the module file", path, unpacked.error()));
    return std::move(*unpacked);
  }
  return raw;
}

}  // namespace nic::kmod
