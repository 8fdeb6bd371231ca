// A cpio archive in the "newc" format, read as its bytes come: what initramfs images are made of.
// Thread: one at a time; no I/O. Input may be hostile: only members that are asked for are kept, one at a time.
// Source: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst, cpio(5).
#pragma once

#include "kmod/elf.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

namespace nic::kmod {

struct CpioMember {
  std::string name;  // as it stands there
  std::uint32_t mode{0};
  std::uint32_t size{0};
};

class CpioReader {
 public:
  struct Limits {
    std::size_t members{500'000};
    std::size_t content{std::size_t{128} << 20};  // of a member that is wanted
  };
  // `wanted` says whose content is to be kept; `take` is given it when it is whole.
  using Wanted = std::function<bool(const CpioMember&)>;
  using Take = std::function<void(const CpioMember&, std::vector<unsigned char> content)>;

  CpioReader(Limits limits, Wanted wanted, Take take)
      : limits_{limits}, wanted_{std::move(wanted)}, take_{std::move(take)} {}

  // How much of it belongs to this archive, to those that follow it and to the zeros between: less than all where
  // something else begins. The error is a sentence that begins with "it" or "its".
  [[nodiscard]] std::expected<std::size_t, std::string> feed(Bytes bytes);
  // Not within an archive: something else may begin here, and the end may come.
  [[nodiscard]] bool between() const { return state_ == State::between; }

 private:
  enum class State : std::uint8_t { between, header, name, content, padding };
  [[nodiscard]] std::expected<void, std::string> header_read();
  [[nodiscard]] std::expected<void, std::string> name_read();
  void content_read();
  void expect(State state, std::size_t size);

  Limits limits_;
  Wanted wanted_;
  Take take_;
  State state_{State::between};
  std::size_t missing_{0};  // bytes until the state is over
  std::vector<unsigned char> gathered_;
  std::uint32_t name_size_{0};
  std::size_t members_{0};
  bool keeping_{false};
  CpioMember member_;
};

}  // namespace nic::kmod
