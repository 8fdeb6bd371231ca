// The ordered way from what is to what is desired: typed steps, per PF.
// Thread: any (values). Made by core::plan, carried out by apply/.
#pragma once

#include "model/config.hpp"
#include "model/error.hpp"
#include "model/eswitch.hpp"
#include "model/pci_address.hpp"
#include "model/rdma_netns.hpp"
#include "model/reload.hpp"
#include "model/vdpa.hpp"
#include "model/vf_settings.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nic::model {

// How much a step disturbs, in rising order.
enum class Disruption : std::uint8_t { live, vf_disruptive, pf_disruptive, reboot };

// Write sriov_numvfs, with sriov_drivers_autoprobe off when VFs are made. It stays off, so that nobody else binds them:
// whoever carries out the plan puts it back when the steps of the PF are over, however they end.
struct SetNumVfs {
  PciAddress pf;
  unsigned from{0};
  unsigned to{0};
  bool drivers_autoprobe{true};  // as it is before, and as it is put back
  bool operator==(const SetNumVfs&) const = default;
};

// sriov_drivers_autoprobe to `on`: only to give back what SetNumVfs left behind, and with it the overrides that a
// binding of its VFs to vfio-pci left that was cut off.
struct SetAutoprobe {
  PciAddress pf;
  bool on{true};
  bool operator==(const SetAutoprobe&) const = default;
};

// Switch the PF's eswitch between its modes, with all its VFs unbound; before switchdev, offloading of tc rules is
// turned on and steering set to what switchdev needs, where the driver has them.
struct SetEswitchMode {
  PciAddress pf;
  EswitchMode from{EswitchMode::legacy};
  EswitchMode to{EswitchMode::legacy};
  bool operator==(const SetEswitchMode&) const = default;
};

// The agent's udev rules for a PF (names of representors, other network managers kept off); "" takes them away.
struct WriteUdevRules {
  PciAddress pf;
  std::string text;
  bool operator==(const WriteUdevRules&) const = default;
};

// Bind one VF: vfio_pci by driver_override (cleared after), netdevice by the kernel's own matching.
struct BindDriver {
  PciAddress function;
  unsigned vf_index{0};
  DeviceType device_type{DeviceType::netdevice};
  std::optional<std::string> from;  // driver that is bound now
  bool rdma{false};                 // its RDMA device has to be a usable one after it
  bool operator==(const BindDriver&) const = default;
};

// Take a VF from its driver, so that the next one reads its addresses anew.
struct UnbindDriver {
  PciAddress function;
  unsigned vf_index{0};
  std::string from;
  bool operator==(const UnbindDriver&) const = default;
};

// Tell the PF these settings of its VF, and no others.
struct SetVf {
  PciAddress pf;
  unsigned vf_index{0};
  VfSettings settings;
  bool operator==(const SetVf&) const = default;
};

// Make the vDPA device of a VF and give it to its driver; or remove the agent's own.
struct SetVdpa {
  PciAddress function;
  unsigned vf_index{0};
  std::optional<VdpaDevice> from;  // as it is before
  std::optional<VdpaType> to;      // nullopt: none
  bool operator==(const SetVdpa&) const = default;
};

// Switch the function's network interface on (IFF_UP).
struct BringUp {
  PciAddress function;
  bool operator==(const BringUp&) const = default;
};

// MTU of the function's network interface, resolved when the step runs.
struct SetMtu {
  PciAddress function;
  unsigned from{0};
  unsigned to{0};
  bool operator==(const SetMtu&) const = default;
};

// Bits `mask` of a bridge's ACS Control register to `value`; all others stay as they are.
struct SetAcs {
  PciAddress bridge;
  std::uint16_t mask{0};
  std::uint16_t value{0};  // within the mask
  std::uint16_t from{0};   // the whole register as it was read
  bool operator==(const SetAcs&) const = default;
};

// Max_Read_Request_Size of a function, in bytes: a power of two, 128 to 4096.
struct SetMaxReadRequest {
  PciAddress function;
  unsigned from{0};
  unsigned to{0};
  bool operator==(const SetMaxReadRequest&) const = default;
};

// Load a kernel module with its dependencies, through libkmod.
struct LoadModule {
  std::string name;
  bool operator==(const LoadModule&) const = default;
};

// Unload a kernel module that nothing uses; never forced.
struct UnloadModule {
  std::string name;
  bool operator==(const UnloadModule&) const = default;
};

// driver_override of a VF: which driver alone may be bound to it.
struct SetOverride {
  PciAddress function;
  std::string driver;
  bool operator==(const SetOverride&) const = default;
};

// Make an interface what it was before its driver was loaded anew: name, address, MTU, master, up or down, addresses,
// routes; one that stands on another is made again.
struct RestoreInterface {
  SavedInterface saved;
  unsigned ifindex{0};  // as it is now; 0: it has to be made
  bool operator==(const RestoreInterface&) const = default;
};

// Give an RDMA device its name back, or make one of software again.
struct RestoreRdmaDevice {
  SavedRdmaDevice saved;
  std::string now;  // its name now; "": it has to be made
  bool operator==(const RestoreRdmaDevice&) const = default;
};

// Set the RDMA subsystem's network-namespace mode. Where the kernel refuses to change it now, the option of ib_core for
// the next start says so; where it does not, no option of the agent's with another mode stays.
struct SetRdmaNetns {
  std::optional<RdmaNetnsMode> from;    // nullopt: ib_core is not loaded
  std::optional<RdmaNetnsMode> to;      // nullopt: as it is
  std::optional<RdmaNetnsMode> option;  // that may stand for the next start; nullopt to give back: none
  bool operator==(const SetRdmaNetns&) const = default;
};

using Action = std::variant<SetNumVfs, SetAutoprobe, SetEswitchMode, WriteUdevRules, BindDriver, UnbindDriver, SetVf,
                            SetVdpa, BringUp, SetMtu, SetAcs, SetMaxReadRequest, LoadModule, SetRdmaNetns, UnloadModule,
                            SetOverride, RestoreInterface, RestoreRdmaDevice>;

struct Step {
  Action action;
  Disruption disruption{Disruption::live};
  std::string why;               // "policy \"workers\" asks for 4 VFs, there are 0"
  std::vector<PciAddress> hits;  // VFs that are torn down or rebound by it
  std::chrono::seconds deadline{30};
  // Not yet: the step waits for this and a kernel event will bring the next plan ("the network interface of VF 3").
  std::optional<std::string> waits_for;
  bool forced{false};       // users of what it hits do not stop it
  bool independent{false};  // the steps after it are done also when it fails

  bool operator==(const Step&) const = default;
};

// A step that would be needed and is not done: protected, in use, impossible.
struct Refusal {
  Error error;
  bool forceable{false};  // an explicit force would do it

  bool operator==(const Refusal&) const = default;
};

struct PfPlan {
  PciAddress pf;  // or a bridge on the way between a GPU and a NIC
  std::vector<Step> steps;
  std::vector<Refusal> refusals;

  bool operator==(const PfPlan&) const = default;
};

struct Plan {
  std::vector<Step> modules;  // before everything else
  std::vector<Step> rdma;     // of the RDMA subsystem as a whole
  std::vector<PfPlan> pfs;    // side by side

  bool operator==(const Plan&) const = default;
  [[nodiscard]] bool empty() const;  // nothing to do; refusals do not count
};

[[nodiscard]] std::string_view word(Disruption disruption);  // "live", "vf-disruptive", ...
// One line that a person can read: "create 4 VFs on 0000:01:00.0".
[[nodiscard]] std::string describe(const Action& action);
// What it is done to: a PCI address or a module name.
[[nodiscard]] std::string target(const Action& action);

}  // namespace nic::model
