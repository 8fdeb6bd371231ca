// A card as it is after people have worked with it: what loading its driver anew has to bring back.
#pragma once

#include "core/predict.hpp"
#include "lib/hosts.hpp"
#include "lib/sim_machine.hpp"
#include "lib/state_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace nic::test {

inline const model::PciAddress kWornPf = pci("0000:01:00.0");

// A card with two VFs, one for the host and one for programs, a VLAN and soft RoCE on its port, and settings that
// somebody made by hand.
inline model::Inventory worn_host() {
  model::Inventory host = Host{}
                              .pf("0000:01:00.0")
                              .made_with("enp1s0", "52:54:00:00:00:01")
                              .module("igb")
                              .module("rdma_rxe")
                              .module("vfio_pci");
  core::predict(host, model::SetNumVfs{kWornPf, 0, 2, true});
  host.functions.at(kWornPf).sriov->drivers_autoprobe = true;
  const auto first = host.functions.at(kWornPf).sriov->virtfns.at(0);
  const auto second = host.functions.at(kWornPf).sriov->virtfns.at(1);
  model::VfSettings of_first, of_second;
  of_first.mac = model::MacAddress::parse("02:00:00:00:00:10");
  of_first.vlan = model::Vlan{7, 3, model::VlanProtocol::dot1q};
  of_second.mac = model::MacAddress::parse("02:00:00:00:00:11");
  of_second.trust = true;
  of_second.spoof_check = false;
  of_second.max_tx_rate = 500;
  of_second.min_tx_rate = 0;
  core::predict(host, model::SetVf{kWornPf, 0, of_first});
  core::predict(host, model::SetVf{kWornPf, 1, of_second});
  core::predict(host, model::BindDriver{first, 0, model::DeviceType::netdevice, {}, false});
  core::predict(host, model::BindDriver{second, 1, model::DeviceType::vfio_pci, {}, false});
  for (auto& net : host.net_devices) {
    if (net.function == kWornPf) net.mtu = 9000;
    if (net.function == first) {
      net.name = "storage0";
      net.mtu = 1400;
      net.admin_up = true;
    }
  }
  model::NetDevice vlan;
  vlan.name = "enp1s0.100";
  vlan.ifindex = 70;
  vlan.lower_ifindex = host.net_device("enp1s0")->ifindex;
  vlan.link_type = model::LinkType::ethernet;
  vlan.mtu = 9000;
  vlan.admin_up = true;
  host.net_devices.push_back(vlan);
  model::RdmaDevice rxe;
  rxe.name = "rxe0";
  rxe.software = true;
  rxe.function = kWornPf;
  model::RdmaPort port;
  port.number = 1;
  port.net_ifindex = host.net_device("enp1s0")->ifindex;
  rxe.ports = {port};
  host.rdma_devices.push_back(rxe);
  return host;
}

// Somebody has written its driver_override.
inline void reserve_second_vf(SimMachine& machine) {
  const auto host = machine.state();
  machine.facts_of_reload.overrides = {{host.functions.at(kWornPf).sriov->virtfns.at(1), "vfio-pci"}};
}

inline void add_facts(SimMachine& machine) {
  machine.facts_of_reload.link_kinds = {{70, "vlan"}};
  machine.facts_of_reload.software_kinds = {{"rxe0", "rxe"}};
  machine.messages["enp1s0"].addresses = {"an address of enp1s0"};
  machine.messages["enp1s0"].routes = {{"a route", {{2, "enp1s0"}}}};
  machine.messages["enp1s0.100"] = {.link_info = "vlan 100", .addresses = {"an address of the VLAN"}};
  machine.messages["storage0"].addresses = {"an address of the VF"};
}

// The machine and the agent's files just before a step, when the agent may be killed.
struct Death {
  model::Inventory machine;
  SimMachine::Sleeping sleeping;
  std::map<model::PciAddress, std::string> overrides;
  Files files;

  void put_into(SimMachine& next) const {
    next.sleeping(sleeping);
    next.facts_of_reload.overrides = overrides;
  }
};

// `to` and the machine outlive the steps.
inline void note_deaths(SimMachine& machine, const std::filesystem::path& state, std::vector<Death>& to) {
  machine.before_step([&machine, state, &to](const model::Inventory& now, const SimMachine::Sleeping& sleeping) {
    to.push_back({now, sleeping, machine.facts_of_reload.overrides, files_below(state)});
  });
}

// What people see of the machine: nothing in it is a number that the kernel hands out.
inline std::vector<std::string> picture(const SimMachine& machine) {
  const auto host = machine.state();
  const auto& overrides = machine.facts_of_reload.overrides;
  std::vector<std::string> lines;
  for (const auto& [address, function] : host.functions)
    lines.push_back(fmt::format("{} on {}, override {}, VFs {}", address.text(), function.driver.value_or("none"),
                                overrides.contains(address) ? overrides.at(address) : "none",
                                function.sriov ? function.sriov->num_vfs : 0));
  for (const auto& net : host.net_devices) {
    const auto* lower = net.lower_ifindex ? host.net_device(*net.lower_ifindex) : nullptr;
    lines.push_back(fmt::format("{} {} mtu {} {} on {}", net.name, net.function ? net.address : "", net.mtu,
                                net.admin_up ? "up" : "down",
                                net.function ? net.function->text() : (lower != nullptr ? lower->name : "nothing")));
    for (const auto& [index, settings] : net.vfs)
      for (const auto& [name, value] : named(settings))
        lines.push_back(fmt::format("VF {}: {} {}", index, name, value));
  }
  for (const auto& rdma : host.rdma_devices) {
    const auto* net = rdma.ports.empty() || !rdma.ports.front().net_ifindex
                          ? nullptr
                          : host.net_device(*rdma.ports.front().net_ifindex);
    lines.push_back(fmt::format("{} on {}", rdma.name, net != nullptr ? net->name : "nothing"));
  }
  for (const auto& module : host.modules) lines.push_back("module " + module.name);
  std::ranges::sort(lines);
  return lines;
}

}  // namespace nic::test
