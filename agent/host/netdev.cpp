#include "host/facts.hpp"

#include <linux/if.h>
#include <linux/if_arp.h>

#include <algorithm>
#include <array>

namespace nic::host {
namespace {

// IF_OPER_* in the kernel's order, spelt as net-sysfs does.
constexpr std::array<std::string_view, 7> kOperstates{"unknown", "notpresent", "down", "lowerlayerdown",
                                                      "testing", "dormant",    "up"};

model::LinkType link_type(std::uint16_t hardware_type) {
  switch (hardware_type) {
    case ARPHRD_ETHER: return model::LinkType::ethernet;
    case ARPHRD_INFINIBAND: return model::LinkType::infiniband;
    default: return model::LinkType::unknown;
  }
}

// ".../0000:3b:00.2/vdpa:0000:3b:00.2/virtio3/net/eth4": between a virtio card and its function there is nothing.
bool stands_on_vdpa(std::string_view path, const model::PciAddress& function) {
  return path.contains("/virtio") && !path.contains('/' + function.text() + "/virtio");
}

}  // namespace

model::NetDevice net_device_of(const Link& link) {
  model::NetDevice net;
  net.name = link.name;
  net.ifindex = link.ifindex;
  net.altnames = link.altnames;
  net.address = link.address;
  net.permanent_address = link.permanent_address;
  net.mtu = link.mtu;
  net.max_mtu = link.max_mtu;
  net.link_type = link_type(link.hardware_type);
  net.admin_up = (link.flags & IFF_UP) != 0;
  net.carrier = link.carrier;
  net.operstate = kOperstates[link.operstate < kOperstates.size() ? link.operstate : 0];
  net.lower_ifindex = link.lower_ifindex;
  net.master_ifindex = link.master_ifindex;
  net.phys_port_name = link.phys_port_name;
  net.phys_switch_id = link.phys_switch_id;
  return net;
}

std::vector<model::NetDevice> join_net_devices(const Sysfs& sys, std::span<const Link> links) {
  std::vector<model::NetDevice> result;
  result.reserve(links.size());
  const auto opened = sys.folder("class/net");
  const Sysfs* folder = opened && *opened ? &**opened : nullptr;
  for (const auto& link : links) {
    auto net = net_device_of(link);
    // A name with a slash cannot be (dev_valid_name); no link: renamed or removed since, an event is on its way.
    if (folder != nullptr && net.name.find('/') == std::string::npos) {
      if (const auto target = folder->target(net.name.c_str()); target && *target) {
        net.function = function_above(**target);
        // ".../0000:3b:00.0/mlx5_core.sf.4/net/ens1f0s88": auxiliary devices are named driver.what.number.
        if (net.function) net.auxiliary = scalable_function_above(**target);
        net.scalable_function = !net.auxiliary.empty();
        net.vdpa = net.function && stands_on_vdpa(**target, *net.function);
      }
      // The file answers EINVAL without carrier and -1 where the driver does not know.
      if (net.function && net.carrier)
        if (const auto speed = folder->number<int>((net.name + "/speed").c_str()); speed && *speed && **speed > 0)
          net.speed_mbps = static_cast<unsigned>(**speed);
    }
    result.push_back(std::move(net));
  }
  std::ranges::sort(result, {}, &model::NetDevice::ifindex);
  return result;
}

std::vector<model::DefaultRoute> ordered(std::vector<model::DefaultRoute> routes) {
  std::ranges::sort(routes);
  routes.erase(std::unique(routes.begin(), routes.end()), routes.end());
  return routes;
}

}  // namespace nic::host
