#include "kubelet/environment.hpp"

#include "kubelet/go_json.hpp"

#include <utility>

namespace nic::kubelet {
namespace {

using model::NodeKind;

struct Place {
  const char* group;
  const char* key;
};

Place place_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::vfio_container: return {"vfio", "mount"};
    case NodeKind::vfio_group: return {"vfio", "dev-mount"};
    case NodeKind::uio: return {"uio", "mount"};
    case NodeKind::uverbs: return {"rdma", "uverbs"};
    case NodeKind::umad: return {"rdma", "umad"};
    case NodeKind::issm: return {"rdma", "issm"};
    case NodeKind::ucm: return {"rdma", nullptr};  // upstream does not tell it
    case NodeKind::rdma_cm: return {"rdma", "rdma_cm"};
    case NodeKind::vhost_net: return {"vhost", "net-mount"};
    case NodeKind::tun: return {"vhost", "tun-mount"};
    case NodeKind::vhost_vdpa: return {"vdpa", "mount"};
  }
  std::unreachable();
}

nlohmann::json extra(const model::Resource& resource, const model::PciAddress& function) {
  auto info = nlohmann::json::object();
  for (const auto& who : {std::string{"*"}, function.text()})
    if (const auto found = resource.additional_info.find(who); found != resource.additional_info.end())
      for (const auto& [key, value] : found->second) info[key] = value;
  return info;
}

nlohmann::json told(const model::Resource& resource, const ToldDevice& device) {
  nlohmann::json info{{"generic", {{"deviceID", device.id}}}};
  if (!resource.additional_info.empty()) info["extra"] = extra(resource, device.function);
  // Of type virtio it has no node, and is told of all the same.
  if (device.wanted.vdpa) info["vdpa"] = nlohmann::json::object();
  std::string first_rdma;
  for (const auto& node : device.nodes) {
    if (first_rdma.empty()) first_rdma = node.rdma_device;
    if (!node.rdma_device.empty() && node.rdma_device != first_rdma) continue;
    const auto [group, key] = place_of(node.kind);
    if (key != nullptr) info[group].emplace(key, node.container_path);  // of several ports, the first one's
  }
  if (!first_rdma.empty()) info["rdma"]["rdma_dev"] = first_rdma;
  return info;
}

}  // namespace

std::string environment_name(std::string_view resource) {
  std::string name = "PCIDEVICE_";
  const auto slash = resource.find('/');
  for (std::size_t at = 0; at < resource.size(); ++at) {
    const char c = resource[at];
    if (c == '.' || at == slash)
      name += '_';
    else
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

std::map<std::string, std::string> environment(const model::Resource& resource, std::span<const ToldDevice> devices) {
  std::string ids;
  auto infos = nlohmann::json::object();
  for (const auto& device : devices) {
    ids += (ids.empty() ? "" : ",") + device.id;
    infos[device.id] = told(resource, device);
  }
  const auto name = environment_name(resource.name);
  return {{name, ids}, {name + "_INFO", go_json(infos)}};
}

}  // namespace nic::kubelet
