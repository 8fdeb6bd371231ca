#include "model/pcie.hpp"

#include <algorithm>

namespace nic::model {
namespace {

struct GpuClass {
  std::uint32_t class_code;  // base class and subclass
  std::uint16_t vendor;      // 0: any
};
// A VGA controller is a GPU only of those who make them: every server has one for its console (ASPEED, Matrox).
constexpr std::array kGpuClasses{
    GpuClass{0x0302, 0},       // 3D controller: NVIDIA's data centre GPUs
    GpuClass{0x0380, 0},       // other display controller: AMD Instinct, Intel Flex and Max
    GpuClass{0x1200, 0},       // processing accelerator: AMD MI300, Gaudi
    GpuClass{0x0300, 0x10de},  // VGA: NVIDIA
    GpuClass{0x0300, 0x1002},  // VGA: AMD
};

}  // namespace

std::string acs_text(std::uint16_t bits) {
  std::string text;
  for (const auto& bit : kAcsBits)
    if ((bits & bit.mask) != 0) text.append(text.empty() ? "" : " ").append(bit.name);
  return text;
}

bool is_gpu(std::uint32_t class_code, std::uint16_t vendor) {
  return std::ranges::any_of(kGpuClasses, [&](const GpuClass& known) {
    return known.class_code == class_code >> 8U && (known.vendor == 0 || known.vendor == vendor);
  });
}

}  // namespace nic::model
