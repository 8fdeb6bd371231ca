// What a kernel event makes uncertain: which part of the inventory has to be read again.
// Thread: any (a value). Made by host::KernelEvents, merged while a burst lasts.
#pragma once

#include "model/pci_address.hpp"

#include <set>

namespace nic::model {

struct Dirty {
  bool everything{false};
  std::set<PciAddress> functions;
  bool network{false};  // interfaces and default routes
  bool rdma{false};
  bool modules{false};
  bool devlink{false};  // ports and health of cards

  bool operator==(const Dirty&) const = default;
  [[nodiscard]] bool empty() const { return *this == Dirty{}; }
  void merge(const Dirty& other) {
    everything = everything || other.everything;
    functions.insert(other.functions.begin(), other.functions.end());
    network = network || other.network;
    rdma = rdma || other.rdma;
    modules = modules || other.modules;
    devlink = devlink || other.devlink;
  }
  [[nodiscard]] static Dirty all() { return {.everything = true, .functions = {}}; }
};

}  // namespace nic::model
