// Snapshots with one resource in them, for tests of what containers are given.
#pragma once

#include "lib/hosts.hpp"
#include "lib/policies.hpp"
#include "model/snapshot.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nic::test {

inline const model::PciAddress kCard{0, 0x3b, 0, 0}, kVf{0, 0x3b, 0, 2}, kOtherVf{0, 0x3b, 0, 3};

class Offer {
 public:
  explicit Offer(model::Resource resource) {
    auto& card = snapshot.inventory.functions[kCard];
    card.address = kCard;
    card.driver = "mlx5_core";
    snapshot.pools.resize(1);
    pool().resource = std::move(resource);
  }
  // A VF of the card in an exclusive resource.
  Offer& vf(const model::PciAddress& address, const std::string& driver) {
    auto& function = snapshot.inventory.functions[address];
    function.address = address;
    function.driver = driver;
    function.physfn = kCard;
    pool().functions.push_back(address);
    pool().devices.push_back({address.text(), true, 0, address});
    return *this;
  }
  Offer& rdma(const std::string& name, const model::PciAddress& function) {
    model::RdmaDevice device;
    device.name = name;
    device.function = function;
    snapshot.inventory.rdma_devices.push_back(std::move(device));
    return *this;
  }
  Offer& vdpa(const std::string& name, const std::string& driver) {
    snapshot.inventory.functions.at(kVf).vdpa.push_back({name, driver});
    return *this;
  }
  Offer& scalable_function(const std::string& auxiliary) {
    pool().resource.device_class = model::DeviceClass::auxiliary;
    pool().functions.push_back(kCard);
    pool().devices.push_back({auxiliary, true, 0, kCard, auxiliary});
    return *this;
  }
  // HCAs of a shared resource.
  Offer& hca(const model::PciAddress& address) {
    snapshot.inventory.functions[address].address = address;
    pool().functions.push_back(address);
    pool().capacity = pool().resource.rdma_hca_max;
    return *this;
  }
  Offer& cdi(model::CdiMode mode) {
    auto config = std::make_shared<model::Config>();
    config->kubelet.cdi = mode;
    snapshot.config = std::move(config);
    return *this;
  }
  [[nodiscard]] model::Pool& pool() { return snapshot.pools[0]; }
  [[nodiscard]] const model::Pool& pool() const { return snapshot.pools[0]; }

  model::Snapshot snapshot;
};

inline model::DeviceNode node(model::NodeKind kind, const std::string& path, const std::string& rdma = {}) {
  return {kind, path, path, rdma};
}
inline model::DeviceNode uverbs(unsigned number, const std::string& rdma) {
  return node(model::NodeKind::uverbs, "/dev/infiniband/uverbs" + std::to_string(number), rdma);
}
inline model::DeviceNode rdma_cm() { return node(model::NodeKind::rdma_cm, "/dev/infiniband/rdma_cm"); }

}  // namespace nic::test
