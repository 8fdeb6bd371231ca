#include "model/vdpa.hpp"

#include <utility>

namespace nic::model {

std::string_view word(VdpaType type) {
  switch (type) {
    case VdpaType::virtio: return "virtio";
    case VdpaType::vhost: return "vhost";
  }
  std::unreachable();
}

std::string_view vdpa_driver(VdpaType type) { return type == VdpaType::virtio ? "virtio_vdpa" : "vhost_vdpa"; }

std::string vdpa_name(const PciAddress& function) { return "vdpa:" + function.text(); }

}  // namespace nic::model
