#include "host/pci_config.hpp"

#include "host/attribute_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace nic::host {

std::string_view advice_for_config(int errno_value) {
  if (errno_value == EPERM)
    return "the kernel is locked down and lets nobody write to PCI configuration space: boot without Secure Boot or "
           "lockdown=, or set it at boot (pci=config_acs=, pci=disable_acs_redir=, the firmware's own setting)";
  if (errno_value == EACCES || errno_value == EROFS) return "/sys is mounted read-only for the agent";
  return "see dmesg";
}

namespace {

using Done = std::expected<void, model::Error>;

// A 16-bit register whose bits `mask` become `value`, and none else.
Done change(const FunctionFiles& function, const std::string& what, std::optional<unsigned> ConfigRegisters::* which,
            std::uint16_t mask, std::uint16_t value) {
  const auto fail = [&](int errno_value, const char* doing) {
    return std::unexpected(model::system_error(errno_value, what + ": " + doing, function.shown("config"),
                                               std::string{advice_for_config(errno_value)}));
  };
  const auto folder = function.sys.folder(function.path(".").c_str());
  if (!folder) return std::unexpected(folder.error().during(what));
  if (!*folder) return fail(ENODEV, "open");
  const auto file = ConfigFile::open(**folder, O_RDWR);
  if (!file) {
    const int errno_value = file.error().errno_value;
    return fail(errno_value, "open");
  }
  if (!*file) return fail(ENODEV, "open");
  const auto registers = find_registers((*file)->words());
  const auto at = registers.*which;
  if (!at)
    return std::unexpected(
        model::Error{model::Code::unsupported, 0, what, function.address.text(),
                     registers.problem.empty() ? "the function has no such register" : registers.problem});
  const auto now = (*file)->read(*at);
  if (!now) return fail(now.error(), "read");
  const auto wanted = static_cast<std::uint16_t>((*now & ~mask) | (value & mask));
  if (wanted == *now) return {};
  if (const auto written = (*file)->write(*at, wanted); !written) return fail(written.error(), "write");
  const auto then = (*file)->read(*at);
  if (!then) return fail(then.error(), "read");
  if ((*then & mask) == (value & mask)) return {};
  return std::unexpected(model::Error{
      model::Code::unsupported, 0, what, function.address.text(),
      fmt::format("the function keeps {:04x} in the register, {:04x} was written: it cannot do that", *then, wanted)});
}

}  // namespace

Sysfs::Maybe<ConfigFile> ConfigFile::open(const Sysfs& folder, int flags) {
  auto fd = folder.file("config", flags);
  if (!fd) return std::unexpected(std::move(fd.error()));
  if (!*fd) return std::nullopt;
  return ConfigFile{std::move(**fd)};
}

std::optional<std::uint32_t> ConfigFile::word(unsigned offset) const {
  std::array<unsigned char, 4> bytes{};
  ssize_t got{};
  do got = ::pread(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(bytes.size())) return std::nullopt;
  return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8U |
         static_cast<std::uint32_t>(bytes[2]) << 16U | static_cast<std::uint32_t>(bytes[3]) << 24U;
}

ConfigWords ConfigFile::words() const {
  return [this](unsigned offset) { return word(offset); };
}

std::expected<std::uint16_t, int> ConfigFile::read(unsigned offset) const {
  std::array<unsigned char, 2> bytes{};
  ssize_t got{};
  do got = ::pread(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(bytes.size())) return std::unexpected(got < 0 ? errno : EIO);
  return static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8U);
}

std::expected<void, int> ConfigFile::write(unsigned offset, std::uint16_t value) const {
  const std::array<unsigned char, 2> bytes{static_cast<unsigned char>(value), static_cast<unsigned char>(value >> 8U)};
  ssize_t put{};
  do put = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  while (put < 0 && errno == EINTR);
  if (put != static_cast<ssize_t>(bytes.size())) return std::unexpected(put < 0 ? errno : EIO);
  return {};
}

model::PciConfig read_pci_config(const Sysfs& folder) {
  model::PciConfig nothing;
  if (const auto power = folder.text("power_state"); power && *power == "D3cold") {
    nothing.problem = "the function is asleep (D3cold) and is not woken to be asked";
    return nothing;
  }
  const auto file = ConfigFile::open(folder, O_RDONLY);
  if (!file || !*file) {
    nothing.problem = file ? "the function is gone" : file.error().text();
    return nothing;
  }
  return parse_pci_config((*file)->words());
}

Done set_acs(const FunctionFiles& bridge, std::uint16_t mask, std::uint16_t value) {
  return change(bridge, "set ACS", &ConfigRegisters::acs_control, mask, value);
}

Done set_max_read_request(const FunctionFiles& function, unsigned bytes) {
  const auto bits = read_request_bits(bytes);
  if (!bits)
    return std::unexpected(model::invalid("set the maximum read request", function.address.text(),
                                          fmt::format("{} bytes: 128, 256, 512, 1024, 2048 or 4096 can be", bytes)));
  return change(function, "set the maximum read request", &ConfigRegisters::device_control, kReadRequestMask, *bits);
}

}  // namespace nic::host
