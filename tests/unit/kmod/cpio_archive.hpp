// An archive as cpio -H newc writes it.
#pragma once

#include <sys/stat.h>

#include <cstdio>
#include <string>

namespace nic::kmod {

class CpioArchive {
 public:
  CpioArchive& file(const std::string& name, const std::string& content) {
    return member(name, S_IFREG | 0644, content);
  }
  CpioArchive& link(const std::string& name, const std::string& to) { return member(name, S_IFLNK | 0777, to); }
  CpioArchive& folder(const std::string& name) { return member(name, S_IFDIR | 0755, ""); }

  // As an image has it: with its end, and zeros up to a whole block.
  [[nodiscard]] std::string bytes() const {
    CpioArchive ended = *this;
    ended.member("TRAILER!!!", 0, "");
    ended.bytes_.resize((ended.bytes_.size() + 511) & ~std::size_t{511});
    return ended.bytes_;
  }

 private:
  CpioArchive& member(const std::string& name, unsigned mode, const std::string& content) {
    const auto number = [&](std::size_t value) {
      char digits[9];
      std::snprintf(digits, sizeof digits, "%08X", static_cast<unsigned>(value));
      bytes_ += digits;
    };
    const auto pad = [&] { bytes_.resize((bytes_.size() + 3) & ~std::size_t{3}); };
    bytes_ += "070701";
    for (const std::size_t value : {std::size_t{7}, std::size_t{mode}, std::size_t{0}, std::size_t{0}, std::size_t{1},
                                    std::size_t{0}, content.size(), std::size_t{0}, std::size_t{0}, std::size_t{0},
                                    std::size_t{0}, name.size() + 1, std::size_t{0}})
      number(value);
    bytes_ += name + '\0';
    pad();
    bytes_ += content;
    pad();
    return *this;
  }
  std::string bytes_;
};

}  // namespace nic::kmod
