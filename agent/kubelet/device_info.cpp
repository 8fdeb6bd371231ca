#include "kubelet/device_info.hpp"

#include "kubelet/go_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace nic::kubelet {
namespace {

// Members in the order of the structures of network-attachment-definition-client.
using Json = nlohmann::ordered_json;

Json vdpa_info(const model::Snapshot& snapshot, const model::PoolDevice& device, model::VdpaType type,
               std::span<const model::DeviceNode> nodes) {
  Json vdpa;
  const auto* function = snapshot.inventory.function(device.function);
  if (function != nullptr)
    for (const auto& one : function->vdpa)
      if (one.driver == vdpa_driver(type)) {
        vdpa["parent-device"] = one.name;
        break;
      }
  vdpa["driver"] = word(type);
  const auto node = std::ranges::find(nodes, model::NodeKind::vhost_vdpa, &model::DeviceNode::kind);
  if (node != nodes.end()) vdpa["path"] = node->host_path;
  vdpa["pci-address"] = device.function.text();
  return vdpa;
}

std::string rdma_devices(std::span<const model::DeviceNode> nodes) {
  std::vector<std::string_view> names;
  for (const auto& node : nodes)
    if (!node.rdma_device.empty() && std::ranges::find(names, node.rdma_device) == names.end())
      names.emplace_back(node.rdma_device);
  return fmt::format("{}", fmt::join(names, ","));
}

}  // namespace

std::string device_info_name(std::string_view resource, std::string_view device) {
  auto name = fmt::format("{}-{}-device.json", resource, device);
  std::ranges::replace(name, '/', '-');
  return name;
}

std::string device_info(const model::Snapshot& snapshot, const model::Resource& resource,
                        const model::PoolDevice& device, const model::NodeRequest& wanted,
                        std::span<const model::DeviceNode> nodes) {
  if (resource.device_class == model::DeviceClass::accelerator) return {};
  Json info;
  info["type"] = wanted.vdpa ? "vdpa" : "pci";
  info["version"] = "1.1.0";
  if (wanted.vdpa) {
    info["vdpa"] = vdpa_info(snapshot, device, *wanted.vdpa, nodes);
    return go_json(info);
  }
  Json pci;
  // A scalable function has no PCI address of its own.
  if (device.auxiliary.empty()) pci["pci-address"] = device.function.text();
  if (const auto names = rdma_devices(nodes); !names.empty()) pci["rdma-device"] = names;
  if (!device.auxiliary.empty()) pci["pf-pci-address"] = device.function.text();
  info["pci"] = std::move(pci);
  return go_json(info);
}

}  // namespace nic::kubelet
