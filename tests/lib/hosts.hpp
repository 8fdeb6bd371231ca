// Builders of machines for tests, as values: one line says what the host is.
#pragma once

#include "model/inventory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace nic::test {

inline model::PciAddress pci(std::string_view text) { return model::PciAddress::parse(text).value(); }

// An inventory that grows by named calls: Host{}.pf("0000:01:00.0").rxe("rxe0", "enp1s0").inventory()
class Host {
 public:
  Host() = default;
  // One that is there already, to go on with.
  explicit Host(model::Inventory inventory) : inventory_{std::move(inventory)} {
    for (const auto& net : inventory_.net_devices) last_ifindex_ = std::max(last_ifindex_, net.ifindex);
  }
  // An Intel 82576 as QEMU emulates it: 7 VFs, offset 128, stride 2, in an IOMMU group.
  Host& pf(std::string_view address, std::string name = "enp1s0", unsigned total_vfs = 7, std::string driver = "igb") {
    model::PciFunction function;
    function.address = pci(address);
    function.vendor = 0x8086;
    function.device = 0x10c9;
    function.class_code = 0x020000;
    function.driver = std::move(driver);
    function.iommu_group = 10 + static_cast<unsigned>(inventory_.functions.size());
    function.numa_node = 0;
    model::Sriov sriov;
    sriov.total_vfs = total_vfs;
    sriov.offset = 128;
    sriov.stride = 2;
    sriov.vf_device_id = 0x10ca;
    function.sriov = sriov;
    inventory_.functions[function.address] = function;
    return net(std::move(name), address);
  }
  Host& plain(std::string_view address, std::string name = "eth0") {
    model::PciFunction function;
    function.address = pci(address);
    function.vendor = 0x1af4;
    function.device = 0x1041;
    function.class_code = 0x020000;
    function.driver = "virtio-pci";
    inventory_.functions[function.address] = function;
    return net(std::move(name), address);
  }
  Host& net(std::string name, std::string_view address = {}) {
    model::NetDevice net;
    net.name = std::move(name);
    net.ifindex = ++last_ifindex_;
    net.mtu = 1500;
    net.max_mtu = 9216;
    net.link_type = model::LinkType::ethernet;
    net.admin_up = net.carrier = true;
    net.operstate = "up";
    if (!address.empty()) net.function = pci(address);
    inventory_.net_devices.push_back(std::move(net));
    return *this;
  }
  // What devlink tells of a PF.
  Host& eswitch(std::string_view address, model::EswitchMode mode = model::EswitchMode::legacy) {
    inventory_.functions.at(pci(address)).eswitch_mode = mode;
    return *this;
  }
  // A representor below a PF: of "pf0vf3", say.
  Host& representor(std::string name, std::string_view address, std::string port_name) {
    net(std::move(name), address);
    inventory_.net_devices.back().phys_port_name = std::move(port_name);
    return *this;
  }
  // udev runs, and has no rules of the agent for this PF.
  Host& udev(std::string_view address) {
    inventory_.functions.at(pci(address)).udev_rules = "";
    return *this;
  }
  // A soft-RoCE device on an interface, with user access.
  Host& rxe(std::string name, std::string_view interface) {
    model::RdmaDevice rdma;
    rdma.name = std::move(name);
    rdma.software = true;
    const auto* on = inventory_.net_device(interface);
    rdma.function = on->function;
    model::RdmaPort port;
    port.number = 1;
    port.state = "ACTIVE";
    port.net_ifindex = on->ifindex;
    rdma.ports.push_back(port);
    rdma.nodes.push_back({model::RdmaNode::uverbs, "/dev/infiniband/uverbs0", 231, 192, {}});
    inventory_.rdma_devices.push_back(std::move(rdma));
    inventory_.rdma_subsystem = true;
    inventory_.rdma_cm = model::CharDevice{model::RdmaNode::rdma_cm, "/dev/infiniband/rdma_cm", 10, 120, {}};
    return *this;
  }
  // A PF whose port is InfiniBand, with its RDMA device and the interface of ib_ipoib.
  Host& infiniband_pf(std::string_view address, std::string interface, std::string node_guid) {
    pf(address, std::move(interface), 7, "mlx5_core");
    inventory_.net_devices.back().link_type = model::LinkType::infiniband;
    model::RdmaDevice rdma;
    rdma.name = "mlx5_0";
    rdma.node_guid = std::move(node_guid);
    rdma.function = pci(address);
    inventory_.rdma_devices.push_back(std::move(rdma));
    return *this;
  }
  // A scalable function on a PF, with its interface.
  Host& sf(std::string_view address, unsigned number, unsigned sfnum, std::string name) {
    model::AuxiliaryDevice device;
    device.name = fmt::format("mlx5_core.sf.{}", number);
    device.type = "sf";
    device.sf_number = sfnum;
    device.driver = "mlx5_core.sf";
    inventory_.functions.at(pci(address)).auxiliary.push_back(device);
    net(std::move(name), address);
    inventory_.net_devices.back().auxiliary = device.name;
    inventory_.net_devices.back().scalable_function = true;
    return *this;
  }
  Host& default_route(std::string_view interface, bool ipv6 = false) {
    inventory_.default_routes.push_back({ipv6, inventory_.net_device(interface)->ifindex, 254});
    return *this;
  }
  Host& module(std::string name) {
    model::LoadedModule module;
    module.name = std::move(name);
    module.state = "live";
    inventory_.modules.push_back(std::move(module));
    std::ranges::sort(inventory_.modules, {}, &model::LoadedModule::name);
    return *this;
  }
  // The address that an interface was made with.
  Host& made_with(std::string_view name, const std::string& address) {
    for (auto& net : inventory_.net_devices)
      if (net.name == name) net.address = net.permanent_address = address;
    return *this;
  }
  // The interface that stands on another: a VLAN, or a port of a bond or bridge.
  Host& vlan(std::string name, std::string_view lower) {
    net(std::move(name));
    inventory_.net_devices.back().lower_ifindex = inventory_.net_device(lower)->ifindex;
    return *this;
  }
  Host& enslave(std::string_view port, std::string_view master) {
    for (auto& net : inventory_.net_devices)
      if (net.name == port) net.master_ifindex = inventory_.net_device(master)->ifindex;
    return *this;
  }
  [[nodiscard]] model::Inventory inventory() const { return inventory_; }
  operator model::Inventory() const { return inventory_; }

 private:
  model::Inventory inventory_;
  unsigned last_ifindex_{1};
};

}  // namespace nic::test
