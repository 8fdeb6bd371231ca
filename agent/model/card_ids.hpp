// PCI ids that tell what no other fact of a function does. Thread: any (constants). Source: pci.ids; the id tables of
// mlx4, mlx5, igbvf, ixgbevf and iavf.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace nic::model {

struct CardId {
  std::uint16_t vendor{0};
  std::uint16_t device{0};

  bool operator==(const CardId&) const = default;
};

// VFs. In a guest nothing else tells: a VF that a hypervisor handed over has no PF there.
inline constexpr std::array kVfIds{
    CardId{0x15b3, 0x1004}, CardId{0x15b3, 0x1012}, CardId{0x15b3, 0x1014}, CardId{0x15b3, 0x1016},
    CardId{0x15b3, 0x1018}, CardId{0x15b3, 0x101a}, CardId{0x15b3, 0x101c}, CardId{0x15b3, 0x101e},
    CardId{0x15b3, 0xa2d3}, CardId{0x8086, 0x10ca}, CardId{0x8086, 0x10ed}, CardId{0x8086, 0x1515},
    CardId{0x8086, 0x1520}, CardId{0x8086, 0x154c}, CardId{0x8086, 0x1565}, CardId{0x8086, 0x1889},
};

[[nodiscard]] constexpr bool is_vf_id(CardId id) { return std::ranges::find(kVfIds, id) != kVfIds.end(); }

// Adapters of NVIDIA, and the PCIe switches on them, whose firmware did not start ("livefish"): no driver takes them.
[[nodiscard]] constexpr bool in_flash_recovery(CardId id) {
  constexpr std::array<std::uint16_t, 7> kOlder{0x0191, 0x01f6, 0x01f8, 0x01ff, 0x0209, 0x020b, 0x020d};
  if (id.vendor != 0x15b3) return false;
  return std::ranges::find(kOlder, id.device) != kOlder.end() || (id.device >= 0x020f && id.device <= 0x0229);
}

inline constexpr std::string_view kFlashRecoveryAdvice =
    "its firmware did not start (flash recovery): burn it anew with mstflint, and take the power away once";

}  // namespace nic::model
