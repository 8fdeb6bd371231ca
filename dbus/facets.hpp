// The interfaces of the objects as sdbus-c++ wants them: one class for each, whose getters read the current view.
// Each is an object of its own on the bus library's side, several at one path, so that Rdma can come and go.
// Thread: the loop's.
#pragma once

#include "dbus/compat.hpp"
#include "dbus/errors.hpp"
#include "dbus/generated/adaptors.hpp"
#include "dbus/properties.hpp"

#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace nic::dbus {

// Values of a view as the bus library spells them.
template <class R, std::size_t... At>
auto row_type(std::index_sequence<At...>) -> sdbus::Struct<
    std::remove_cvref_t<decltype(std::declval<const R&>().*(std::get<At>(Fields<R>::fields).member))>...>;
template <class R>
using Row = decltype(row_type<R>(std::make_index_sequence<std::tuple_size_v<decltype(Fields<R>::fields)>>{}));

template <class T>
  requires std::is_arithmetic_v<T>
T to_bus(T value) {
  return value;
}
inline std::string to_bus(const std::string& text) { return text; }
inline std::vector<std::string> to_bus(const std::vector<std::string>& texts) { return texts; }
inline sdbus::ObjectPath to_bus(const Path& path) { return sdbus::ObjectPath{path.text}; }
template <class R>
  requires requires { Fields<R>::fields; }
Row<R> to_bus(const R& row) {
  return std::apply([&](const auto&... field) { return Row<R>{row.*field.member...}; }, Fields<R>::fields);
}
template <class T>
auto to_bus(const std::vector<T>& items) {
  std::vector<decltype(to_bus(std::declval<const T&>()))> list;
  for (const auto& item : items) list.push_back(to_bus(item));
  return list;
}
template <class... Kinds>
std::map<std::string, sdbus::Variant> to_bus(const std::map<std::string, std::variant<Kinds...>>& dictionary) {
  std::map<std::string, sdbus::Variant> result;
  for (const auto& [key, value] : dictionary)
    result.emplace(key, std::visit([](const auto& held) { return sdbus::Variant{held}; }, value));
  return result;
}

// Where the values of one interface of one object stand in the view.
template <class V>
const V& find(const View& view, const std::string& path) {
  if constexpr (std::is_same_v<V, ManagerView>)
    return view.manager;
  else if constexpr (std::is_same_v<V, DeviceView>)
    return view.devices.at(path).device;
  else if constexpr (std::is_same_v<V, PhysicalFunctionView>)
    return view.devices.at(path).physical_function.value();
  else if constexpr (std::is_same_v<V, VirtualFunctionView>)
    return view.devices.at(path).virtual_function.value();
  else if constexpr (std::is_same_v<V, RdmaView>)
    return view.devices.at(path).rdma.value();
  else if constexpr (std::is_same_v<V, ModuleView>)
    return view.modules.at(path);
  else if constexpr (std::is_same_v<V, ResourceView>)
    return view.resources.at(path);
  else
    return view.jobs.at(path);
}

// `current` outlives the facet and changes its value with every publish.
template <class V, class Adaptor>
class Facet : public sdbus::AdaptorInterfaces<Adaptor> {
 public:
  Facet(sdbus::IConnection& bus, const std::string& path, const View& current)
      : sdbus::AdaptorInterfaces<Adaptor>{bus, sdbus::ObjectPath{path}}, path_{path}, current_{current} {
    this->registerAdaptor();
  }
  Facet(const Facet&) = delete;
  Facet& operator=(const Facet&) = delete;

  [[nodiscard]] sdbus::IObject& object() { return this->getObject(); }

 protected:
  ~Facet() { this->unregisterAdaptor(); }

  template <class T>
  auto read(T V::* member) const {
    return answer([&] {
      return std::decay_t<decltype(to_bus(std::declval<const T&>()))>(to_bus(find<V>(current_, path_).*member));
    });
  }
  [[nodiscard]] std::string sender() { return compat::sender(object()); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  const View& current_;
};

class DeviceFacet final : public Facet<DeviceView, org::nicagent1::Device_adaptor> {
 public:
  using Facet::Facet;

 private:
  std::string PciAddress() override { return read(&DeviceView::pci_address); }
  std::uint16_t VendorId() override { return read(&DeviceView::vendor_id); }
  std::uint16_t DeviceId() override { return read(&DeviceView::device_id); }
  std::uint16_t SubsystemVendorId() override { return read(&DeviceView::subsystem_vendor_id); }
  std::uint16_t SubsystemDeviceId() override { return read(&DeviceView::subsystem_device_id); }
  std::string Kind() override { return read(&DeviceView::kind); }
  std::string Serial() override { return read(&DeviceView::serial); }
  std::string Driver() override { return read(&DeviceView::driver); }
  std::int32_t NumaNode() override { return read(&DeviceView::numa_node); }
  std::int32_t IommuGroup() override { return read(&DeviceView::iommu_group); }
  std::vector<std::string> NetworkInterfaces() override { return read(&DeviceView::network_interfaces); }
  std::string LinkState() override { return read(&DeviceView::link_state); }
  std::uint32_t LinkSpeed() override { return read(&DeviceView::link_speed); }
  std::string LinkType() override { return read(&DeviceView::link_type); }
  std::uint32_t Mtu() override { return read(&DeviceView::mtu); }
  std::string MacAddress() override { return read(&DeviceView::mac_address); }
  std::string State() override { return read(&DeviceView::state); }
  std::string StateText() override { return read(&DeviceView::state_text); }
  std::map<std::string, sdbus::Variant> Desired() override { return read(&DeviceView::desired); }
  std::vector<Row<DifferenceRow>> Differences() override { return read(&DeviceView::differences); }
  Row<ErrorRow> LastError() override { return read(&DeviceView::last_error); }
  std::uint64_t FailedAt() override { return read(&DeviceView::failed_at); }
  std::uint64_t RetryAt() override { return read(&DeviceView::retry_at); }
  std::vector<sdbus::ObjectPath> Resources() override { return read(&DeviceView::resources); }
  std::vector<Row<ReporterRow>> HealthReporters() override { return read(&DeviceView::health_reporters); }
  std::vector<std::string> Notes() override { return read(&DeviceView::notes); }
};

class PhysicalFunctionFacet final : public Facet<PhysicalFunctionView, org::nicagent1::PhysicalFunction_adaptor> {
 public:
  using Facet::Facet;

 private:
  std::uint32_t TotalVfs() override { return read(&PhysicalFunctionView::total_vfs); }
  std::uint32_t NumVfs() override { return read(&PhysicalFunctionView::num_vfs); }
  bool DriversAutoprobe() override { return read(&PhysicalFunctionView::drivers_autoprobe); }
  std::uint16_t VfDeviceId() override { return read(&PhysicalFunctionView::vf_device_id); }
  std::string EswitchMode() override { return read(&PhysicalFunctionView::eswitch_mode); }
  std::vector<std::string> Representors() override { return read(&PhysicalFunctionView::representors); }
  std::vector<std::string> ScalableFunctions() override { return read(&PhysicalFunctionView::scalable_functions); }
  std::vector<Row<DevlinkPortRow>> Ports() override { return read(&PhysicalFunctionView::ports); }
  std::vector<sdbus::ObjectPath> VirtualFunctions() override { return read(&PhysicalFunctionView::virtual_functions); }
  bool Protected() override { return read(&PhysicalFunctionView::is_protected); }
  std::vector<std::string> ProtectionReasons() override { return read(&PhysicalFunctionView::protection_reasons); }
  bool Owned() override { return read(&PhysicalFunctionView::owned); }
  std::map<std::string, sdbus::Variant> Found() override { return read(&PhysicalFunctionView::found); }
};

class VirtualFunctionFacet final : public Facet<VirtualFunctionView, org::nicagent1::VirtualFunction_adaptor> {
 public:
  using Facet::Facet;

 private:
  sdbus::ObjectPath PhysicalFunction() override { return read(&VirtualFunctionView::physical_function); }
  std::uint32_t Index() override { return read(&VirtualFunctionView::index); }
  std::map<std::string, sdbus::Variant> Settings() override { return read(&VirtualFunctionView::settings); }
  std::string UsedBy() override { return read(&VirtualFunctionView::used_by); }
  std::string VdpaDevice() override { return read(&VirtualFunctionView::vdpa_device); }
  std::string VdpaDriver() override { return read(&VirtualFunctionView::vdpa_driver); }
};

class RdmaFacet final : public Facet<RdmaView, org::nicagent1::Rdma_adaptor> {
 public:
  using Facet::Facet;

 private:
  std::string Name() override { return read(&RdmaView::name); }
  std::vector<std::string> OtherNames() override { return read(&RdmaView::other_names); }
  std::string NodeGuid() override { return read(&RdmaView::node_guid); }
  std::string SysImageGuid() override { return read(&RdmaView::sys_image_guid); }
  std::string Firmware() override { return read(&RdmaView::firmware); }
  std::string BoardId() override { return read(&RdmaView::board_id); }
  std::string HcaType() override { return read(&RdmaView::hca_type); }
  std::string NodeDescription() override { return read(&RdmaView::node_description); }
  bool Software() override { return read(&RdmaView::software); }
  std::vector<Row<PortRow>> Ports() override { return read(&RdmaView::ports); }
  std::vector<Row<InfinibandPortRow>> InfinibandPorts() override { return read(&RdmaView::infiniband_ports); }
  std::vector<std::string> CharacterDevices() override { return read(&RdmaView::character_devices); }
};

class ModuleFacet final : public Facet<ModuleView, org::nicagent1::Module_adaptor> {
 public:
  using Facet::Facet;

 private:
  std::string Name() override { return read(&ModuleView::name); }
  bool Wanted() override { return read(&ModuleView::wanted); }
  bool Loaded() override { return read(&ModuleView::loaded); }
  std::string State() override { return read(&ModuleView::state); }
  std::string File() override { return read(&ModuleView::file); }
  std::string Version() override { return read(&ModuleView::version); }
  std::string VersionFile() override { return read(&ModuleView::version_file); }
  std::string Provider() override { return read(&ModuleView::provider); }
  std::string ProviderRunning() override { return read(&ModuleView::provider_running); }
  std::string Folder() override { return read(&ModuleView::folder); }
  std::string Vermagic() override { return read(&ModuleView::vermagic); }
  bool VermagicMatches() override { return read(&ModuleView::vermagic_matches); }
  std::string SignatureId() override { return read(&ModuleView::signature_id); }
  std::string Signer() override { return read(&ModuleView::signer); }
  std::string SignatureKey() override { return read(&ModuleView::signature_key); }
  std::string SignatureHash() override { return read(&ModuleView::signature_hash); }
  std::string BuildIdFile() override { return read(&ModuleView::build_id_file); }
  std::string BuildIdRunning() override { return read(&ModuleView::build_id_running); }
  std::string SrcversionFile() override { return read(&ModuleView::srcversion_file); }
  std::string SrcversionRunning() override { return read(&ModuleView::srcversion_running); }
  std::string Taint() override { return read(&ModuleView::taint); }
  std::vector<Row<ParameterRow>> Parameters() override { return read(&ModuleView::parameters); }
  std::string BlacklistedBy() override { return read(&ModuleView::blacklisted_by); }
  std::string Verdict() override { return read(&ModuleView::verdict); }
  std::vector<Row<FindingRow>> Findings() override { return read(&ModuleView::findings); }
  std::vector<Row<ErrorRow>> Errors() override { return read(&ModuleView::errors); }
};

class ResourceFacet final : public Facet<ResourceView, org::nicagent1::Resource_adaptor> {
 public:
  using Facet::Facet;

 private:
  std::string Name() override { return read(&ResourceView::name); }
  std::string Kind() override { return read(&ResourceView::kind); }
  std::uint32_t Capacity() override { return read(&ResourceView::capacity); }
  std::uint32_t Healthy() override { return read(&ResourceView::healthy); }
  std::string KubeletState() override { return read(&ResourceView::kubelet_state); }
  std::string Socket() override { return read(&ResourceView::socket); }
  std::string Rival() override { return read(&ResourceView::rival); }
  bool StandingBy() override { return read(&ResourceView::standing_by); }
  std::vector<Row<UnhealthyRow>> Unhealthy() override { return read(&ResourceView::unhealthy); }
  std::vector<std::string> Warnings() override { return read(&ResourceView::warnings); }
  std::vector<Row<HolderRow>> Holders() override { return read(&ResourceView::holders); }
  Row<ErrorRow> Disagreement() override { return read(&ResourceView::disagreement); }
  std::vector<sdbus::ObjectPath> Devices() override { return read(&ResourceView::devices); }
  std::vector<Row<DifferenceRow>> NotReady() override { return read(&ResourceView::not_ready); }
  Row<ErrorRow> LastError() override { return read(&ResourceView::last_error); }
};

}  // namespace nic::dbus
