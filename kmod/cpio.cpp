#include "kmod/cpio.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace nic::kmod {
namespace {

constexpr std::size_t kHeader = 110;  // a magic of six characters, and 13 numbers of eight hexadecimal digits
constexpr std::size_t kMagic = 6;
constexpr std::size_t kDigits = 8;
constexpr std::size_t kMode = 1, kSize = 6, kNameSize = 11;  // which of the 13
constexpr std::uint32_t kLongestName = 4096;                 // PATH_MAX
constexpr std::string_view kEnd{"TRAILER!!!"};

std::string_view characters(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::optional<std::uint32_t> field(Bytes header, std::size_t which) {
  const auto digits = characters(header.subspan(kMagic + which * kDigits, kDigits));
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// Each header and each content begin at a multiple of four.
std::size_t padding(std::size_t size) { return (4 - size % 4) % 4; }

}  // namespace

void CpioReader::expect(State state, std::size_t size) {
  state_ = state;
  missing_ = size;
  gathered_.clear();
}

std::expected<void, std::string> CpioReader::header_read() {
  const auto magic = characters(gathered_).substr(0, kMagic);
  const auto mode = field(gathered_, kMode);
  const auto size = field(gathered_, kSize);
  const auto name_size = field(gathered_, kNameSize);
  // The second has a checksum that the kernel does not look at.
  if ((magic != "070701" && magic != "070702") || !mode || !size || !name_size)
    return std::unexpected("its cpio archive is damaged");
  if (*name_size == 0 || *name_size > kLongestName) return std::unexpected("it has a name that is too long");
  if (++members_ > limits_.members) return std::unexpected("it has more files than it may");
  member_ = {"", *mode, *size};
  name_size_ = *name_size;
  expect(State::name, *name_size + padding(kHeader + *name_size));
  return {};
}

std::expected<void, std::string> CpioReader::name_read() {
  member_.name = characters(gathered_).substr(0, name_size_ - 1);
  if (member_.name == kEnd) {
    // Zeros may follow, up to the next archive; content may not.
    expect(State::between, 0);
    return {};
  }
  keeping_ = wanted_(member_);
  if (keeping_ && member_.size > limits_.content) return std::unexpected("it has a file that is larger than it may be");
  expect(State::content, member_.size);
  return {};
}

void CpioReader::content_read() {
  if (keeping_) take_(member_, std::exchange(gathered_, {}));
  expect(State::padding, padding(member_.size));
}

std::expected<std::size_t, std::string> CpioReader::feed(Bytes bytes) {
  std::size_t taken = 0;
  for (;;) {
    if (state_ == State::between) {
      const auto rest = bytes.subspan(taken);
      const auto next = std::ranges::find_if(rest, [](unsigned char byte) { return byte != 0; });
      taken += static_cast<std::size_t>(next - rest.begin());
      if (next == rest.end() || *next != '0') return taken;
      expect(State::header, kHeader);
    }
    const auto piece = bytes.subspan(taken, std::min(missing_, bytes.size() - taken));
    taken += piece.size();
    missing_ -= piece.size();
    if (state_ == State::header || state_ == State::name || (state_ == State::content && keeping_))
      gathered_.insert(gathered_.end(), piece.begin(), piece.end());
    if (missing_ != 0) return taken;
    switch (state_) {
      case State::header:
        if (auto read = header_read(); !read) return std::unexpected(std::move(read.error()));
        break;
      case State::name:
        if (auto read = name_read(); !read) return std::unexpected(std::move(read.error()));
        break;
      case State::content: content_read(); break;
      case State::padding: expect(State::header, kHeader); break;
      case State::between: break;
    }
  }
}

}  // namespace nic::kmod
