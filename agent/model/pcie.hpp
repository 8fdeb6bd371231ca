// PCI Express between GPUs and NICs: what configuration space and sysfs tell of both and of the bridges above them.
// Thread: any (values). Sources: PCI Express Base Specification, chapter 7 (capabilities; names and bits as in
// include/uapi/linux/pci_regs.h), kernel Documentation/ABI/testing/sysfs-kernel-iommu_groups.
#pragma once

#include "model/pci_address.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace nic::model {

// Bits of the ACS capability and control registers (PCI_ACS_*).
struct AcsBit {
  std::uint16_t mask;
  std::string_view name;
};
inline constexpr std::array kAcsBits{
    AcsBit{0x01, "SV"},  // source validation
    AcsBit{0x02, "TB"},  // translation blocking
    AcsBit{0x04, "RR"},  // P2P request redirect
    AcsBit{0x08, "CR"},  // P2P completion redirect
    AcsBit{0x10, "UF"},  // upstream forwarding
    AcsBit{0x20, "EC"},  // P2P egress control
    AcsBit{0x40, "DT"},  // direct translated P2P
};
// Those that keep functions below a bridge from reaching each other directly: what pci_bridge_has_acs_redir of
// drivers/pci/p2pdma.c looks at and pci=disable_acs_redir clears.
inline constexpr std::uint16_t kAcsRedirects = 0x04 | 0x08 | 0x20;
inline constexpr std::uint16_t kAcsDirectTranslated = 0x40;
// "RR CR UF"; "" for none.
[[nodiscard]] std::string acs_text(std::uint16_t bits);

// What the Device Control register can say, in bytes.
inline constexpr unsigned kLeastReadRequest = 128;
inline constexpr unsigned kMostReadRequest = 4096;

// Device/Port Type of the PCI Express capability.
enum class PcieType : std::uint8_t {
  endpoint = 0,
  legacy_endpoint = 1,
  root_port = 4,
  upstream_port = 5,
  downstream_port = 6,
  pcie_to_pci_bridge = 7,
  pci_to_pcie_bridge = 8,
  root_complex_endpoint = 9,
  event_collector = 10,
};

struct PcieLink {
  unsigned speed{0};  // generation: 1 is 2.5 GT/s, 5 is 32 GT/s
  unsigned width{0};  // lanes

  bool operator==(const PcieLink&) const = default;
};

struct PciExpress {
  PcieType type{PcieType::endpoint};
  unsigned max_read_request{0};  // bytes; 0 where the register holds a reserved value
  unsigned max_payload{0};       // bytes, likewise
  bool relaxed_ordering{false};
  std::optional<PcieLink> able, now;  // Link Capabilities, Link Status; not on functions without a link

  bool operator==(const PciExpress&) const = default;
};

struct Acs {
  std::uint16_t capability{0};
  std::uint16_t control{0};

  bool operator==(const Acs&) const = default;
};

struct Ats {
  bool enabled{false};

  bool operator==(const Ats&) const = default;
};

struct PciConfig {
  std::optional<PciExpress> express;
  std::optional<Acs> acs;
  std::optional<Ats> ats;
  // Why it is not known as a whole: what is missing above may be there all the same. "" when everything was read.
  std::string problem;

  bool operator==(const PciConfig&) const = default;
};

// A GPU, a NIC or a bridge above one of them.
struct PcieFunction {
  PciAddress address;
  std::uint16_t vendor{0};
  std::uint16_t device{0};
  std::string root;               // host bridge as sysfs names it: "pci0000:3a"
  std::vector<PciAddress> above;  // bridges between host bridge and function, from the host bridge down
  std::optional<int> numa_node;
  std::optional<unsigned> iommu_group;
  std::string iommu_type;  // of the group: "identity", "DMA", "DMA-FQ" ...; "" where the kernel does not tell
  PciConfig config;

  bool operator==(const PcieFunction&) const = default;
};

// A function that belongs to user space (VFIO): a virtual machine may have it.
struct Passthrough {
  PciAddress function;
  std::string driver;
  std::vector<PciAddress> above;

  bool operator==(const Passthrough&) const = default;
};

struct PcieTopology {
  std::set<PciAddress> gpus;
  // GPUs, NICs that are not VFs, and the bridges above them. Read only where there is a GPU, or was one.
  std::map<PciAddress, PcieFunction> functions;
  std::vector<Passthrough> passthrough;
  unsigned numa_nodes{0};         // of the machine; 0 where the kernel knows none
  bool iommu_passthrough{false};  // by the kernel's command line: iommu=pt

  bool operator==(const PcieTopology&) const = default;
  [[nodiscard]] const PcieFunction* function(const PciAddress& address) const {
    const auto found = functions.find(address);
    return found == functions.end() ? nullptr : &found->second;
  }
};

// Is a function of this class (24 bit) and vendor a GPU or another accelerator, and not a server's console?
[[nodiscard]] bool is_gpu(std::uint32_t class_code, std::uint16_t vendor);

}  // namespace nic::model
