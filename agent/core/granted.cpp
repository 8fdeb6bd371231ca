#include "core/granted.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace nic::core {
namespace {

constexpr std::array<std::string_view, 3> kUioDrivers{"igb_uio", "uio_pci_generic", "uio"};

std::vector<std::string> rdma_names(const model::Inventory& inventory, const model::PciAddress& function) {
  std::vector<std::string> names;
  for (const auto* rdma : inventory.rdma_devices_of(function)) names.push_back(rdma->name);
  return names;
}

}  // namespace

const model::Selectors& selectors_of(const model::Resource& resource, const model::PoolDevice& device) {
  static const model::Selectors none;
  return device.selector < resource.selectors.size() ? resource.selectors[device.selector] : none;
}

model::NodeRequest wanted_nodes(const model::Snapshot& snapshot, const model::Resource& resource,
                                const model::PoolDevice& device) {
  model::NodeRequest request;
  request.function = device.function;
  request.auxiliary = device.auxiliary;
  request.required_nodes = resource.required_nodes;
  const auto* function = snapshot.inventory.function(device.function);
  const auto driver = function != nullptr && device.auxiliary.empty() ? function->driver.value_or("") : std::string{};
  // Variants too: mlx5_vfio_pci.
  request.vfio = driver.contains("vfio");
  request.uio = std::ranges::find(kUioDrivers, driver) != kUioDrivers.end();
  if (resource.device_class == model::DeviceClass::accelerator) return request;
  const auto& selectors = selectors_of(resource, device);
  request.vdpa = selectors.vdpa_type;
  request.rdma = selectors.is_rdma && !selectors.vdpa_type;
  request.vhost_net = selectors.need_vhost_net;
  if (request.rdma && device.auxiliary.empty()) request.rdma_devices = rdma_names(snapshot.inventory, device.function);
  return request;
}

model::NodeRequest shared_nodes(const model::Snapshot& snapshot, const model::Resource& resource,
                                const model::PciAddress& function) {
  model::NodeRequest request;
  request.function = function;
  request.rdma = true;
  request.rdma_devices = rdma_names(snapshot.inventory, function);
  request.required_nodes = resource.required_nodes;
  return request;
}

}  // namespace nic::core
