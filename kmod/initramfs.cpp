#include "kmod/initramfs.hpp"

#include "kmod/context.hpp"
#include "kmod/decompress.hpp"
#include "kmod/descriptor.hpp"
#include "kmod/elf.hpp"
#include "kmod/unpack.hpp"
#include "model/module_catalogue.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

namespace nic::kmod {
namespace {

constexpr std::size_t kBuffer = std::size_t{256} << 10;
constexpr std::uint32_t kLongestLink = 4096;  // PATH_MAX
constexpr auto kCutOff = "it ends in the middle of an archive";
constexpr auto kTooLarge = "it is larger than it may be";

// "lib/modules/..." of a member that is a module of the catalogue.
std::optional<std::string> place_of(std::string_view name) {
  while (name.starts_with("./")) name.remove_prefix(2);
  while (name.starts_with('/')) name.remove_prefix(1);
  if (name.starts_with("usr/")) name.remove_prefix(4);
  if (!name.starts_with("lib/modules/")) return std::nullopt;
  if (model::known_module(module_of_file(name)) == nullptr) return std::nullopt;
  return printable(name);
}

InitramfsModule read_member(const CpioMember& member, std::vector<unsigned char> content, std::size_t limit) {
  InitramfsModule module;
  module.path = place_of(member.name).value_or("");
  if (S_ISLNK(member.mode)) {
    module.link = printable({reinterpret_cast<const char*>(content.data()), content.size()});
    return module;
  }
  const auto image = unpacked(std::move(content), limit);
  const auto file = image ? read_module(*image) : std::unexpected(image.error());
  if (!file) {
    module.problem = file.error();
    return module;
  }
  module.build_id = file->build_id;
  module.srcversion = file->value("srcversion");
  return module;
}

// Bytes of the image that were read and not used yet.
class Input {
 public:
  Input(const ReadBytes& read, std::size_t limit) : read_{read}, limit_{limit} { buffer_.resize(kBuffer); }

  [[nodiscard]] Bytes here() const { return Bytes{buffer_}.subspan(begin_, end_ - begin_); }
  void drop(std::size_t count) { begin_ += count; }
  // More behind what is here; false where there is none.
  [[nodiscard]] std::expected<bool, std::string> more() {
    if (ended_ || end_ - begin_ == buffer_.size()) return false;
    std::ranges::copy(here(), buffer_.begin());
    end_ -= std::exchange(begin_, 0);
    const auto got = read_(std::span{buffer_}.subspan(end_));
    if (!got) return std::unexpected(got.error());
    ended_ = *got == 0;
    end_ += *got;
    total_ += *got;
    if (total_ > limit_) return std::unexpected(kTooLarge);
    return !ended_;
  }

 private:
  const ReadBytes& read_;
  std::size_t limit_;
  std::vector<unsigned char> buffer_;
  std::size_t begin_{0}, end_{0}, total_{0};
  bool ended_{false};
};

class Image {
 public:
  Image(const ReadBytes& read, const InitramfsLimits& limits)
      : limits_{limits},
        input_{read, limits.packed},
        cpio_{limits.cpio, [this](const CpioMember& member) { return wanted(member); },
              [this](const CpioMember& member, std::vector<unsigned char> content) {
                content_.modules.push_back(read_member(member, std::move(content), limits_.cpio.content));
              }} {
    room_.resize(kBuffer);
  }

  Initramfs read() {
    if (const auto whole = parts(); !whole) content_.problem = whole.error();
    return std::move(content_);
  }

 private:
  using Done = std::expected<void, std::string>;

  [[nodiscard]] bool wanted(const CpioMember& member) const {
    const bool link = S_ISLNK(member.mode) && member.size <= kLongestLink;
    return (S_ISREG(member.mode) || link) && content_.modules.size() < limits_.modules &&
           place_of(member.name).has_value();
  }

  Done parts() {
    for (;;) {
      while (input_.here().size() < kLongestMagic) {
        const auto more = input_.more();
        if (!more) return std::unexpected(more.error());
        if (!*more) break;
      }
      if (input_.here().empty()) break;
      const auto taken = cpio_.feed(input_.here());
      if (!taken) return std::unexpected(taken.error());
      input_.drop(*taken);
      if (*taken != 0 || input_.here().empty()) continue;
      const auto* packing = packing_of(input_.here());
      if (packing == nullptr) return std::unexpected("it has a part that is neither an archive nor compressed");
      if (packing->unpacker == nullptr)
        return std::unexpected(fmt::format("it is compressed with {}, which the agent does not read", packing->name));
      if (++parts_ > limits_.parts) return std::unexpected("it has more parts than it may");
      if (auto done = packed_part(*packing->unpacker()); !done) return done;
    }
    if (!cpio_.between()) return std::unexpected(kCutOff);
    return {};
  }

  Done packed_part(Unpacker& unpacker) {
    for (;;) {
      const auto step = unpacker.step(input_.here(), room_);
      if (!step) return std::unexpected(step.error());
      input_.drop(step->taken);
      made_ += step->made;
      if (made_ > limits_.unpacked) return std::unexpected(kTooLarge);
      const auto taken = cpio_.feed(Bytes{room_}.first(step->made));
      if (!taken) return std::unexpected(taken.error());
      if (*taken != step->made) return std::unexpected("it has something else than archives in its compressed part");
      if (step->over) break;
      if (step->taken != 0 || step->made != 0) continue;
      const auto more = input_.more();
      if (!more) return std::unexpected(more.error());
      if (*more) continue;
      if (!unpacker.may_end()) return std::unexpected("it ends in the middle of its compressed data");
      break;
    }
    if (!cpio_.between()) return std::unexpected(kCutOff);
    return {};
  }

  const InitramfsLimits& limits_;
  Input input_;
  Initramfs content_;
  CpioReader cpio_;
  std::vector<unsigned char> room_;
  std::size_t parts_{0}, made_{0};  // compressed parts, and what came out of all of them
};

std::expected<Initramfs, model::Error> read_image(const std::filesystem::path& path) {
  // Not blocked by a FIFO in its place.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.get() < 0) return std::unexpected(model::system_error(errno, "read the initramfs", path));
  return read_initramfs([&](std::span<unsigned char> room) -> std::expected<std::size_t, std::string> {
    ssize_t got = -1;
    do got = ::read(file.get(), room.data(), room.size());
    while (got < 0 && errno == EINTR);
    if (got < 0) return std::unexpected(fmt::format("it cannot be read: {}", std::generic_category().message(errno)));
    return static_cast<std::size_t>(got);
  });
}

}  // namespace

Initramfs read_initramfs(const ReadBytes& read, InitramfsLimits limits) { return Image{read, limits}.read(); }

std::expected<std::shared_ptr<const Initramfs>, model::Error> InitramfsCache::read(const std::filesystem::path& path) {
  return known_.get(path, &read_image);
}

}  // namespace nic::kmod
