// Tables from the names on the bus to the fields of view.hpp: differences, getters, JSON and the check against the
// interface XML are all made from them. Thread: any (constants, pure functions).
#pragma once

#include "dbus/view.hpp"

#include <tuple>
#include <vector>

namespace nic::dbus {

enum class Emits { constant, change };

template <class View, class Value>
struct Property {
  const char* name;
  Value View::* member;
  Emits emits;
};

template <class View>
struct Interface;  // name, properties

template <class Row>
struct Fields;  // the members of a D-Bus structure, in order

template <class Row, class Value>
struct Field {
  const char* name;
  Value Row::* member;
};

template <>
struct Fields<ErrorRow> {
  using Row = ErrorRow;
  static constexpr auto fields =
      std::tuple{Field{"Code", &Row::code}, Field{"Errno", &Row::errno_value}, Field{"Operation", &Row::operation},
                 Field{"Object", &Row::object}, Field{"Advice", &Row::advice}};
};
template <>
struct Fields<ComponentRow> {
  using Row = ComponentRow;
  static constexpr auto fields =
      std::tuple{Field{"Name", &Row::name}, Field{"State", &Row::state}, Field{"Text", &Row::text}};
};
template <>
struct Fields<ProblemRow> {
  using Row = ProblemRow;
  static constexpr auto fields =
      std::tuple{Field{"Subject", &Row::subject}, Field{"Text", &Row::text}, Field{"Advice", &Row::advice}};
};
template <>
struct Fields<DifferenceRow> {
  using Row = DifferenceRow;
  static constexpr auto fields =
      std::tuple{Field{"What", &Row::what}, Field{"Have", &Row::have}, Field{"Want", &Row::want}};
};
template <>
struct Fields<HolderRow> {
  using Row = HolderRow;
  static constexpr auto fields =
      std::tuple{Field{"Device", &Row::device}, Field{"Pod", &Row::pod}, Field{"Container", &Row::container}};
};
template <>
struct Fields<UnhealthyRow> {
  using Row = UnhealthyRow;
  static constexpr auto fields = std::tuple{Field{"Device", &Row::device}, Field{"Why", &Row::why}};
};
template <>
struct Fields<FindingRow> {
  using Row = FindingRow;
  static constexpr auto fields = std::tuple{Field{"Severity", &Row::severity}, Field{"Text", &Row::text}};
};
template <>
struct Fields<ParameterRow> {
  using Row = ParameterRow;
  static constexpr auto fields = std::tuple{Field{"Name", &Row::name}, Field{"Wanted", &Row::wanted},
                                            Field{"Running", &Row::running}, Field{"Same", &Row::same}};
};
template <>
struct Fields<StackRow> {
  using Row = StackRow;
  static constexpr auto fields = std::tuple{Field{"Running", &Row::running}, Field{"OnDisk", &Row::on_disk},
                                            Field{"Version", &Row::version}, Field{"UserSpace", &Row::user_space}};
};
template <>
struct Fields<PeerMemoryRow> {
  using Row = PeerMemoryRow;
  static constexpr auto fields = std::tuple{Field{"Way", &Row::way}, Field{"Readiness", &Row::readiness},
                                            Field{"Text", &Row::text}, Field{"Registrations", &Row::registrations}};
};
template <>
struct Fields<PortRow> {
  using Row = PortRow;
  static constexpr auto fields =
      std::tuple{Field{"Number", &Row::number}, Field{"State", &Row::state}, Field{"PhysState", &Row::phys_state},
                 Field{"LinkLayer", &Row::link_layer}, Field{"Rate", &Row::rate}};
};
template <>
struct Fields<GpuPathRow> {
  using Row = GpuPathRow;
  static constexpr auto fields =
      std::tuple{Field{"Gpu", &Row::gpu},          Field{"Nic", &Row::nic},         Field{"Level", &Row::level},
                 Field{"Nearest", &Row::nearest},  Field{"Verdict", &Row::verdict}, Field{"Bridges", &Row::bridges},
                 Field{"Findings", &Row::findings}};
};

template <>
struct Fields<DevlinkPortRow> {
  using Row = DevlinkPortRow;
  static constexpr auto fields = std::tuple{
      Field{"Index", &Row::index}, Field{"Flavour", &Row::flavour}, Field{"Controller", &Row::controller},
      Field{"PfNumber", &Row::pf}, Field{"Number", &Row::number},   Field{"NetworkInterface", &Row::network_interface}};
};
template <>
struct Fields<ReporterRow> {
  using Row = ReporterRow;
  static constexpr auto fields =
      std::tuple{Field{"Name", &Row::name}, Field{"Port", &Row::port}, Field{"Healthy", &Row::healthy},
                 Field{"Errors", &Row::errors}, Field{"Recoveries", &Row::recoveries}};
};
template <>
struct Fields<InfinibandPortRow> {
  using Row = InfinibandPortRow;
  static constexpr auto fields =
      std::tuple{Field{"Number", &Row::number}, Field{"Guid", &Row::guid}, Field{"PKeys", &Row::pkeys}};
};

template <>
struct Interface<ManagerView> {
  using View = ManagerView;
  static constexpr const char* name = "org.nicagent1.Manager";
  static constexpr auto properties = std::tuple{
      Property{"Version", &View::version, Emits::constant},
      Property{"State", &View::state, Emits::change},
      Property{"Components", &View::components, Emits::change},
      Property{"RebootRequired", &View::reboot_required, Emits::change},
      Property{"RebootReasons", &View::reboot_reasons, Emits::change},
      Property{"ConfigGeneration", &View::config_generation, Emits::change},
      Property{"AppliedGeneration", &View::applied_generation, Emits::change},
      Property{"Settled", &View::settled, Emits::change},
      Property{"ConfigSources", &View::config_sources, Emits::change},
      Property{"ConfigErrors", &View::config_errors, Emits::change},
      Property{"Problems", &View::problems, Emits::change},
      Property{"ProblemDetails", &View::problem_details, Emits::change},
      Property{"DriverVerdict", &View::driver_verdict, Emits::change},
      Property{"DriverFindings", &View::driver_findings, Emits::change},
      Property{"RdmaStack", &View::rdma_stack, Emits::change},
      Property{"PeerMemory", &View::peer_memory, Emits::change},
      Property{"GpuPaths", &View::gpu_paths, Emits::change},
  };
};

template <>
struct Interface<DeviceView> {
  using View = DeviceView;
  static constexpr const char* name = "org.nicagent1.Device";
  static constexpr auto properties = std::tuple{
      Property{"PciAddress", &View::pci_address, Emits::constant},
      Property{"VendorId", &View::vendor_id, Emits::constant},
      Property{"DeviceId", &View::device_id, Emits::constant},
      Property{"SubsystemVendorId", &View::subsystem_vendor_id, Emits::constant},
      Property{"SubsystemDeviceId", &View::subsystem_device_id, Emits::constant},
      Property{"Kind", &View::kind, Emits::constant},
      Property{"Serial", &View::serial, Emits::change},
      Property{"Driver", &View::driver, Emits::change},
      Property{"NumaNode", &View::numa_node, Emits::change},
      Property{"IommuGroup", &View::iommu_group, Emits::change},
      Property{"NetworkInterfaces", &View::network_interfaces, Emits::change},
      Property{"LinkState", &View::link_state, Emits::change},
      Property{"LinkSpeed", &View::link_speed, Emits::change},
      Property{"LinkType", &View::link_type, Emits::change},
      Property{"Mtu", &View::mtu, Emits::change},
      Property{"MacAddress", &View::mac_address, Emits::change},
      Property{"State", &View::state, Emits::change},
      Property{"StateText", &View::state_text, Emits::change},
      Property{"Desired", &View::desired, Emits::change},
      Property{"Differences", &View::differences, Emits::change},
      Property{"LastError", &View::last_error, Emits::change},
      Property{"FailedAt", &View::failed_at, Emits::change},
      Property{"RetryAt", &View::retry_at, Emits::change},
      Property{"Resources", &View::resources, Emits::change},
      Property{"HealthReporters", &View::health_reporters, Emits::change},
      Property{"Notes", &View::notes, Emits::change},
  };
};

template <>
struct Interface<PhysicalFunctionView> {
  using View = PhysicalFunctionView;
  static constexpr const char* name = "org.nicagent1.PhysicalFunction";
  static constexpr auto properties = std::tuple{
      Property{"TotalVfs", &View::total_vfs, Emits::change},
      Property{"NumVfs", &View::num_vfs, Emits::change},
      Property{"DriversAutoprobe", &View::drivers_autoprobe, Emits::change},
      Property{"VfDeviceId", &View::vf_device_id, Emits::change},
      Property{"EswitchMode", &View::eswitch_mode, Emits::change},
      Property{"Representors", &View::representors, Emits::change},
      Property{"ScalableFunctions", &View::scalable_functions, Emits::change},
      Property{"Ports", &View::ports, Emits::change},
      Property{"VirtualFunctions", &View::virtual_functions, Emits::change},
      Property{"Protected", &View::is_protected, Emits::change},
      Property{"ProtectionReasons", &View::protection_reasons, Emits::change},
      Property{"Owned", &View::owned, Emits::change},
      Property{"Found", &View::found, Emits::change},
  };
};

template <>
struct Interface<VirtualFunctionView> {
  using View = VirtualFunctionView;
  static constexpr const char* name = "org.nicagent1.VirtualFunction";
  static constexpr auto properties = std::tuple{
      Property{"PhysicalFunction", &View::physical_function, Emits::constant},
      Property{"Index", &View::index, Emits::constant},
      Property{"Settings", &View::settings, Emits::change},
      Property{"UsedBy", &View::used_by, Emits::change},
      Property{"VdpaDevice", &View::vdpa_device, Emits::change},
      Property{"VdpaDriver", &View::vdpa_driver, Emits::change},
  };
};

template <>
struct Interface<RdmaView> {
  using View = RdmaView;
  static constexpr const char* name = "org.nicagent1.Rdma";
  static constexpr auto properties = std::tuple{
      Property{"Name", &View::name, Emits::change},
      Property{"OtherNames", &View::other_names, Emits::change},
      Property{"NodeGuid", &View::node_guid, Emits::change},
      Property{"SysImageGuid", &View::sys_image_guid, Emits::change},
      Property{"Firmware", &View::firmware, Emits::change},
      Property{"BoardId", &View::board_id, Emits::change},
      Property{"HcaType", &View::hca_type, Emits::change},
      Property{"NodeDescription", &View::node_description, Emits::change},
      Property{"Software", &View::software, Emits::change},
      Property{"Ports", &View::ports, Emits::change},
      Property{"InfinibandPorts", &View::infiniband_ports, Emits::change},
      Property{"CharacterDevices", &View::character_devices, Emits::change},
  };
};

template <>
struct Interface<ModuleView> {
  using View = ModuleView;
  static constexpr const char* name = "org.nicagent1.Module";
  static constexpr auto properties = std::tuple{
      Property{"Name", &View::name, Emits::constant},
      Property{"Wanted", &View::wanted, Emits::change},
      Property{"Loaded", &View::loaded, Emits::change},
      Property{"State", &View::state, Emits::change},
      Property{"File", &View::file, Emits::change},
      Property{"Version", &View::version, Emits::change},
      Property{"VersionFile", &View::version_file, Emits::change},
      Property{"Provider", &View::provider, Emits::change},
      Property{"ProviderRunning", &View::provider_running, Emits::change},
      Property{"Folder", &View::folder, Emits::change},
      Property{"Vermagic", &View::vermagic, Emits::change},
      Property{"VermagicMatches", &View::vermagic_matches, Emits::change},
      Property{"SignatureId", &View::signature_id, Emits::change},
      Property{"Signer", &View::signer, Emits::change},
      Property{"SignatureKey", &View::signature_key, Emits::change},
      Property{"SignatureHash", &View::signature_hash, Emits::change},
      Property{"BuildIdFile", &View::build_id_file, Emits::change},
      Property{"BuildIdRunning", &View::build_id_running, Emits::change},
      Property{"SrcversionFile", &View::srcversion_file, Emits::change},
      Property{"SrcversionRunning", &View::srcversion_running, Emits::change},
      Property{"Taint", &View::taint, Emits::change},
      Property{"Parameters", &View::parameters, Emits::change},
      Property{"BlacklistedBy", &View::blacklisted_by, Emits::change},
      Property{"Verdict", &View::verdict, Emits::change},
      Property{"Findings", &View::findings, Emits::change},
      Property{"Errors", &View::errors, Emits::change},
  };
};

template <>
struct Interface<ResourceView> {
  using View = ResourceView;
  static constexpr const char* name = "org.nicagent1.Resource";
  static constexpr auto properties = std::tuple{
      Property{"Name", &View::name, Emits::constant},
      Property{"Kind", &View::kind, Emits::change},
      Property{"Capacity", &View::capacity, Emits::change},
      Property{"Healthy", &View::healthy, Emits::change},
      Property{"KubeletState", &View::kubelet_state, Emits::change},
      Property{"Socket", &View::socket, Emits::change},
      Property{"Rival", &View::rival, Emits::change},
      Property{"StandingBy", &View::standing_by, Emits::change},
      Property{"Unhealthy", &View::unhealthy, Emits::change},
      Property{"Warnings", &View::warnings, Emits::change},
      Property{"Holders", &View::holders, Emits::change},
      Property{"Disagreement", &View::disagreement, Emits::change},
      Property{"Devices", &View::devices, Emits::change},
      Property{"NotReady", &View::not_ready, Emits::change},
      Property{"LastError", &View::last_error, Emits::change},
  };
};

template <>
struct Interface<JobView> {
  using View = JobView;
  static constexpr const char* name = "org.nicagent1.Job";
  static constexpr auto properties = std::tuple{
      Property{"Id", &View::id, Emits::constant},
      Property{"Kind", &View::kind, Emits::constant},
      Property{"State", &View::state, Emits::change},
      Property{"Step", &View::step, Emits::change},
      Property{"Steps", &View::steps, Emits::change},
      Property{"Text", &View::text, Emits::change},
      Property{"StartedAt", &View::started_at, Emits::constant},
      Property{"CallerUid", &View::caller_uid, Emits::constant},
      Property{"Devices", &View::devices, Emits::constant},
  };
};

// visit(property) for each property of the interface.
template <class View, class F>
constexpr void each_property(F&& visit) {
  std::apply([&](const auto&... property) { (visit(property), ...); }, Interface<View>::properties);
}

// Names of the properties that differ, in the order of the interface.
template <class View>
[[nodiscard]] std::vector<const char*> changed_properties(const View& before, const View& after) {
  std::vector<const char*> names;
  each_property<View>([&](const auto& property) {
    if (!(before.*property.member == after.*property.member)) names.push_back(property.name);
  });
  return names;
}

// Whether the constant properties are the same. If they are not it is another object, at the same place.
template <class View>
[[nodiscard]] bool same_identity(const View& before, const View& after) {
  bool same = true;
  each_property<View>([&](const auto& property) {
    if (property.emits == Emits::constant && !(before.*property.member == after.*property.member)) same = false;
  });
  return same;
}

}  // namespace nic::dbus
