#include "host/vdpa_parse.hpp"

#include "host/sysfs.hpp"

#include <linux/vdpa.h>

namespace nic::host {

std::optional<VdpaManagement> parse_vdpa_management(Bytes attributes) {
  VdpaManagement management;
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type == VDPA_ATTR_MGMTDEV_BUS_NAME) management.bus = plain_text(leading_text(attribute->payload));
    if (attribute->type == VDPA_ATTR_MGMTDEV_DEV_NAME) management.name = plain_text(leading_text(attribute->payload));
  }
  if (management.name.empty()) return std::nullopt;
  return management;
}

}  // namespace nic::host
