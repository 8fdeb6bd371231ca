// A machine with GPUs for tests, as a value: two sockets, and on each of them
//
//   host bridge A - root port - switch - GPU 0
//                             |        - NIC 0
//                             |        - switch - GPU 1
//                             |                 - NIC 1
//                 - root port - switch - GPU 2
//                                      - NIC 2
//   host bridge B - root port - switch - GPU 3
//                                      - NIC 3
//
// so that GPU 0 has NIC 0 at PIX, NIC 1 at PXB, NIC 2 at PHB, NIC 3 at NODE and the other socket's four at SYS.
// Everything is as it should be: no ACS redirection, identity IOMMU groups, full links, reads of 4096 bytes.
#pragma once

#include "lib/hosts.hpp"

namespace nic::test {

class GpuHost {
 public:
  GpuHost() {
    for (unsigned socket = 0; socket < 2; ++socket) {
      socket_ = static_cast<int>(socket);
      const unsigned a = 0x10 + 0x40 * socket, b = a + 0x20;
      root_ = fmt::format("pci0000:{:02x}", a);
      below_switch({at(a, 0)}, a + 1, 3);
      leaf({at(a, 0), at(a + 1, 0), at(a + 2, 0)}, a + 3, true);
      leaf({at(a, 0), at(a + 1, 0), at(a + 2, 1)}, a + 4, false);
      below_switch({at(a, 0), at(a + 1, 0), at(a + 2, 2)}, a + 5, 2);
      leaf({at(a, 0), at(a + 1, 0), at(a + 2, 2), at(a + 5, 0), at(a + 6, 0)}, a + 7, true);
      leaf({at(a, 0), at(a + 1, 0), at(a + 2, 2), at(a + 5, 0), at(a + 6, 1)}, a + 8, false);
      below_switch({at(a, 1)}, a + 9, 2);
      leaf({at(a, 1), at(a + 9, 0), at(a + 10, 0)}, a + 11, true);
      leaf({at(a, 1), at(a + 9, 0), at(a + 10, 1)}, a + 12, false);
      root_ = fmt::format("pci0000:{:02x}", b);
      below_switch({at(b, 0)}, b + 1, 2);
      leaf({at(b, 0), at(b + 1, 0), at(b + 2, 0)}, b + 3, true);
      leaf({at(b, 0), at(b + 1, 0), at(b + 2, 1)}, b + 4, false);
    }
    host.pcie.numa_nodes = 2;
  }

  [[nodiscard]] model::PcieFunction& at(const model::PciAddress& address) { return host.pcie.functions.at(address); }
  // ACS control of every port below the root complex.
  void acs(std::uint16_t control) {
    for (auto& [address, function] : host.pcie.functions)
      if (function.config.acs) function.config.acs->control = control;
  }
  void read_requests(unsigned bytes) {
    for (const auto& nic : nics) at(nic).config.express->max_read_request = bytes;
  }

  model::Inventory host;
  std::vector<model::PciAddress> gpus, nics;  // in the order of the picture

 private:
  using Bridges = std::vector<model::PciAddress>;

  static model::PciAddress at(unsigned bus, unsigned device) {
    return {0, static_cast<std::uint8_t>(bus), static_cast<std::uint8_t>(device), 0};
  }

  model::PcieFunction& add(const model::PciAddress& address, Bridges above, model::PcieType type) {
    auto& function = host.pcie.functions[address];
    function.address = address;
    function.vendor = 0x1000;
    function.device = 0xc030;
    function.root = root_;
    function.above = std::move(above);
    function.numa_node = socket_;
    function.config.express = model::PciExpress{.type = type,
                                                .max_read_request = 4096,
                                                .max_payload = 256,
                                                .relaxed_ordering = true,
                                                .able = model::PcieLink{5, 16},
                                                .now = model::PcieLink{5, 16}};
    if (type == model::PcieType::root_port || type == model::PcieType::downstream_port)
      function.config.acs = model::Acs{0x7f, 0};
    return function;
  }

  // The last of `above` becomes a port, and below it are the upstream and the downstream ports of a switch.
  void below_switch(Bridges above, unsigned bus, unsigned ports) {
    const auto port = above.back();
    if (!host.pcie.functions.contains(port)) add(port, {above.begin(), above.end() - 1}, model::PcieType::root_port);
    add(at(bus, 0), above, model::PcieType::upstream_port);
    above.push_back(at(bus, 0));
    for (unsigned device = 0; device < ports; ++device)
      add(at(bus + 1, device), above, model::PcieType::downstream_port);
  }

  void leaf(Bridges above, unsigned bus, bool gpu) {
    const auto address = at(bus, 0);
    auto& function = add(address, std::move(above), model::PcieType::endpoint);
    function.iommu_group = bus;
    function.iommu_type = "identity";
    function.config.ats = model::Ats{};
    if (gpu) {
      function.vendor = 0x10de;
      function.device = 0x2330;
      host.pcie.gpus.insert(address);
      gpus.push_back(address);
      return;
    }
    const model::Inventory card = Host{}.pf(address.text(), fmt::format("rail{}", nics.size()), 16, "mlx5_core");
    host.functions.insert(card.functions.begin(), card.functions.end());
    host.net_devices.push_back(card.net_devices.front());
    host.net_devices.back().ifindex = 10 + static_cast<unsigned>(nics.size());
    function.vendor = card.functions.at(address).vendor;
    function.device = card.functions.at(address).device;
    nics.push_back(address);
  }

  std::string root_;
  int socket_{0};
};

}  // namespace nic::test
