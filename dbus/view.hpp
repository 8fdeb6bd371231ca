// What each object shows, as plain values: one struct for each interface, one field for each property. A field is
// documented where the contract stands, in org.nicagent1.<Interface>.xml.
// Thread: any (values, pure functions). No D-Bus library in here, so that it is tested without a bus.
#pragma once

#include "model/snapshot.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nic::dbus {

// A D-Bus object path.
struct Path {
  std::string text;
  auto operator<=>(const Path&) const = default;
};

struct ErrorRow {  // (sisss)
  std::string code;
  std::int32_t errno_value{0};
  std::string operation, object, advice;
  bool operator==(const ErrorRow&) const = default;
};
struct ComponentRow {
  std::string name, state, text;
  bool operator==(const ComponentRow&) const = default;
};
struct ProblemRow {
  std::string subject, text, advice;
  bool operator==(const ProblemRow&) const = default;
};
struct DifferenceRow {
  std::string what, have, want;
  bool operator==(const DifferenceRow&) const = default;
};
struct HolderRow {
  std::string device, pod, container;
  bool operator==(const HolderRow&) const = default;
};
struct UnhealthyRow {
  std::string device, why;
  bool operator==(const UnhealthyRow&) const = default;
};
struct FindingRow {
  std::string severity, text;
  bool operator==(const FindingRow&) const = default;
};
struct ParameterRow {
  std::string name, wanted, running, same;
  bool operator==(const ParameterRow&) const = default;
};
struct StackRow {
  std::string running, on_disk, version, user_space;
  bool operator==(const StackRow&) const = default;
};
struct PeerMemoryRow {  // (ssst)
  std::string way, readiness, text;
  std::uint64_t registrations{0};
  bool operator==(const PeerMemoryRow&) const = default;
};
struct PortRow {  // (ussss)
  std::uint32_t number{0};
  std::string state, phys_state, link_layer, rate;
  bool operator==(const PortRow&) const = default;
};
struct DevlinkPortRow {  // (usxxxs)
  std::uint32_t index{0};
  std::string flavour;
  std::int64_t controller{-1}, pf{-1}, number{-1};
  std::string network_interface;
  bool operator==(const DevlinkPortRow&) const = default;
};
struct ReporterRow {  // (sxbtt)
  std::string name;
  std::int64_t port{-1};
  bool healthy{true};
  std::uint64_t errors{0}, recoveries{0};
  bool operator==(const ReporterRow&) const = default;
};
struct InfinibandPortRow {  // (usas)
  std::uint32_t number{0};
  std::string guid;
  std::vector<std::string> pkeys;
  bool operator==(const InfinibandPortRow&) const = default;
};
struct GpuPathRow {  // (sssbsasas)
  std::string gpu, nic, level;
  bool nearest{false};
  std::string verdict;
  std::vector<std::string> bridges, findings;
  bool operator==(const GpuPathRow&) const = default;
};
// a{sv}
using Dictionary = std::map<std::string, std::variant<bool, std::uint32_t, std::string, std::vector<std::string>>>;

struct ManagerView {
  std::string version;
  std::string state;
  std::vector<ComponentRow> components;
  bool reboot_required{false};
  std::vector<std::string> reboot_reasons;
  std::uint64_t config_generation{0};
  std::uint64_t applied_generation{0};
  bool settled{false};
  std::vector<std::string> config_sources;
  std::vector<ErrorRow> config_errors;
  std::uint32_t problems{0};
  std::vector<ProblemRow> problem_details;
  std::string driver_verdict;
  std::vector<FindingRow> driver_findings;
  StackRow rdma_stack;
  PeerMemoryRow peer_memory;
  std::vector<GpuPathRow> gpu_paths;
  bool operator==(const ManagerView&) const = default;
};

struct DeviceView {
  std::string pci_address;
  std::uint16_t vendor_id{0};
  std::uint16_t device_id{0};
  std::uint16_t subsystem_vendor_id{0};
  std::uint16_t subsystem_device_id{0};
  std::string kind;
  std::string serial;
  std::string driver;
  std::int32_t numa_node{-1};
  std::int32_t iommu_group{-1};
  std::vector<std::string> network_interfaces;
  std::string link_state;
  std::uint32_t link_speed{0};
  std::string link_type;
  std::uint32_t mtu{0};
  std::string mac_address;
  std::string state;
  std::string state_text;
  Dictionary desired;
  std::vector<DifferenceRow> differences;
  ErrorRow last_error;
  std::uint64_t failed_at{0};
  std::uint64_t retry_at{0};
  std::vector<Path> resources;
  std::vector<ReporterRow> health_reporters;
  std::vector<std::string> notes;
  bool operator==(const DeviceView&) const = default;
};

struct PhysicalFunctionView {
  std::uint32_t total_vfs{0};
  std::uint32_t num_vfs{0};
  bool drivers_autoprobe{false};
  std::uint16_t vf_device_id{0};
  std::string eswitch_mode;
  std::vector<std::string> representors;
  std::vector<std::string> scalable_functions;
  std::vector<DevlinkPortRow> ports;
  std::vector<Path> virtual_functions;
  bool is_protected{false};
  std::vector<std::string> protection_reasons;
  bool owned{false};
  Dictionary found;
  bool operator==(const PhysicalFunctionView&) const = default;
};

struct VirtualFunctionView {
  Path physical_function;
  std::uint32_t index{0};
  Dictionary settings;
  std::string used_by;
  std::string vdpa_device, vdpa_driver;
  bool operator==(const VirtualFunctionView&) const = default;
};

struct RdmaView {
  std::string name;
  std::vector<std::string> other_names;
  std::string node_guid;
  std::string sys_image_guid;
  std::string firmware;
  std::string board_id;
  std::string hca_type;
  std::string node_description;
  bool software{false};
  std::vector<PortRow> ports;
  std::vector<InfinibandPortRow> infiniband_ports;
  std::vector<std::string> character_devices;
  bool operator==(const RdmaView&) const = default;
};

struct ModuleView {
  std::string name;
  bool wanted{false};
  bool loaded{false};
  std::string state;
  std::string file;
  std::string version;
  std::string version_file;
  std::string provider;
  std::string provider_running;
  std::string folder;
  std::string vermagic;
  bool vermagic_matches{false};
  std::string signature_id;
  std::string signer;
  std::string signature_key;
  std::string signature_hash;
  std::string build_id_file;
  std::string build_id_running;
  std::string srcversion_file;
  std::string srcversion_running;
  std::string taint;
  std::vector<ParameterRow> parameters;
  std::string blacklisted_by;
  std::string verdict;
  std::vector<FindingRow> findings;
  std::vector<ErrorRow> errors;
  bool operator==(const ModuleView&) const = default;
};

struct ResourceView {
  std::string name;
  std::string kind;
  std::uint32_t capacity{0};
  std::uint32_t healthy{0};
  std::string kubelet_state;
  std::string socket;
  std::string rival;
  bool standing_by{false};
  std::vector<HolderRow> holders;
  std::vector<UnhealthyRow> unhealthy;
  std::vector<std::string> warnings;
  ErrorRow disagreement;
  std::vector<Path> devices;
  std::vector<DifferenceRow> not_ready;
  ErrorRow last_error;
  bool operator==(const ResourceView&) const = default;
};

struct JobView {
  std::uint32_t id{0};
  std::string kind;
  std::string state;
  std::uint32_t step{0};
  std::uint32_t steps{0};
  std::string text;
  std::uint64_t started_at{0};
  std::uint32_t caller_uid{0};
  std::vector<Path> devices;
  bool operator==(const JobView&) const = default;
};

// One object: the Device interface and those that the function has besides.
struct DeviceObject {
  DeviceView device;
  std::optional<PhysicalFunctionView> physical_function;
  std::optional<VirtualFunctionView> virtual_function;
  std::optional<RdmaView> rdma;
  bool operator==(const DeviceObject&) const = default;
};

// The whole tree, by object path.
struct View {
  ManagerView manager;
  std::map<std::string, DeviceObject> devices;
  std::map<std::string, ModuleView> modules;
  std::map<std::string, ResourceView> resources;
  std::map<std::string, JobView> jobs;
  bool operator==(const View&) const = default;
};

// Every text in it is valid UTF-8.
[[nodiscard]] View view(const model::Snapshot& snapshot, std::string_view version);
[[nodiscard]] JobView view(const model::Job& job);
[[nodiscard]] ErrorRow row(const model::Error& error);
// Everything that is wrong in a snapshot, the machine as a whole first.
[[nodiscard]] std::vector<ProblemRow> problems(const model::Snapshot& snapshot);

}  // namespace nic::dbus
