#include "dbus/node_state.hpp"

#include "dbus/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace nic::dbus {
namespace {

using Json = nlohmann::ordered_json;
using model::ComponentState;
using model::FunctionState;
using model::Inventory;
using model::NetDevice;
using model::PciFunction;
using model::Snapshot;

// Kubernetes' omitempty.
void put(Json& object, const char* field, const std::string& text) {
  if (!text.empty()) object[field] = utf8(text);
}
void put(Json& object, const char* field, unsigned number) {
  if (number != 0) object[field] = number;
}

std::string hex(std::uint16_t id) { return fmt::format("{:04x}", id); }

std::string link_type(model::LinkType type) {
  switch (type) {
    case model::LinkType::ethernet: return "ETH";
    case model::LinkType::infiniband: return "IB";
    case model::LinkType::unknown: return "";
  }
  return "";
}

// What hangs on each function, gathered once: 1,024 functions times 1,024 interfaces is too much to search.
struct Index {
  std::map<model::PciAddress, std::vector<const NetDevice*>> interfaces;  // their own, by ifindex
  std::map<model::PciAddress, std::vector<const model::RdmaDevice*>> rdma;

  explicit Index(const Inventory& inventory) {
    for (const auto& net : inventory.net_devices)
      if (net.function && net.own()) interfaces[*net.function].push_back(&net);
    for (const auto& device : inventory.rdma_devices)
      if (device.function && !device.software) rdma[*device.function].push_back(&device);
  }
};

const NetDevice* interface_of(const PciFunction& function, const Index& index) {
  const auto found = index.interfaces.find(function.address);
  return found == index.interfaces.end() ? nullptr : found->second.front();
}

// The representors of a PF's VFs: those of its switch that carry its number. Those with a controller are another
// host's.
std::map<unsigned, const NetDevice*> representors(const NetDevice* uplink, const Inventory& inventory) {
  std::map<unsigned, const NetDevice*> all;
  if (uplink == nullptr || !uplink->phys_switch_id) return all;
  const auto port = model::parse_port_name(uplink->phys_port_name.value_or(""));
  if (!port || port->kind != model::PortKind::physical) return all;
  for (const auto& net : inventory.net_devices) {
    if (net.phys_switch_id != uplink->phys_switch_id) continue;
    const auto other = model::parse_port_name(net.phys_port_name.value_or(""));
    if (other && other->kind == model::PortKind::vf && !other->controller && other->port == port->port)
      all.emplace(other->index, &net);
  }
  return all;
}

std::string guid_of(const PciFunction& function, const Index& index) {
  const auto found = index.rdma.find(function.address);
  return found == index.rdma.end() || found->second.size() != 1 ? "" : found->second.front()->node_guid;
}

void put_identity(Json& object, const PciFunction& function, const NetDevice* net) {
  if (net != nullptr) {
    put(object, "name", net->name);
    put(object, "mac", net->address);
  }
  put(object, "driver", function.driver.value_or(""));
  object["pciAddress"] = function.address.text();
  put(object, "vendor", hex(function.vendor));
  put(object, "deviceID", hex(function.device));
  if (net != nullptr) put(object, "mtu", net->mtu);
}

unsigned vlan_of(unsigned vf, const NetDevice* pf) {
  if (pf == nullptr) return 0;
  const auto found = pf->vfs.find(vf);
  return found == pf->vfs.end() || !found->second.vlan ? 0 : found->second.vlan->id;
}

Json virtual_function(const PciFunction& vf, unsigned index_of_vf, const NetDevice* pf, const NetDevice* representor,
                      const Index& index) {
  Json object = Json::object();
  put_identity(object, vf, interface_of(vf, index));
  put(object, "Vlan", vlan_of(index_of_vf, pf));
  object["vfID"] = index_of_vf;
  for (const auto type : model::kVdpaTypes)
    if (!vf.vdpa.empty() && vf.vdpa.front().driver == vdpa_driver(type)) object["vdpaType"] = word(type);
  if (representor != nullptr) put(object, "representorName", representor->name);
  put(object, "guid", guid_of(vf, index));
  return object;
}

model::LinkType link_type_of(const PciFunction& function, const NetDevice* net, const Index& index) {
  if (net != nullptr) return net->link_type;
  const auto rdma = index.rdma.find(function.address);
  if (rdma == index.rdma.end() || rdma->second.front()->ports.empty()) return model::LinkType::unknown;
  return rdma->second.front()->ports.front().link_layer;
}

Json physical_function(const PciFunction& pf, const Snapshot& snapshot, const Index& index) {
  const NetDevice* net = interface_of(pf, index);
  Json object = Json::object();
  put_identity(object, pf, net);
  if (pf.sriov) put(object, "numVfs", pf.sriov->num_vfs);
  if (net != nullptr && net->speed_mbps) put(object, "linkSpeed", fmt::format("{} Mb/s", *net->speed_mbps));
  put(object, "linkType", link_type(link_type_of(pf, net, index)));
  if (net != nullptr) put(object, "linkAdminState", net->admin_up ? "up" : "down");
  if (pf.eswitch_mode) object["eSwitchMode"] = word(*pf.eswitch_mode);
  const auto desired = snapshot.desired.pfs.find(pf.address);
  if (desired != snapshot.desired.pfs.end() && desired->second.externally_managed) object["externallyManaged"] = true;
  if (net != nullptr)
    for (const auto& name : net->altnames) object["altNames"].push_back(utf8(name));
  if (!pf.sriov) return object;
  put(object, "totalvfs", pf.sriov->total_vfs);
  const auto ports = representors(net, snapshot.inventory);
  Json vfs = Json::array();
  for (const auto& [number, address] : pf.sriov->virtfns) {
    const auto vf = snapshot.inventory.functions.find(address);
    const auto port = ports.find(number);
    if (vf != snapshot.inventory.functions.end())
      vfs.push_back(virtual_function(vf->second, number, net, port == ports.end() ? nullptr : port->second, index));
  }
  if (!vfs.empty()) object["Vfs"] = std::move(vfs);
  return object;
}

// What the operator synchronises: all but the kubelet's side.
bool counts(const model::Component& component) {
  return component.name != "kubelet" && component.name != "resources" && component.name != "gpudirect";
}

// A bridge above GPUs and NICs: [gpudirect]'s, as its component is.
bool is_bridge(const Snapshot& snapshot, const model::PciAddress& address) {
  return snapshot.desired.pcie.contains(address) && snapshot.inventory.function(address) == nullptr;
}

// Everything that failed, each PF by its address.
std::string failures(const Snapshot& snapshot) {
  std::string all;
  const auto add = [&](const std::string& text) { all += (all.empty() ? "" : "; ") + text; };
  bool named = false;
  for (const auto& [address, status] : snapshot.functions)
    if (!is_bridge(snapshot, address) &&
        (status.state == FunctionState::failed || status.state == FunctionState::stuck ||
         status.state == FunctionState::protected_)) {
      add(fmt::format("{}: {}", address.text(), status.text));
      named = true;
    }
  for (const auto& component : snapshot.components)
    if (component.state == ComponentState::error && counts(component) && !(named && component.name == "sriov"))
      add(fmt::format("{}: {}", component.name, component.text));
  return all;
}

// What is still to be done or waited for.
std::string unfinished(const Snapshot& snapshot) {
  for (const auto& component : snapshot.components)
    if (component.state == ComponentState::not_ready && counts(component))
      return fmt::format("{}: {}", component.name, component.text);
  return snapshot.settled && !snapshot.components.empty() ? "" : "at work";
}

struct Sync {
  const char* status;
  std::string error;
};

Sync sync_of(const Snapshot& snapshot) {
  if (auto failed = failures(snapshot); !failed.empty()) return {"Failed", std::move(failed)};
  auto waiting = unfinished(snapshot);
  if (waiting.empty()) return {"Succeeded", ""};
  // A settled agent will do no more by itself: somebody has to know what is missing.
  return {"InProgress", snapshot.settled ? std::move(waiting) : ""};
}

}  // namespace

std::string node_state(const Snapshot& snapshot) {
  const Index index{snapshot.inventory};
  Json state = Json::object();
  for (const auto& [address, function] : snapshot.inventory.functions)
    if (!function.physfn) state["interfaces"].push_back(physical_function(function, snapshot, index));
  if (const auto mode = snapshot.inventory.rdma_netns_mode) state["system"]["rdmaMode"] = word(*mode);
  const auto sync = sync_of(snapshot);
  state["syncStatus"] = sync.status;
  put(state, "lastSyncError", sync.error);
  return state.dump();
}

}  // namespace nic::dbus
