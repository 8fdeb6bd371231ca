// PCI configuration space: its lists of capabilities, and what this agent wants of them.
// Thread: any (pure). Hostile input: a card tells its own configuration space, lists may run in circles and point
// anywhere, and words may be missing (64 bytes are all that somebody without CAP_SYS_ADMIN can read). Source: PCI Local
// Bus Specification 6.7, PCI Express Base Specification 7.5.3, 7.7.8 (ACS), 10.5 (ATS).
#pragma once

#include "model/pcie.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace nic::host {

inline constexpr unsigned kConfigSize = 256;
inline constexpr unsigned kExtendedConfigSize = 4096;

// The 32 bits at an offset that is a multiple of 4 and below kExtendedConfigSize; nullopt where it cannot be read.
// Reading configuration space takes about a microsecond a word, so only what is needed is asked for.
using ConfigWords = std::function<std::optional<std::uint32_t>(unsigned offset)>;

[[nodiscard]] model::PciConfig parse_pci_config(const ConfigWords& words);

// Where the registers that are written stand: offsets of 16 bits each, nullopt where the capability was not found.
struct ConfigRegisters {
  std::optional<unsigned> device_control;
  std::optional<unsigned> acs_control;
  std::string problem;  // as PciConfig::problem

  bool operator==(const ConfigRegisters&) const = default;
};
[[nodiscard]] ConfigRegisters find_registers(const ConfigWords& words);

// Device Control: bits 14:12 are the size, 128 << n.
inline constexpr std::uint16_t kReadRequestMask = 0x7000;
inline constexpr unsigned kReadRequestShift = 12;
// In bytes; 0 for a reserved value.
[[nodiscard]] unsigned read_request_of(std::uint16_t device_control);
// The bits for a size; nullopt where Device Control cannot say it.
[[nodiscard]] std::optional<std::uint16_t> read_request_bits(unsigned bytes);

}  // namespace nic::host
