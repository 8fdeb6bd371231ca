// A small machine as a snapshot: one PF with two VFs, an RDMA device on it, a module, two resources.
#pragma once

#include "model/snapshot.hpp"

namespace nic::test {

inline model::PciAddress pci(std::string_view text) { return model::PciAddress::parse(text).value(); }

inline const model::PciAddress kPf = pci("0000:3b:00.0");
inline const model::PciAddress kVf0 = pci("0000:3b:00.2");
inline const model::PciAddress kVf1 = pci("0000:3b:00.3");

inline model::PciFunction vf(const model::PciAddress& address, unsigned index) {
  model::PciFunction function;
  function.address = address;
  function.vendor = 0x15b3;
  function.device = 0x101e;
  function.physfn = kPf;
  function.vf_index = index;
  return function;
}

inline model::Snapshot machine() {
  model::Snapshot snapshot;
  snapshot.generation = 1;
  model::PciFunction pf;
  pf.address = kPf;
  pf.vendor = 0x15b3;
  pf.device = 0x1021;
  pf.driver = "mlx5_core";
  pf.numa_node = 1;
  pf.sriov = model::Sriov{.total_vfs = 16, .num_vfs = 2, .vf_device_id = 0x101e, .virtfns = {{0, kVf0}, {1, kVf1}}};
  snapshot.inventory.functions = {{kPf, pf}, {kVf0, vf(kVf0, 0)}, {kVf1, vf(kVf1, 1)}};
  model::NetDevice interface;
  interface.name = "ens1f0np0";
  interface.ifindex = 4;
  interface.altnames = {"enp59s0f0np0"};
  interface.address = "b8:3f:d2:00:00:01";
  interface.mtu = 1500;
  interface.link_type = model::LinkType::ethernet;
  interface.operstate = "up";
  interface.speed_mbps = 400000;
  interface.function = kPf;
  snapshot.inventory.net_devices.push_back(interface);
  model::RdmaDevice rdma;
  rdma.name = "mlx5_0";
  rdma.node_guid = "b83f:d203:0000:0001";
  rdma.firmware = "28.39.1002";
  rdma.function = kPf;
  rdma.ports.push_back({1, "ACTIVE", "LinkUp", model::LinkType::ethernet, "400 Gb/sec (4X NDR)", 4});
  rdma.nodes.push_back({model::RdmaNode::uverbs, "/dev/infiniband/uverbs0", 231, 192, {}});
  snapshot.inventory.rdma_devices.push_back(rdma);

  auto config = std::make_shared<model::Config>();
  config->sources = {"/etc/nic-agent/nic-agent.toml"};
  snapshot.config = config;
  snapshot.config_generation = 3;
  snapshot.applied_generation = 3;
  snapshot.settled = true;
  model::DesiredPf desired{.pf = kPf, .num_vfs = 2, .mtu = 9000, .vfs = {}, .policies = {"workers"}};
  desired.vfs[0].device_type = model::DeviceType::vfio_pci;
  desired.vfs[0].policy = "workers";
  snapshot.desired.pfs[kPf] = desired;
  snapshot.functions[kPf] = {.state = model::FunctionState::ok,
                             .protection = {"carries the IPv4 default route (ens1f0np0)"},
                             .differences = {},
                             .last_error = {},
                             .text = "as configured"};
  model::ModuleReport module;
  module.name = "mlx5_core";
  module.wanted = true;
  module.state = model::ModuleState::live;
  module.provider_file = module.provider_running = model::Provider::inbox;
  module.verdict = model::Verdict::pass;
  snapshot.modules.push_back(module);
  model::Pool shared;
  shared.resource.name = "example.com/rdma_a";
  shared.resource.kind = model::ResourceKind::shared;
  shared.functions = {kPf};
  shared.capacity = shared.healthy = 1000;
  model::Pool exclusive;
  exclusive.resource.name = "example.com/vf";
  exclusive.functions = {kVf0};
  exclusive.capacity = exclusive.healthy = 1;
  snapshot.pools = {shared, exclusive};
  snapshot.endpoints["example.com/vf"] = {model::KubeletState::streaming, "/var/lib/kubelet/x.sock", {}};
  snapshot.components = {{"sriov", model::ComponentState::ready, "1 PF as configured"}};
  snapshot.state = model::ComponentState::ready;
  return snapshot;
}

}  // namespace nic::test
