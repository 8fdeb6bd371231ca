// PCI configuration space for tests, as the bytes that sysfs shows: a header, and the capabilities that are named.
//
//   ConfigSpace{}.express(PcieType::endpoint, 0x2810).acs(0x5f, 0x1d).bytes()
#pragma once

#include "model/pcie.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace nic::test {

class ConfigSpace {
 public:
  static constexpr unsigned kExpress = 0x60, kAcs = 0x148, kAts = 0x100;
  static constexpr unsigned kDeviceControl = kExpress + 8, kAcsControl = kAcs + 6;

  ConfigSpace() : bytes_(4096, '\0') {
    put32(0, 0x101b15b3);
    put16(0x04, 0x0406);
    put16(0x06, 0x0010);  // there is a list of capabilities
    bytes_[0x34] = 0x40;
    put16(0x40, 0x0001);                             // power management, the last one so far
    put32(0x100, 0x000f | 1U << 16U | kAcs << 20U);  // ATS first, ACS behind it
    put32(kAcs, 0x000d | 1U << 16U);
  }

  ConfigSpace& express(model::PcieType type, std::uint16_t device_control, model::PcieLink able = {5, 16},
                       model::PcieLink now = {5, 16}) {
    bytes_[0x41] = kExpress;
    put16(kExpress, 0x0010);
    put16(kExpress + 2, static_cast<std::uint16_t>(0x0002 | static_cast<unsigned>(type) << 4U));
    put16(kDeviceControl, device_control);
    put32(kExpress + 0x0c, able.speed | able.width << 4U | 0xabU << 24U);
    put16(kExpress + 0x12, static_cast<std::uint16_t>(now.speed | now.width << 4U | 0x1000U));
    return *this;
  }
  ConfigSpace& acs(std::uint16_t capability, std::uint16_t control) {
    put16(kAcs + 4, capability);
    put16(kAcsControl, control);
    return *this;
  }
  ConfigSpace& ats(bool enabled) {
    put16(kAts + 6, enabled ? 0x8000 : 0);
    return *this;
  }
  ConfigSpace& put16(unsigned at, std::uint16_t value) {
    bytes_[at] = static_cast<char>(value & 0xffU);
    bytes_[at + 1] = static_cast<char>(value >> 8U);
    return *this;
  }
  ConfigSpace& put32(unsigned at, std::uint32_t value) {
    put16(at, static_cast<std::uint16_t>(value));
    return put16(at + 2, static_cast<std::uint16_t>(value >> 16U));
  }
  [[nodiscard]] std::string bytes(std::size_t readable = 4096) const { return bytes_.substr(0, readable); }

 private:
  std::string bytes_;
};

}  // namespace nic::test
