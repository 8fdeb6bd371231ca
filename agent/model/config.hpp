// What the administrator asks for, as read from the configuration: no machine facts in it.
// Thread: any (values). Every entry knows where it was written, for the messages. Keys: nic-agent.toml(5).
#pragma once

#include "model/driver_status.hpp"
#include "model/error.hpp"
#include "model/inventory.hpp"
#include "model/pci_address.hpp"
#include "model/rdma_netns.hpp"
#include "model/vdpa.hpp"
#include "model/version.hpp"
#include "model/vf_settings.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace nic::model {

// Where a value was written. Line and column count from 1; 0 means "the file as a whole".
struct Place {
  std::string file;
  unsigned line{0};
  unsigned column{0};

  auto operator<=>(const Place&) const = default;
  [[nodiscard]] std::string text() const;  // "/etc/nic-agent/nic-agent.toml:12:3"
};

// Inclusive range of VF indexes, first <= last.
struct IndexRange {
  unsigned first{0};
  unsigned last{0};

  auto operator<=>(const IndexRange&) const = default;
};

// "ens1f0" or "ens1f0#0-1,5": a PF by interface name (or alternative name), and which of its VFs. Empty: all of them.
struct PfName {
  std::string name;
  std::vector<IndexRange> vfs;

  auto operator<=>(const PfName&) const = default;
};

// "0000:3b:00.0" or "0000:3b:00.0#0-3".
struct RootDevice {
  PciAddress address;
  std::vector<IndexRange> vfs;

  auto operator<=>(const RootDevice&) const = default;
};

// OR inside a list, AND across lists; an empty list is no constraint.
struct Selectors {
  std::vector<std::uint16_t> vendors;
  std::vector<std::uint16_t> devices;
  std::vector<std::string> drivers;  // resources only
  std::vector<PfName> pf_names;
  std::vector<RootDevice> root_devices;
  std::vector<PciAddress> pci_addresses;  // resources only
  std::vector<std::string> if_names;      // resources only
  std::vector<LinkType> link_types;
  bool is_rdma{false};  // resources only: the function must have an RDMA device
  // Resources only, from here on.
  std::vector<std::string> acpi_indexes;  // as the kernel's acpi_index says, without the newline
  std::vector<std::uint16_t> pkeys;       // the first entry of the first port's table; InfiniBand only
  std::vector<std::string> ddp_profiles;  // Intel's: fw.app.name as devlink tells it
  std::vector<std::string> aux_types;     // auxiliary devices only: "sf"
  bool need_vhost_net{false};             // /dev/vhost-net and /dev/net/tun come with the device
  std::optional<VdpaType> vdpa_type;      // there is a vDPA device of this kind on it

  bool operator==(const Selectors&) const = default;
  [[nodiscard]] bool empty() const { return *this == Selectors{}; }
};

enum class DeviceType : std::uint8_t { netdevice, vfio_pci };

// Where the addresses of VFs come from.
enum class AddressSource : std::uint8_t {
  listed,   // in the configuration itself, handed out in the order of the VFs
  derived,  // made from the PF's own address and the index of the VF
  file,     // GuidFile: VF N has the Nth of its PF. InfiniBand only
};

template <class Address>
struct AddressPool {
  AddressSource source{AddressSource::listed};
  std::vector<std::pair<Address, Address>> ranges;  // of listed ones, each from the first to the last

  bool operator==(const AddressPool&) const = default;
};

// What the PFs are to say of VFs.
struct VfOptions {
  std::optional<AddressPool<MacAddress>> macs;  // Ethernet
  std::optional<AddressPool<Guid>> guids;       // InfiniBand
  VfSettings settings;                          // the addresses in it are not set

  bool operator==(const VfOptions&) const = default;
  [[nodiscard]] bool empty() const { return *this == VfOptions{}; }
};

// VFs of one policy that differ from the rest: [[sriov.policy.group]].
struct VfGroup {
  std::vector<IndexRange> vfs;
  DeviceType device_type{DeviceType::netdevice};
  std::optional<unsigned> mtu;
  // What is not said from here on, the policy says.
  std::optional<bool> is_rdma;
  std::optional<VdpaType> vdpa_type;
  VfOptions options;
  Place place;

  bool operator==(const VfGroup&) const = default;
};

// What is done about changes behind the agent's back.
enum class OnDrift : std::uint8_t { enforce, observe };

inline constexpr unsigned kWeakestPriority = 99;

struct SriovPolicy {
  std::string name;
  unsigned priority{kWeakestPriority};  // 0 to 99; of two that claim the same VF, the lower number has it
  Selectors selectors;
  unsigned num_vfs{0};
  bool externally_managed{false};  // somebody else makes the VFs: nothing is ever written to the PF
  OnDrift on_drift{OnDrift::enforce};
  std::optional<unsigned> mtu;  // of the VFs; the PF is raised to it, never lowered
  DeviceType device_type{DeviceType::netdevice};
  bool is_rdma{false};                      // every VF is to have an RDMA device that works
  bool need_vhost_net{false};               // vhost_net and tun are loaded
  std::optional<EswitchMode> eswitch_mode;  // not said: left as it is
  std::optional<VdpaType> vdpa_type;        // a vDPA device on each VF
  VfOptions options;
  std::vector<VfGroup> groups;
  Place place;

  bool operator==(const SriovPolicy&) const = default;
};

enum class ResourceKind : std::uint8_t { shared, exclusive };

// What an exclusive resource is made of: functions of PCI class 02, auxiliary devices of such ones (scalable
// functions), functions of PCI class 12. sriov-network-device-plugin's deviceType.
enum class DeviceClass : std::uint8_t { net, auxiliary, accelerator };

// What makes a device unhealthy beside that it is gone or has no driver.
struct HealthCauses {
  bool carrier{true};  // the interface of the device, or of its PF, is up and has no carrier
  bool port{true};     // an InfiniBand port, or every port of a shared HCA, is not active
  bool devlink{true};  // a health reporter of the card shows an error

  bool operator==(const HealthCauses&) const = default;
};

inline constexpr unsigned kKeepLostSeconds = 60;

// Which of its free devices an exclusive resource asks the kubelet to give.
enum class PreferredAllocation : std::uint8_t {
  none,      // the kubelet chooses
  pack,      // from as few PFs as will do
  spread,    // from the PFs that have given least
  near_gpu,  // those that are nearest to one GPU
};

// What the device nodes of a shared resource may be used for: with "m", a container may also make such a node itself.
enum class NodePermissions : std::uint8_t { rwm, rw };

struct Resource {
  std::string name;  // "example.com/rdma", a valid extended resource name
  ResourceKind kind{ResourceKind::exclusive};
  DeviceClass device_class{DeviceClass::net};  // exclusive only
  unsigned rdma_hca_max{0};                    // shared only: how many pods may hold it at once
  std::vector<Selectors> selectors;            // any of them
  bool exclude_topology{false};
  bool numa_topology{false};    // shared only: the kubelet is told the NUMA nodes of the HCAs
  bool allow_protected{false};  // exclusive only: also what carries a default route or is listed as protected
  HealthCauses unhealthy_on;
  // How long a device that somebody has and that is gone, or lost its driver, stays in the list as unhealthy.
  unsigned keep_lost_seconds{kKeepLostSeconds};
  // What CNIs are told beside the device itself, in the environment's "extra": by PCI address, or "*" for all.
  std::map<std::string, std::map<std::string, std::string>> additional_info{};
  PreferredAllocation preferred_allocation{PreferredAllocation::none};  // exclusive only
  bool pre_start{false};  // before a container starts, its device nodes are looked at once more
  // RDMA devices without one of these are not given out; the others come along where they are. uverbs is always in it.
  std::set<RdmaNode> required_nodes{RdmaNode::uverbs, RdmaNode::rdma_cm};
  NodePermissions permissions{NodePermissions::rwm};  // shared only; exclusive ones are read and written
  Place place;

  bool operator==(const Resource&) const = default;
};

struct RequiredModule {
  std::string name;  // as written; dashes and underscores are the same to the kernel. "@mlx5" is a set of modules
  Place place;

  bool operator==(const RequiredModule&) const = default;
};

// Which versions of a module will do: [[kernel_modules.version]]. Both ends belong to it, as far as they are written.
struct ModuleVersions {
  std::string name;  // the module's
  std::optional<Version> min, max;
  Place place;

  bool operator==(const ModuleVersions&) const = default;
};

// What becomes of a module that runs in another build than the one on disk.
enum class ReloadPolicy : std::uint8_t { never, when_safe };

// [kernel_modules] beside the modules: what is asked of the drivers that run.
struct DriverRules {
  std::optional<Provider> rdma_stack;  // whose it has to be, inbox or ofed
  bool require_signed{false};
  ReloadPolicy reload{ReloadPolicy::never};
  std::string ready_file;  // is there as long as the drivers' verdict is pass; "" for none

  bool operator==(const DriverRules&) const = default;
};

// What the pool of GUIDs has for one PF.
struct GuidEntry {
  std::optional<PciAddress> pf;  // the PF by its address, or
  std::optional<Guid> pf_guid;   // by the GUID of its port
  AddressPool<Guid> guids;
  std::vector<Error> mistakes;  // with any, the entry gives its PF nothing
  Place place;

  bool operator==(const GuidEntry&) const = default;
};

// The pool of GUIDs in the sriov-network-operator's format, read with the configuration: [infiniband] guid_pool.
struct GuidFile {
  std::string path;  // "" while no policy asks for it
  std::vector<GuidEntry> entries;
  std::optional<Error> unreadable;  // the file as a whole

  bool operator==(const GuidFile&) const = default;
};

// What becomes of a resource that another device plugin offers under the same name.
enum class OnRival : std::uint8_t { take_over, stand_by };

// How containers come to their device nodes: by the kubelet's DeviceSpecs, or by the container runtime, from
// specifications of the Container Device Interface that are named to it in a field (kubelet 1.28 and later) or in an
// annotation (older ones).
enum class CdiMode : std::uint8_t { off, field, annotation };

struct KubeletSettings {
  bool enabled{true};
  std::string root{"/var/lib/kubelet"};
  OnRival on_rival{OnRival::take_over};

  CdiMode cdi{CdiMode::off};

  bool operator==(const KubeletSettings&) const = default;
};

// What is taken over from the upstream device plugins, k8s-rdma-shared-dev-plugin and sriov-network-device-plugin.
// Apart from KubeletSettings: what changes here ends no stream of a resource that stays as it is.
struct PluginSettings {
  std::string rdma_shared_config;                  // the first one's configuration file; "": none is read
  std::string sriov_config;                        // the second one's
  std::string sriov_resource_prefix{"intel.com"};  // of its resources that name none
  bool strict{false};   // what such a file says and nobody understands is a mistake, not a warning
  bool link_up{false};  // the interfaces of shared resources' functions are brought up

  bool operator==(const PluginSettings&) const = default;
};

// Such a file as it is in force: where the last reading found a mistake, what the one before it had.
struct PluginFile {
  std::string path;
  std::vector<Resource> resources;

  bool operator==(const PluginFile&) const = default;
};

// What becomes of the bridges between GPUs and NICs whose ACS sends their traffic upstream.
enum class AcsPolicy : std::uint8_t { leave, off_on_gpu_paths };

struct GpudirectSettings {
  AcsPolicy acs{AcsPolicy::leave};
  std::optional<unsigned> max_read_request;  // bytes; not said: left as it is

  bool operator==(const GpudirectSettings&) const = default;
};

struct Config {
  std::vector<SriovPolicy> policies;
  std::vector<RequiredModule> modules;
  std::vector<ModuleVersions> module_versions;
  DriverRules drivers;
  PeerMemoryWish peer_memory{PeerMemoryWish::not_said};
  std::vector<Resource> resources;
  std::optional<RdmaNetnsMode> rdma_netns_mode;  // [rdma] netns_mode; not said: left as it is
  KubeletSettings kubelet;
  PluginSettings plugins;                // [kubelet] rdma_shared_config and so on
  std::vector<PluginFile> plugin_files;  // their resources are among `resources` too
  std::string guid_pool;                 // [infiniband] guid_pool; "": where the sriov-network-operator has it
  GuidFile guid_file;                    // what stands there
  GpudirectSettings gpudirect;
  std::set<PciAddress> protected_functions;  // [agent] protected: never disturbed unless forced
  bool auto_apply{true};                     // [agent] auto_apply: false only shows the plan until somebody calls Apply
  std::vector<Error> problems;               // of parts that were left out, or stay as they were
  std::vector<std::string> warnings;         // for people, with their place; nothing is left out for them
  std::vector<std::string> notes;            // the same, where nothing is wrong
  std::vector<std::string> sources;          // files and layers it was made from, in the order of reading

  bool operator==(const Config&) const = default;
};

[[nodiscard]] std::string_view word(DeviceType type);              // "netdevice", "vfio-pci"
[[nodiscard]] std::string_view word(AddressSource source);         // "listed", "derived", "pool"
[[nodiscard]] std::string_view word(OnDrift on_drift);             // "enforce", "observe"
[[nodiscard]] std::string_view word(OnRival on_rival);             // "take-over", "stand-by"
[[nodiscard]] std::string_view word(AcsPolicy policy);             // "leave", "off-on-gpu-paths"
[[nodiscard]] std::string_view word(ReloadPolicy policy);          // "never", "when-safe"
[[nodiscard]] std::string_view word(ResourceKind kind);            // "shared", "exclusive"
[[nodiscard]] std::string_view word(DeviceClass device_class);     // "net", "auxiliary", "accelerator"
[[nodiscard]] std::string_view word(PreferredAllocation policy);   // "none", "pack", "spread", "near-gpu"
[[nodiscard]] std::string_view word(NodePermissions permissions);  // "rwm", "rw"
[[nodiscard]] std::string_view word(CdiMode mode);                 // "off", "field", "annotation"
// "0-1,5"
[[nodiscard]] std::string text(const std::vector<IndexRange>& ranges);
[[nodiscard]] bool contains(const std::vector<IndexRange>& ranges, unsigned index);

}  // namespace nic::model
