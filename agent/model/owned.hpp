// What the agent owns: the PFs that it has changed since the machine started, and what it found on each before.
// Thread: any (values). Kept on disk by apply/owned_records, read by core::resolve when no policy asks for a PF any
// more. A reboot undoes all that stands in it, so a record is worth nothing in the next boot.
#pragma once

#include "model/eswitch.hpp"
#include "model/pci_address.hpp"
#include "model/rdma_netns.hpp"
#include "model/vf_settings.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nic::model {

// Which card it is, so that another one in the same slot is not given foreign values. What is not known is 0 or "".
struct Card {
  std::uint16_t vendor{0};
  std::uint16_t device{0};
  std::string serial;   // PCI VPD
  std::string address;  // permanent MAC; the port GUID where the link is InfiniBand

  bool operator==(const Card&) const = default;
};

// A VF that was there before the agent came. What is set was so just before the agent changed it for the first time.
struct FoundVf {
  std::uint64_t life{0};  // PciFunction::life: what is made in its place later is another VF
  unsigned index{0};
  std::optional<std::string> driver{};  // "": none
  std::optional<unsigned> mtu{};        // of its interface
  VfSettings settings{};

  bool operator==(const FoundVf&) const = default;
  [[nodiscard]] bool changed() const { return driver || mtu || !settings.empty(); }
};

using FoundVfs = std::map<PciAddress, FoundVf>;

// An attribute stands in it from just before the agent changes it for the first time; the older truth is kept.
struct Found {
  std::optional<unsigned> num_vfs;
  std::optional<unsigned> mtu;
  std::optional<EswitchMode> eswitch_mode{};
  bool no_udev_rules{false};  // the agent's rules of it were not there
  FoundVfs vfs{};             // all that were there, changed or not
  std::optional<unsigned> max_read_request{};
  std::optional<unsigned> acs_control{};  // of a bridge: the whole register

  bool operator==(const Found&) const = default;
  // No attribute stands in it.
  [[nodiscard]] bool nothing() const {
    return !num_vfs && !mtu && !eswitch_mode && !no_udev_rules && !max_read_request && !acs_control &&
           std::ranges::none_of(vfs, [](const auto& vf) { return vf.second.changed(); });
  }
  // What PCI configuration space held, alone; and the rest without it.
  [[nodiscard]] Found of_pcie() const {
    Found part;
    part.max_read_request = max_read_request;
    part.acs_control = acs_control;
    return part;
  }
  [[nodiscard]] Found without_pcie() const {
    Found rest = *this;
    rest.max_read_request.reset();
    rest.acs_control.reset();
    return rest;
  }
};

struct Owned {
  PciAddress pf;  // or a bridge on the way between a GPU and a NIC
  Card card;
  std::vector<std::string> names;  // of its interfaces when it was noted, alternative ones too
  Found found;

  bool operator==(const Owned&) const = default;
  // Nothing but PCI configuration space was changed.
  [[nodiscard]] bool of_pcie_only() const { return !found.of_pcie().nothing() && found.without_pcie().nothing(); }
};

using OwnedPfs = std::map<PciAddress, Owned>;

// What is noted of that which a worker changes; nothing of a module.
using Record = std::variant<std::monostate, Owned, OwnedRdmaNetns>;

// A record of the sriov-network-operator: what it applied last. Source: /etc/sriov-operator/pci/<address>.
struct OperatorRecord {
  PciAddress pf;
  unsigned num_vfs{0};
  unsigned mtu{0};  // 0: the operator left it
  bool externally_managed{false};

  bool operator==(const OperatorRecord&) const = default;
};

using OperatorRecords = std::map<PciAddress, OperatorRecord>;

}  // namespace nic::model
