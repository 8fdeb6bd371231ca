#include "dbus/view.hpp"

#include "dbus/properties.hpp"
#include "dbus/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace nic::dbus {
namespace {

using model::PciAddress;
using model::Snapshot;

// Makes every text of a view valid UTF-8: names and descriptions come from firmware and from whoever renames things.
void clean(std::string& text) {
  if (!std::ranges::all_of(text, [](char c) { return c > 0; })) text = utf8(text);
}
template <class Number>
  requires std::is_arithmetic_v<Number>
void clean(Number&) {}
void clean(Path&) {}  // made of ASCII only
template <class Item>
void clean(std::vector<Item>& items);
void clean(Dictionary& dictionary) {
  for (auto& [key, value] : dictionary) std::visit([](auto& held) { clean(held); }, value);
}
template <class Row>
  requires requires { Fields<Row>::fields; }
void clean(Row& row) {
  std::apply([&](const auto&... field) { (clean(row.*field.member), ...); }, Fields<Row>::fields);
}
template <class Item>
void clean(std::vector<Item>& items) {
  for (auto& item : items) clean(item);
}
template <class View>
  requires requires { Interface<View>::name; }
View cleaned(View view) {
  each_property<View>([&](const auto& property) { clean(view.*property.member); });
  return view;
}

std::string text(std::string_view word) { return std::string{word}; }

std::vector<DifferenceRow> rows(const std::vector<model::Difference>& differences) {
  std::vector<DifferenceRow> rows;
  for (const auto& d : differences) rows.push_back({d.what, d.have, d.want});
  return rows;
}

std::vector<ErrorRow> rows(const std::vector<model::Error>& errors) {
  std::vector<ErrorRow> rows;
  for (const auto& error : errors) rows.push_back(row(error));
  return rows;
}

std::string without_advice(model::Error error) {
  error.advice.clear();
  return error.text();
}

ProblemRow problem(std::string subject, const model::Error& error) {
  if (subject.empty()) subject = error.object;
  return {std::move(subject), without_advice(error), error.advice};
}

// What belongs to each function, gathered once: 1,024 functions times 1,024 interfaces is too much to search.
struct Index {
  std::map<PciAddress, std::vector<const model::NetDevice*>> interfaces, representors, scalable_functions;
  std::map<PciAddress, std::vector<const model::RdmaDevice*>> rdma;
  std::map<PciAddress, std::vector<Path>> resources;

  explicit Index(const Snapshot& snapshot) {
    for (const auto& device : snapshot.inventory.net_devices)
      if (device.function) kind_of(device)[*device.function].push_back(&device);
    for (auto* kind : {&interfaces, &representors, &scalable_functions})
      for (auto& [address, devices] : *kind)
        std::ranges::sort(devices, {}, [](const auto* device) { return device->ifindex; });
    for (const auto& device : snapshot.inventory.rdma_devices)
      if (device.function) rdma[*device.function].push_back(&device);
    // Hardware first, then by name: the first one is the one that is shown.
    for (auto& [address, devices] : rdma)
      std::ranges::sort(devices, {}, [](const auto* device) { return std::pair{device->software, device->name}; });
    for (const auto& pool : snapshot.pools)
      for (const auto& function : pool.functions) resources[function].push_back({resource_path(pool.resource.name)});
  }

  std::map<PciAddress, std::vector<const model::NetDevice*>>& kind_of(const model::NetDevice& device) {
    if (device.scalable_function) return scalable_functions;
    return device.representor() ? representors : interfaces;
  }

  template <class Item>
  static const std::vector<Item>& at(const std::map<PciAddress, std::vector<Item>>& map, const PciAddress& address) {
    static const std::vector<Item> none;
    const auto found = map.find(address);
    return found == map.end() ? none : found->second;
  }
};

// Only what is told, or wished.
void add(Dictionary& entries, const model::VfSettings& settings) {
  if (settings.mac) entries["MacAddress"] = settings.mac->text();
  if (settings.node_guid) entries["NodeGuid"] = settings.node_guid->text();
  if (settings.port_guid) entries["PortGuid"] = settings.port_guid->text();
  if (settings.vlan) {
    entries["Vlan"] = std::uint32_t{settings.vlan->id};
    entries["VlanQos"] = std::uint32_t{settings.vlan->qos};
    entries["VlanProtocol"] = text(word(settings.vlan->protocol));
  }
  if (settings.trust) entries["Trust"] = *settings.trust;
  if (settings.spoof_check) entries["SpoofCheck"] = *settings.spoof_check;
  if (settings.link_state) entries["LinkState"] = text(word(*settings.link_state));
  if (settings.min_tx_rate) entries["MinTxRate"] = std::uint32_t{*settings.min_tx_rate};
  if (settings.max_tx_rate) entries["MaxTxRate"] = std::uint32_t{*settings.max_tx_rate};
}

Dictionary wanted_of(const model::PciFunction& function, const model::Desired& desired) {
  Dictionary wanted;
  if (const auto pcie = desired.pcie.find(function.address);
      pcie != desired.pcie.end() && pcie->second.max_read_request)
    wanted["MaxReadRequest"] = std::uint32_t{*pcie->second.max_read_request};
  if (const auto pf = desired.pfs.find(function.address); pf != desired.pfs.end()) {
    wanted["NumVfs"] = std::uint32_t{pf->second.num_vfs};
    if (pf->second.eswitch_mode) wanted["EswitchMode"] = text(word(*pf->second.eswitch_mode));
    if (pf->second.mtu) wanted["Mtu"] = std::uint32_t{*pf->second.mtu};
    wanted["Policies"] = pf->second.policies;
  } else if (function.physfn && function.vf_index) {
    const auto parent = desired.pfs.find(*function.physfn);
    if (parent == desired.pfs.end()) return wanted;
    const auto vf = parent->second.vfs.find(*function.vf_index);
    if (vf == parent->second.vfs.end()) return wanted;
    wanted["DeviceType"] = text(word(vf->second.device_type));
    if (vf->second.mtu) wanted["Mtu"] = std::uint32_t{*vf->second.mtu};
    if (vf->second.is_rdma) wanted["IsRdma"] = true;
    if (vf->second.vdpa_type) wanted["VdpaType"] = text(word(*vf->second.vdpa_type));
    wanted["Policies"] = std::vector{vf->second.policy};
    add(wanted, vf->second.settings);
  }
  return wanted;
}

model::LinkType link_type_of(const std::vector<const model::NetDevice*>& interfaces,
                             const std::vector<const model::RdmaDevice*>& rdma) {
  if (!interfaces.empty()) return interfaces.front()->link_type;
  if (!rdma.empty() && !rdma.front()->ports.empty()) return rdma.front()->ports.front().link_layer;
  return model::LinkType::unknown;
}

std::vector<ReporterRow> rows(const std::vector<model::HealthReporter>& reporters) {
  std::vector<ReporterRow> rows;
  for (const auto& one : reporters)
    rows.push_back({one.name, one.port ? std::int64_t{*one.port} : -1, one.healthy, one.errors, one.recoveries});
  return rows;
}

DeviceView device_view(const model::PciFunction& function, const Snapshot& snapshot, const Index& index) {
  const auto& interfaces = Index::at(index.interfaces, function.address);
  DeviceView view;
  view.pci_address = function.address.text();
  view.vendor_id = function.vendor;
  view.device_id = function.device;
  view.subsystem_vendor_id = function.subsystem_vendor;
  view.subsystem_device_id = function.subsystem_device;
  view.kind = text(word(function.kind()));
  view.serial = function.serial_number.value_or("");
  view.driver = function.driver.value_or("");
  view.numa_node = function.numa_node.value_or(-1);
  view.iommu_group = function.iommu_group ? static_cast<std::int32_t>(*function.iommu_group) : -1;
  for (const auto* interface : interfaces) view.network_interfaces.push_back(interface->name);
  if (!interfaces.empty()) {
    view.link_state = interfaces.front()->operstate;
    view.link_speed = interfaces.front()->speed_mbps.value_or(0);
    view.mtu = interfaces.front()->mtu;
    view.mac_address = interfaces.front()->address;
  }
  view.link_type = text(word(link_type_of(interfaces, Index::at(index.rdma, function.address))));
  view.desired = wanted_of(function, snapshot.desired);
  view.resources = Index::at(index.resources, function.address);
  view.health_reporters = rows(function.reporters);
  for (const auto& error : function.problems) view.notes.push_back(error.text());
  view.state = text(word(model::FunctionState::unmanaged));
  if (const auto status = snapshot.functions.find(function.address); status != snapshot.functions.end()) {
    view.state = text(word(status->second.state));
    view.state_text = status->second.text;
    view.differences = rows(status->second.differences);
    if (status->second.last_error) view.last_error = row(*status->second.last_error);
    view.failed_at = status->second.failed_usec;
    view.retry_at = status->second.retry_usec;
  }
  return view;
}

DevlinkPortRow port_row(const model::DevlinkPort& port, const model::Inventory& inventory) {
  const auto or_none = [](std::optional<unsigned> number) { return number ? std::int64_t{*number} : -1; };
  const auto* net = port.net_ifindex ? inventory.net_device(*port.net_ifindex) : nullptr;
  return {port.index,
          port.flavour ? text(word(*port.flavour)) : "unknown",
          or_none(port.controller),
          or_none(port.pf),
          or_none(port.sf ? port.sf : port.vf),
          net == nullptr ? "" : net->name};
}

// "VF 3: driver igbvf, mtu 1500, vlan none"
std::vector<std::string> lines(const model::FoundVfs& vfs) {
  std::vector<std::string> lines;
  for (const auto& [address, found] : vfs) {
    std::string line;
    const auto add = [&](std::string_view name, const std::string& value) {
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ", name, value);
    };
    if (found.driver) add("driver", found.driver->empty() ? "none" : *found.driver);
    if (found.mtu) add("mtu", std::to_string(*found.mtu));
    for (const auto& [name, value] : named(found.settings)) add(name, value);
    if (!line.empty()) lines.push_back(fmt::format("VF {}: {}", found.index, line));
  }
  return lines;
}

PhysicalFunctionView pf_view(const model::PciFunction& function, const Snapshot& snapshot, const Index& index) {
  PhysicalFunctionView view;
  const auto& sriov = *function.sriov;
  view.total_vfs = sriov.total_vfs;
  view.num_vfs = sriov.num_vfs;
  view.drivers_autoprobe = sriov.drivers_autoprobe;
  view.vf_device_id = sriov.vf_device_id.value_or(0);
  if (function.eswitch_mode) view.eswitch_mode = text(word(*function.eswitch_mode));
  for (const auto* net : Index::at(index.representors, function.address)) view.representors.push_back(net->name);
  for (const auto* net : Index::at(index.scalable_functions, function.address))
    view.scalable_functions.push_back(net->name);
  for (const auto& port : function.ports) view.ports.push_back(port_row(port, snapshot.inventory));
  // Only those that are objects: the link may come before the function, or stay a moment longer.
  for (const auto& [at, address] : sriov.virtfns)
    if (snapshot.inventory.functions.contains(address)) view.virtual_functions.push_back({device_path(address)});
  if (const auto status = snapshot.functions.find(function.address); status != snapshot.functions.end())
    view.protection_reasons = status->second.protection;
  view.is_protected = !view.protection_reasons.empty();
  if (const auto owned = snapshot.owned.find(function.address); owned != snapshot.owned.end()) {
    const auto& found = owned->second.found;
    view.owned = true;
    if (found.num_vfs) view.found["NumVfs"] = std::uint32_t{*found.num_vfs};
    if (found.mtu) view.found["Mtu"] = std::uint32_t{*found.mtu};
    if (found.eswitch_mode) view.found["EswitchMode"] = text(word(*found.eswitch_mode));
    if (auto vfs = lines(found.vfs); !vfs.empty()) view.found["VirtualFunctions"] = std::move(vfs);
    if (found.max_read_request) view.found["MaxReadRequest"] = std::uint32_t{*found.max_read_request};
  }
  return view;
}

VirtualFunctionView vf_view(const model::PciFunction& function, const PciAddress& pf, unsigned vf_index,
                            const Index& index) {
  VirtualFunctionView view;
  view.physical_function = {device_path(pf)};
  view.index = vf_index;
  view.used_by = function.in_use;
  if (!function.vdpa.empty()) {
    view.vdpa_device = function.vdpa.front().name;
    view.vdpa_driver = function.vdpa.front().driver;
  }
  for (const auto* net : Index::at(index.interfaces, pf))
    if (const auto told = net->vfs.find(vf_index); told != net->vfs.end()) add(view.settings, told->second);
  return view;
}

RdmaView rdma_view(const std::vector<const model::RdmaDevice*>& devices) {
  const auto& device = *devices.front();
  RdmaView view;
  view.name = device.name;
  for (std::size_t at = 1; at < devices.size(); ++at) view.other_names.push_back(devices[at]->name);
  view.node_guid = device.node_guid;
  view.sys_image_guid = device.sys_image_guid;
  view.firmware = device.firmware;
  view.board_id = device.board_id;
  view.hca_type = device.hca_type;
  view.node_description = device.node_description;
  view.software = device.software;
  for (const auto& port : device.ports)
    view.ports.push_back({port.number, port.state, port.phys_state, text(word(port.link_layer)), port.rate});
  for (const auto& port : device.ports) {
    if (port.link_layer != model::LinkType::infiniband) continue;
    view.infiniband_ports.push_back({port.number, port.guid, {}});
    for (const auto key : port.pkeys) view.infiniband_ports.back().pkeys.push_back(fmt::format("0x{:04x}", key));
  }
  for (const auto& node : device.nodes) view.character_devices.push_back(node.path);
  return view;
}

std::vector<FindingRow> rows(const std::vector<model::Finding>& findings) {
  std::vector<FindingRow> all;
  for (const auto& finding : findings) all.push_back({text(word(finding.severity)), finding.text});
  return all;
}

ParameterRow parameter_row(const model::ModuleParameter& parameter) {
  const char* same = !parameter.differs ? "unknown" : *parameter.differs ? "no" : "yes";
  return {parameter.name, parameter.wanted, parameter.running.value_or(""), same};
}

ModuleView module_view(const model::ModuleReport& report) {
  ModuleView view;
  view.name = report.name;
  view.wanted = report.wanted;
  view.loaded = report.loaded();
  view.state = text(word(report.state));
  view.file = report.file;
  view.version = report.version;
  view.version_file = report.version_file;
  view.provider = text(word(report.provider_file));
  view.provider_running = text(word(report.provider_running));
  view.folder = report.folder;
  view.vermagic = report.vermagic;
  view.vermagic_matches = report.vermagic_matches;
  view.signature_id = report.signature_id;
  view.signer = report.signer;
  view.signature_key = report.signature_key;
  view.signature_hash = report.signature_hash;
  view.build_id_file = report.build_id_file;
  view.build_id_running = report.build_id_running;
  view.srcversion_file = report.srcversion_file;
  view.srcversion_running = report.srcversion_running;
  view.taint = report.taint;
  for (const auto& parameter : report.parameters) view.parameters.push_back(parameter_row(parameter));
  view.blacklisted_by = report.blacklisted_by;
  view.verdict = text(word(report.verdict));
  view.findings = rows(report.findings);
  view.errors = rows(report.errors);
  return view;
}

ResourceView resource_view(const model::Pool& pool, const Snapshot& snapshot) {
  ResourceView view;
  view.name = pool.resource.name;
  view.kind = text(word(pool.resource.kind));
  view.capacity = pool.capacity;
  view.healthy = pool.healthy;
  view.kubelet_state = text(word(model::KubeletState::down));
  if (const auto endpoint = snapshot.endpoints.find(pool.resource.name); endpoint != snapshot.endpoints.end()) {
    view.kubelet_state = text(word(endpoint->second.state));
    view.socket = endpoint->second.socket;
    view.rival = endpoint->second.rival;
    view.standing_by = endpoint->second.standing_by;
    for (const auto& holder : endpoint->second.holders)
      view.holders.push_back({holder.device, holder.pod, holder.container});
    if (endpoint->second.disagreement) view.disagreement = row(*endpoint->second.disagreement);
    if (endpoint->second.last_error) view.last_error = row(*endpoint->second.last_error);
  }
  for (const auto& function : pool.functions)  // accelerators have no objects
    if (snapshot.inventory.functions.contains(function)) view.devices.push_back({device_path(function)});
  view.not_ready = rows(pool.not_ready);
  if (!pool.unhealthy.empty()) view.unhealthy.push_back({"", pool.unhealthy});
  for (const auto& device : pool.devices)
    if (!device.healthy) view.unhealthy.push_back({device.id, device.unhealthy});
  view.warnings = pool.warnings;
  return view;
}

GpuPathRow path_row(const model::GpuPath& path) {
  GpuPathRow row{
      path.gpu.text(), path.nic.text(), text(word(path.level)), path.nearest, text(word(path.verdict)), {}, {}};
  for (const auto& bridge : path.bridges) row.bridges.push_back(bridge.text());
  for (const auto& finding : path.findings)
    row.findings.push_back(fmt::format("{} {} {}", word(finding.severity), finding.word, finding.text));
  return row;
}

ManagerView manager_view(const Snapshot& snapshot, std::string_view version) {
  ManagerView view;
  view.version = version;
  view.state = text(word(snapshot.state));
  for (const auto& component : snapshot.components)
    view.components.push_back({component.name, text(word(component.state)), component.text});
  view.reboot_required = !snapshot.reboot_reasons.empty();
  view.reboot_reasons = snapshot.reboot_reasons;
  view.config_generation = snapshot.config_generation;
  view.applied_generation = snapshot.applied_generation;
  view.settled = snapshot.settled;
  if (snapshot.config) view.config_sources = snapshot.config->sources;
  view.config_errors = rows(snapshot.config_errors);
  view.problem_details = problems(snapshot);
  view.problems = static_cast<std::uint32_t>(view.problem_details.size());
  const auto& drivers = snapshot.drivers;
  view.driver_verdict = text(word(drivers.verdict));
  view.driver_findings = rows(drivers.findings);
  view.rdma_stack = {text(word(drivers.running)), text(word(drivers.on_disk)), drivers.version, drivers.user_space};
  view.peer_memory = {text(word(drivers.peer_memory.way)), text(word(drivers.peer_memory.readiness)),
                      drivers.peer_memory.text, drivers.peer_memory.registrations};
  for (const auto& path : snapshot.gpu_paths) view.gpu_paths.push_back(path_row(path));
  return view;
}

void module_problems(const model::ModuleReport& module, std::vector<ProblemRow>& problems) {
  if (!module.wanted) return;
  const auto known = problems.size();
  for (const auto& error : module.errors) problems.push_back(problem(module.name, error));
  for (const auto& finding : module.findings)
    if (finding.severity == model::Verdict::fail) problems.push_back({module.name, finding.text, ""});
  if (problems.size() == known && !module.loaded())
    problems.push_back({module.name, "the module is required and is not loaded", ""});
}

void function_problems(const PciAddress& address, const model::FunctionStatus& status, const model::PfPlan* plan,
                       std::vector<ProblemRow>& problems) {
  for (const auto& broken : status.health) problems.push_back(problem(address.text(), broken));
  if (status.last_error)
    problems.push_back(problem(address.text(), *status.last_error));
  else if (status.state == model::FunctionState::failed || status.state == model::FunctionState::stuck)
    problems.push_back({address.text(), status.text, ""});
  if (plan == nullptr) return;
  for (const auto& refusal : plan->refusals)
    if (refusal.error != status.last_error) problems.push_back(problem(address.text(), refusal.error));
}

}  // namespace

ErrorRow row(const model::Error& error) {
  const auto reason = word(error.module_reason);
  return {text(reason.empty() ? word(error.code) : reason), error.errno_value, error.operation, error.object,
          error.advice};
}

std::vector<ProblemRow> problems(const Snapshot& snapshot) {
  std::vector<ProblemRow> problems;
  for (const auto& error : snapshot.config_errors) problems.push_back(problem({}, error));
  for (const auto& error : snapshot.inventory.problems) problems.push_back(problem({}, error));
  for (const auto& [address, function] : snapshot.inventory.functions)
    for (const auto& error : function.problems) problems.push_back(problem(address.text(), error));
  if (snapshot.rdma_problem) problems.push_back(problem("rdma", *snapshot.rdma_problem));
  for (const auto& conflict : snapshot.desired.conflicts)
    problems.push_back(problem(conflict.pf ? conflict.pf->text() : "", conflict.error));
  std::map<PciAddress, const model::PfPlan*> plans;
  for (const auto& plan : snapshot.plan.pfs) plans[plan.pf] = &plan;
  for (const auto& [address, status] : snapshot.functions) {
    const auto plan = plans.find(address);
    function_problems(address, status, plan == plans.end() ? nullptr : plan->second, problems);
    if (plan != plans.end()) plans.erase(plan);
  }
  for (const auto& [address, plan] : plans) function_problems(address, {}, plan, problems);  // a PF that is not there
  for (const auto& module : snapshot.modules) module_problems(module, problems);
  for (const auto& [resource, endpoint] : snapshot.endpoints)
    for (const auto& error : {endpoint.last_error, endpoint.disagreement})
      if (error) problems.push_back(problem(resource, *error));
  return problems;
}

JobView view(const model::Job& job) {
  JobView view;
  view.id = job.id;
  view.kind = job.kind;
  view.state = text(word(job.state));
  view.step = job.step;
  view.steps = job.steps;
  view.text = job.text;
  view.started_at = job.started_usec;
  view.caller_uid = job.caller_uid;
  for (const auto& device : job.devices) view.devices.push_back({device_path(device)});
  return cleaned(std::move(view));
}

View view(const Snapshot& snapshot, std::string_view version) {
  const Index index{snapshot};
  View view;
  view.manager = cleaned(manager_view(snapshot, version));
  for (const auto& [address, function] : snapshot.inventory.functions) {
    auto& object = view.devices[device_path(address)];
    object.device = cleaned(device_view(function, snapshot, index));
    if (function.kind() == model::FunctionKind::pf)
      object.physical_function = cleaned(pf_view(function, snapshot, index));
    if (function.physfn && function.vf_index)
      object.virtual_function = cleaned(vf_view(function, *function.physfn, *function.vf_index, index));
    if (const auto& rdma = Index::at(index.rdma, address); !rdma.empty()) object.rdma = cleaned(rdma_view(rdma));
  }
  for (const auto& module : snapshot.modules) view.modules[module_path(module.name)] = cleaned(module_view(module));
  for (const auto& pool : snapshot.pools)
    view.resources[resource_path(pool.resource.name)] = cleaned(resource_view(pool, snapshot));
  for (const auto& job : snapshot.jobs) view.jobs[job_path(job.id)] = dbus::view(job);
  return view;
}

}  // namespace nic::dbus
