#include "kmod/decompress.hpp"

#include "kmod/descriptor.hpp"
#include "kmod/unpack.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

namespace nic::kmod {
namespace {

constexpr std::size_t kStep = std::size_t{1} << 20;

// Room for the next piece behind what is there; nothing where the limit is reached.
std::span<unsigned char> grow(std::vector<unsigned char>& out, std::size_t limit) {
  const std::size_t used = out.size();
  out.resize(std::min(used + kStep, limit));
  return std::span{out}.subspan(used);
}

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
  auto content = unpacked(std::move(raw), limit);
  if (!content) return std::unexpected(model::invalid("unpack the module file", path, content.error()));
  return std::move(*content);
}

std::expected<std::vector<unsigned char>, std::string> unpacked(std::vector<unsigned char> raw, std::size_t limit) {
  const auto* packing = packing_of(raw);
  if (packing == nullptr || packing->unpacker == nullptr) return raw;
  const auto unpacker = packing->unpacker();
  return unpack(*unpacker, raw, limit);
}

}  // namespace nic::kmod
