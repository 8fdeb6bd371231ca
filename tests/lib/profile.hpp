// A machine composed for a test: what its kernel shows in /sys, and what netlink tells besides. It is seen as a real
// one is, by host::observe, and planned for by core::plan; what comes of it can be read line by line.
//
//   Profile host;
//   host.pf("0000:18:00.0", kConnectX7Infiniband, 0).netdev("ibp24s0", 3, 32);
//   host.rdma("0000:18:00.0", {"mlx5_0", "9c63:c003:00a1:1800"});
//   EXPECT_THAT(seen(host.inventory()), ElementsAre(...));
#pragma once

#include "core/match.hpp"
#include "core/plan.hpp"
#include "core/predict.hpp"
#include "host/observe.hpp"
#include "lib/plans.hpp"
#include "lib/policies.hpp"
#include "lib/sysfs_tree.hpp"
#include "model/plan.hpp"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace nic::test {

// A model of adapter, as PCI and its driver show it.
struct Model {
  unsigned vendor, device, vf_device, class_code;
  unsigned total_vfs, offset, stride;
  const char* driver;
};

inline constexpr Model kConnectX3{0x15b3, 0x1003, 0x1004, 0x028000, 0, 0, 0, "mlx4_core"};
inline constexpr Model kConnectX4Lx{0x15b3, 0x1015, 0x1016, 0x020000, 8, 2, 1, "mlx5_core"};
inline constexpr Model kConnectX4Infiniband{0x15b3, 0x1013, 0x1014, 0x020700, 8, 2, 1, "mlx5_core"};
inline constexpr Model kConnectX6Infiniband{0x15b3, 0x101b, 0x101c, 0x020700, 8, 1, 1, "mlx5_core"};
inline constexpr Model kConnectX6Dx{0x15b3, 0x101d, 0x101e, 0x020000, 8, 2, 1, "mlx5_core"};
inline constexpr Model kConnectX7{0x15b3, 0x1021, 0x101e, 0x020000, 16, 1, 1, "mlx5_core"};
inline constexpr Model kConnectX7Infiniband{0x15b3, 0x1021, 0x101e, 0x020700, 16, 1, 1, "mlx5_core"};
inline constexpr Model kConnectX8{0x15b3, 0x1023, 0x101e, 0x020000, 16, 2, 1, "mlx5_core"};
inline constexpr Model kConnectX8Infiniband{0x15b3, 0x1023, 0x101e, 0x020700, 16, 1, 1, "mlx5_core"};
inline constexpr Model kBlueField3{0x15b3, 0xa2dc, 0x101e, 0x020000, 16, 2, 1, "mlx5_core"};
inline constexpr Model kE810{0x8086, 0x1592, 0x1889, 0x020000, 128, 8, 1, "ice"};

// An RDMA device with one port, as its driver tells of it.
struct Hca {
  std::string name, node_guid;
  std::string type{"MT4129"}, firmware{"28.41.1000"}, board{"MT_0000000838"};
  std::string state{"4: ACTIVE"}, phys_state{"5: LinkUp"}, rate{"400 Gb/sec (4X NDR)"};
  std::string link_layer{"InfiniBand"};
  std::string image_guid{};  // of the card; the node's own where nothing is said
};

class Profile {
 public:
  // udev runs here, and has no rules of the agent.
  Profile() { tree.write("run/udev/control", ""); }

  SysfsTree tree;
  std::vector<model::DefaultRoute> routes;
  std::map<std::string, std::string> made_with;                            // by interface: its permanent address
  std::map<std::string, std::vector<std::string>> altnames;                // by interface
  std::map<std::string, std::map<unsigned, model::VfSettings>> vfs_of_pf;  // by the PF's interface
  std::map<std::string, model::EswitchMode> eswitches;                     // by PCI address; others have none
  std::map<std::string, std::string> ddp_profiles;                         // by PCI address
  std::optional<model::RdmaNetnsMode> netns_mode;

  TreeFunction pf(const std::string& address, const Model& model, int numa) {
    auto function = function_of(address, model, model.device, numa);
    if (model.total_vfs != 0)
      function.total_vfs(model.total_vfs)
          .file("sriov_offset", std::to_string(model.offset) + "\n")
          .file("sriov_stride", std::to_string(model.stride) + "\n")
          .file("sriov_vf_device", fmt::format("{:x}\n", model.vf_device));
    return function;
  }
  // A VF as the kernel makes it, at the address that the PF's capability gives it.
  TreeFunction vf(const std::string& pf, unsigned index, const Model& model, const char* driver) {
    model::Sriov sriov;
    sriov.offset = model.offset;
    sriov.stride = model.stride;
    const auto address = core::vf_address(pci(pf), sriov, index).text();
    auto function = tree.vf(pf, index, address, model.vendor, model.vf_device);
    function.class_code(model.class_code);
    if (driver != nullptr) function.driver(driver);
    return function;
  }
  // A function that is there and no PF: a VF that a hypervisor gave, a card in flash recovery.
  TreeFunction function_of(const std::string& address, const Model& model, unsigned device, int numa) {
    auto function = tree.plain(address, model.vendor, device);
    function.class_code(model.class_code).numa(numa);
    if (model.driver != nullptr) function.driver(model.driver);
    return function;
  }
  // One that is there.
  TreeFunction at(const std::string& address) { return {tree, address, tree.device_link(address)}; }
  void rdma(TreeFunction function, const Hca& hca) {
    const auto folder = "infiniband/" + hca.name + "/";
    function.rdma(hca.name, 1, hca.link_layer, hca.link_layer == "InfiniBand")
        .file(folder + "node_guid", hca.node_guid + "\n")
        .file(folder + "sys_image_guid", (hca.image_guid.empty() ? hca.node_guid : hca.image_guid) + "\n")
        .file(folder + "fw_ver", hca.firmware + "\n")
        .file(folder + "board_id", hca.board + "\n")
        .file(folder + "hca_type", hca.type + "\n")
        .file(folder + "ports/1/state", hca.state + "\n")
        .file(folder + "ports/1/phys_state", hca.phys_state + "\n")
        .file(folder + "ports/1/rate", hca.rate + "\n");
  }
  // Of an interface that is there.
  void net_file(const std::string& name, const std::string& file, const std::string& text) {
    tree.write("sys/class/net/" + name + "/" + file, text + "\n");
  }
  void down(const std::string& name) {
    net_file(name, "flags", "0x1002");
    net_file(name, "operstate", "down");
    net_file(name, "carrier", "0");
  }

  [[nodiscard]] model::Roots roots() const { return model::Roots::below(tree.root()); }
  [[nodiscard]] model::Inventory inventory() const {
    return host::observe(roots(), netlink(), {}, model::Dirty::all());
  }

 private:
  static model::PciAddress pci(std::string_view text) { return model::PciAddress::parse(text).value(); }

  // sysfs tells most of what netlink does; the rest is laid over it.
  [[nodiscard]] host::NetlinkSource netlink() const {
    auto source = host::sysfs_netlink(roots());
    source.links = [this, from_sysfs = source.links] {
      auto links = from_sysfs();
      for (auto& link : *links) {
        if (const auto found = made_with.find(link.name); found != made_with.end()) {
          link.permanent_address = found->second;
          link.address = found->second;
        }
        if (const auto found = altnames.find(link.name); found != altnames.end()) link.altnames = found->second;
      }
      return links;
    };
    source.routes = [this] { return routes; };
    source.rdma = [this, from_sysfs = source.rdma] {
      auto facts = from_sysfs();
      facts->netns_mode = netns_mode;
      return facts;
    };
    source.vfs = [this](unsigned ifindex) {
      std::map<unsigned, model::VfSettings> vfs;
      for (const auto& [name, told] : vfs_of_pf)
        if (tree.read("sys/class/net/" + name + "/ifindex") == std::to_string(ifindex) + "\n") vfs = told;
      return vfs;
    };
    source.eswitch_modes = [this](std::span<const model::PciAddress> pfs) {
      host::EswitchModes modes;
      for (const auto& pf : pfs)
        if (const auto found = eswitches.find(pf.text()); found != eswitches.end()) modes.emplace(pf, found->second);
      return modes;
    };
    source.ddp_profiles = [this](std::span<const model::PciAddress> functions) {
      host::DdpProfiles profiles;
      for (const auto& function : functions)
        if (const auto found = ddp_profiles.find(function.text()); found != ddp_profiles.end())
          profiles.emplace(function, found->second);
      return profiles;
    };
    return source;
  }
};

// The PF's interface, which is made with this address.
inline TreeFunction& ethernet(Profile& host, TreeFunction& function, const std::string& name, unsigned ifindex,
                              const std::string& mac) {
  host.made_with[name] = mac;
  return function.netdev(name, ifindex);
}

// The interface of ib_ipoib; its address ends in the GUID of the port.
inline TreeFunction& ipoib(TreeFunction& function, const std::string& name, unsigned ifindex) {
  return function.netdev(name, ifindex, 32);
}

// "0000:1a:00.0 pf 15b3:1021 infiniband, mlx5_core, NUMA node 0, 0 of 16 VFs: ibp26s0, mlx5_0"
inline std::string seen(const model::PciFunction& function, const model::Inventory& host) {
  std::string line =
      fmt::format("{} {} {:04x}:{:04x} {}, {}", function.address.text(), word(function.kind()), function.vendor,
                  function.device, word(core::link_type_of(function, host)), function.driver.value_or("no driver"));
  if (function.numa_node) line += fmt::format(", NUMA node {}", *function.numa_node);
  if (function.eswitch_mode) line += fmt::format(", {}", word(*function.eswitch_mode));
  if (function.sriov) line += fmt::format(", {} of {} VFs", function.sriov->num_vfs, function.sriov->total_vfs);
  if (function.physfn) line += fmt::format(", VF {} of {}", function.vf_index.value_or(0), function.physfn->text());
  if (!function.in_use.empty()) line += ", in use";
  std::string links;
  const auto link = [&](const std::string& name) { links += (links.empty() ? ": " : ", ") + name; };
  for (const auto* net : host.net_devices_of(function.address)) link(net->name + (net->admin_up ? "" : " (down)"));
  for (const auto* net : host.representors_of(function.address)) link(net->name + " of " + *net->phys_port_name);
  for (const auto* rdma : host.rdma_devices_of(function.address)) link(rdma->name);
  return line + links;
}

inline std::vector<std::string> seen(const model::Inventory& host) {
  std::vector<std::string> all;
  for (const auto& [address, function] : host.functions) all.push_back(seen(function, host));
  return all;
}

// "mlx5_0 MT4129 28.41.1000 MT_0000000838: infiniband ACTIVE LinkUp 400 Gb/sec (4X NDR)"
inline std::vector<std::string> ports(const model::Inventory& host) {
  std::vector<std::string> all;
  for (const auto& rdma : host.rdma_devices)
    for (const auto& port : rdma.ports)
      all.push_back(fmt::format("{} {} {} {}: {} {} {} {}", rdma.name, rdma.hca_type, rdma.firmware, rdma.board_id,
                                word(port.link_layer), port.state, port.phys_state, port.rate));
  return all;
}

// What policies make of a machine.
struct Planned {
  model::Desired desired;
  model::Plan plan;

  [[nodiscard]] std::vector<std::string> steps() const { return lines(plan); }
  // What cannot be, for people.
  [[nodiscard]] std::vector<std::string> refused() const {
    std::vector<std::string> all;
    for (const auto& conflict : desired.conflicts) all.push_back(conflict.error.text());
    for (const auto& pf : plan.pfs)
      for (const auto& refusal : pf.refusals) all.push_back(refusal.error.text());
    return all;
  }
};

inline Planned planned(const model::Inventory& host, std::vector<model::SriovPolicy> policies) {
  auto desired = want(host, std::move(policies));
  auto steps = core::plan(desired, host, {});
  return {std::move(desired), std::move(steps)};
}

// What is still to be done after everything was done: nothing, if planning is right.
inline std::vector<std::string> left_over(model::Inventory host, const std::vector<model::SriovPolicy>& policies) {
  const auto first = planned(host, policies);
  for (const auto& step : first.plan.modules) core::predict(host, step.action);
  for (const auto& pf : first.plan.pfs)
    for (const auto& step : pf.steps)
      if (!step.waits_for) core::predict(host, step.action);
  return planned(host, policies).steps();
}

// A policy by what the selector of a fleet goes by: the id of the card and what its port speaks.
inline model::SriovPolicy for_cards(std::string name, std::uint16_t device, model::LinkType link, unsigned num_vfs) {
  auto made = policy(std::move(name), {}, num_vfs);
  made.selectors.devices = {device};
  made.selectors.link_types = {link};
  return made;
}

inline model::SriovPolicy for_addresses(std::string name, const std::vector<std::string>& addresses, unsigned num_vfs) {
  auto made = policy(std::move(name), {}, num_vfs);
  for (const auto& address : addresses)
    made.selectors.root_devices.push_back({model::PciAddress::parse(address).value(), {}});
  return made;
}

}  // namespace nic::test
