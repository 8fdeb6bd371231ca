// The `config` file of a PCI function in sysfs. Thread: any; BLOCKS while the function is being reset. Source: kernel
// Documentation/PCI/sysfs-pci.rst, drivers/pci/pci-sysfs.c pci_read_config: beyond 64 bytes only with CAP_SYS_ADMIN,
// 4096 bytes where the function has extended space, and a function that is asleep in D3cold is woken by any read.
#pragma once

#include "host/fd.hpp"
#include "host/pci_config_parse.hpp"
#include "host/sysfs.hpp"

#include <cstdint>
#include <expected>
#include <optional>

namespace nic::host {

class ConfigFile {
 public:
  // nullopt: the function is gone. `folder` is the function's own.
  [[nodiscard]] static Sysfs::Maybe<ConfigFile> open(const Sysfs& folder, int flags);

  [[nodiscard]] ConfigWords words() const;
  [[nodiscard]] std::optional<std::uint32_t> word(unsigned offset) const;
  [[nodiscard]] std::expected<std::uint16_t, int> read(unsigned offset) const;  // or errno
  [[nodiscard]] std::expected<void, int> write(unsigned offset, std::uint16_t value) const;

 private:
  explicit ConfigFile(Fd fd) : fd_{std::move(fd)} {}
  Fd fd_;
};

// What an administrator can do when writing there fails so.
[[nodiscard]] std::string_view advice_for_config(int errno_value);

// What a function tells of itself; asleep in D3cold, it is not woken for that.
[[nodiscard]] model::PciConfig read_pci_config(const Sysfs& folder);

}  // namespace nic::host
