// What is: every fact about the machine's NIC functions that was read from the kernel, as values.
// Thread: any (values). Sources are named at each field; `std::nullopt` means "this kernel or device does not have it",
// a fact that could not be read stands in `problems` of its owner instead.
#pragma once

#include "model/devlink.hpp"
#include "model/error.hpp"
#include "model/eswitch.hpp"
#include "model/pci_address.hpp"
#include "model/pcie.hpp"
#include "model/rdma_netns.hpp"
#include "model/vdpa.hpp"
#include "model/vf_settings.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nic::model {

enum class LinkType : std::uint8_t { unknown, ethernet, infiniband };
enum class FunctionKind : std::uint8_t { plain, pf, vf };

// /sys/bus/pci/devices/<PF>/sriov_*; absent where the function has no SR-IOV capability (or firmware hides it).
struct Sriov {
  unsigned total_vfs{0};         // sriov_totalvfs, 0..65535, as the driver lowered it
  unsigned num_vfs{0};           // number of virtfn* links: reading sriov_numvfs can block for seconds (device lock)
  bool drivers_autoprobe{true};  // sriov_drivers_autoprobe
  std::optional<std::uint16_t> vf_device_id;  // sriov_vf_device
  unsigned offset{0};                         // sriov_offset: VF i has routing id PF + offset + i * stride
  unsigned stride{0};                         // sriov_stride
  std::map<unsigned, PciAddress> virtfns;     // virtfn<index> links

  bool operator==(const Sriov&) const = default;
};

// A device of the auxiliary bus that is handed out by itself: a scalable function (SF). Its own eth and rdma devices on
// that bus are not told apart from it. Source: /sys/bus/auxiliary/devices/<driver>.sf.<number>, below its PCI function.
struct AuxiliaryDevice {
  std::string name;                   // "mlx5_core.sf.4"
  std::string type;                   // "sf", the middle of the name
  std::optional<unsigned> sf_number;  // sfnum, as the administrator gave it; the number in the name is another
  std::optional<std::string> driver;
  std::string in_use;          // by whom; "" when nobody is known to
  bool rdma_elsewhere{false};  // as of PciFunction

  bool operator==(const AuxiliaryDevice&) const = default;
};

// A PCI function of class 0x02xxxx (network controller), any vendor; or one that is somebody's VF.
struct PciFunction {
  PciAddress address;
  std::uint16_t vendor{0};
  std::uint16_t device{0};
  std::uint16_t subsystem_vendor{0};
  std::uint16_t subsystem_device{0};
  std::uint32_t class_code{0};  // 24 bit, 0x020000 Ethernet, 0x020700 InfiniBand
  std::uint8_t revision{0};
  std::string modalias;               // pci:v...; what libkmod resolves to modules
  std::optional<std::string> driver;  // name of the `driver` link's target
  std::optional<int> numa_node;       // -1 in sysfs reads as nullopt
  std::optional<unsigned> iommu_group;
  std::optional<Sriov> sriov;
  std::optional<PciAddress> physfn;  // set on a VF
  // Another number whenever the function is made anew: the inode of its folder in sysfs (kernfs gives none out twice
  // until its 32 bits have gone round). 0: not known.
  std::uint64_t life{0};
  std::optional<unsigned> vf_index;          // position among physfn's virtfn links; may come later than physfn
  std::string in_use;                        // by whom a VF is used; "" when nobody is known to
  std::vector<VdpaDevice> vdpa;              // that stand on it, by name
  std::optional<EswitchMode> eswitch_mode;   // devlink; nullopt where driver, kernel or link type know no eswitch
  std::vector<DevlinkPort> ports;            // by index; devlink has them on whoever owns the eswitch
  std::vector<HealthReporter> reporters;     // by port and name
  std::optional<std::string> udev_rules;     // the agent's own for this PF, "" for none; nullopt without udev
  std::optional<std::string> serial_number;  // PCI VPD where it can be read without blocking; often absent
  std::string acpi_index;                    // acpi_index; "" where the firmware gives none
  std::string ddp_profile;                   // Intel's: fw.app.name of devlink info; "" where none is told
  std::vector<AuxiliaryDevice> auxiliary;    // that stand on it, by number
  // Its driver made an RDMA device and it is not here: in a network namespace of its own, with netns_mode exclusive.
  // The folder `infiniband` is there and shows nothing.
  bool rdma_elsewhere{false};
  std::vector<Error> problems;

  bool operator==(const PciFunction&) const = default;
  [[nodiscard]] FunctionKind kind() const {
    if (physfn) return FunctionKind::vf;
    return sriov ? FunctionKind::pf : FunctionKind::plain;
  }
};

// A network interface of the agent's own network namespace. Source: rtnetlink RTM_NEWLINK, and the device link in
// sysfs.
struct NetDevice {
  std::string name;
  unsigned ifindex{0};
  std::vector<std::string> altnames;
  std::string address;            // "52:54:00:..", 20 bytes on IPoIB
  std::string permanent_address;  // as the card was made (IFLA_PERM_ADDRESS); "" before kernel 5.6
  unsigned mtu{0};
  std::optional<unsigned> max_mtu;
  LinkType link_type{LinkType::unknown};  // ARPHRD_ETHER, ARPHRD_INFINIBAND
  bool admin_up{false};
  bool carrier{false};
  std::string operstate;               // "up", "down", "unknown", ... RFC 2863
  std::optional<unsigned> speed_mbps;  // ethtool; nullopt while unknown
  std::optional<PciAddress> function;
  bool scalable_function{false};           // it stands on an SF of that function
  bool vdpa{false};                        // it stands on a vDPA device of that function
  std::optional<unsigned> lower_ifindex;   // IFLA_LINK: the device that a VLAN or macvlan stands on
  std::optional<unsigned> master_ifindex;  // bond, bridge, VRF
  std::optional<std::string> phys_port_name;
  std::optional<std::string> phys_switch_id;
  std::map<unsigned, VfSettings> vfs;  // of a PF, by index: what its driver tells (IFLA_VFINFO_LIST)
  std::string auxiliary{};             // the scalable function that it stands on: "mlx5_core.sf.4"

  bool operator==(const NetDevice&) const = default;
  [[nodiscard]] bool representor() const { return phys_port_name && is_representor(*phys_port_name); }
  // The function's own, not that of somebody whom it stands for or carries.
  [[nodiscard]] bool own() const { return !scalable_function && !vdpa && !representor(); }
};

enum class RdmaNode : std::uint8_t { uverbs, umad, issm, ucm, rdma_cm };

// A character device of RDMA user access. Source: /sys/class/infiniband_{verbs,mad,cm}/<name>/{ibdev,dev,port}.
struct CharDevice {
  RdmaNode kind{RdmaNode::uverbs};
  std::string path;  // "/dev/infiniband/uverbs0"
  unsigned major{0};
  unsigned minor{0};
  std::optional<unsigned> port;  // of umad and issm

  bool operator==(const CharDevice&) const = default;
};

struct RdmaPort {
  unsigned number{0};      // from 1
  std::string state;       // "ACTIVE", "DOWN", "INIT", "ARMED" ...
  std::string phys_state;  // "LinkUp", "Disabled", "Polling" ...
  LinkType link_layer{LinkType::unknown};
  std::string rate;                           // as sysfs prints it: "400 Gb/sec (4X NDR)"
  std::optional<unsigned> net_ifindex;        // RDMA netlink NDEV_INDEX (RoCE, rxe)
  std::string guid{};                         // of InfiniBand, "xxxx:xxxx:xxxx:xxxx": the end of gids/0
  std::vector<std::uint16_t> pkeys{};         // of InfiniBand: what is in its table, without the empty places
  std::optional<std::uint16_t> first_pkey{};  // what stands in its first place; 0: it is empty

  bool operator==(const RdmaPort&) const = default;
};

// An RDMA device. Names are not stable; `function` is found by the device link, or over a port's netdev (soft-RoCE).
struct RdmaDevice {
  std::string name;
  unsigned index{0};           // RDMA_NLDEV_ATTR_DEV_INDEX
  std::string node_guid;       // "xxxx:xxxx:xxxx:xxxx"
  std::string sys_image_guid;  // groups the functions of one card
  std::string firmware;        // fw_ver
  std::string board_id;        // PSID where the driver has one
  std::string hca_type;        // "MT4129"
  std::string node_description;
  std::optional<PciAddress> function;
  bool software{false};  // rxe, siw: tied to a function only through its netdev
  std::vector<RdmaPort> ports;
  std::vector<CharDevice> nodes;  // uverbs, umad*, issm*; rdma_cm stands once in Inventory
  std::string auxiliary{};        // the scalable function that it stands on

  bool operator==(const RdmaDevice&) const = default;
  // Programs can open it: it has its uverbs node.
  [[nodiscard]] bool user_access() const;
};

// /proc/modules and /sys/module/<name>. Names with underscores, as the kernel spells them.
struct LoadedModule {
  std::string name;
  std::string state;  // "live", "coming", "going"
  unsigned references{0};
  std::vector<std::string> holders;
  std::string build_id;  // notes/.note.gnu.build-id, lower-case hex; "" where the kernel has none
  std::string version;   // /sys/module/<name>/version
  std::string srcversion;
  std::string taint;

  bool operator==(const LoadedModule&) const = default;
};

// A default route (0.0.0.0/0 or ::/0) of any table of the agent's network namespace. Source: rtnetlink RTM_GETROUTE.
struct DefaultRoute {
  bool ipv6{false};
  unsigned ifindex{0};
  unsigned table{0};

  auto operator<=>(const DefaultRoute&) const = default;
};

struct Inventory {
  std::map<PciAddress, PciFunction> functions;
  std::vector<NetDevice> net_devices;    // by ifindex
  std::vector<RdmaDevice> rdma_devices;  // by name
  std::vector<LoadedModule> modules;     // by name
  std::vector<DefaultRoute> default_routes;
  std::optional<CharDevice> rdma_cm;  // /dev/infiniband/rdma_cm (module rdma_ucm)
  PcieTopology pcie;
  bool rdma_subsystem{false};                    // RDMA netlink answers: ib_core is there
  std::optional<RdmaNetnsMode> rdma_netns_mode;  // nullopt: no ib_core, or a kernel before 5.1
  std::string rdma_netns_option;                 // the agent's own file of modprobe.d(5) for ib_core; "" for none
  // PCI functions of class 0x12 (processing accelerators), which only resources are interested in.
  std::map<PciAddress, PciFunction> accelerators;
  bool vhost_net{false};        // /dev/vhost-net and /dev/net/tun are there
  std::vector<Error> problems;  // facts about the machine as a whole that could not be read

  bool operator==(const Inventory&) const = default;

  // A NIC's, or an accelerator.
  [[nodiscard]] const PciFunction* function(const PciAddress& address) const;
  // By name, with the function that it stands on.
  struct AuxiliaryPlace {
    const PciFunction* parent{nullptr};
    const AuxiliaryDevice* device{nullptr};
  };
  [[nodiscard]] std::optional<AuxiliaryPlace> auxiliary(std::string_view name) const;
  // Network interfaces of a function, lowest ifindex first; without the representors and SFs that stand below a PF.
  [[nodiscard]] std::vector<const NetDevice*> net_devices_of(const PciAddress& address) const;
  // The interfaces of a PF that lead to its VFs and SFs in switchdev mode.
  [[nodiscard]] std::vector<const NetDevice*> representors_of(const PciAddress& address) const;
  // The function's own, without those of its SFs.
  [[nodiscard]] std::vector<const RdmaDevice*> rdma_devices_of(const PciAddress& address) const;
  // Of a scalable function.
  [[nodiscard]] std::vector<const NetDevice*> net_devices_on(std::string_view auxiliary) const;
  [[nodiscard]] std::vector<const RdmaDevice*> rdma_devices_on(std::string_view auxiliary) const;
  [[nodiscard]] const NetDevice* net_device(unsigned ifindex) const;
  // By name or alternative name.
  [[nodiscard]] const NetDevice* net_device(std::string_view name) const;
};

[[nodiscard]] std::string_view word(LinkType type);      // "ethernet", "infiniband", "unknown"
[[nodiscard]] std::string_view word(FunctionKind kind);  // "pf", "vf", "plain"
[[nodiscard]] std::string_view word(RdmaNode kind);      // "uverbs", "umad", ...

}  // namespace nic::model
