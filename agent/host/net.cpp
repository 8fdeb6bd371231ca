// Network interfaces: rtnetlink's facts joined with what sysfs says of the device below.
#include "host/observe.hpp"
#include "host/pci.hpp"
#include "host/sysfs.hpp"

#include <net/if.h>
#include <net/if_arp.h>

#include <algorithm>
#include <array>

namespace nic::host {
namespace {

// IF_OPER_* in the order of linux/if.h.
constexpr std::array kOperStates{"unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"};

model::LinkType link_type(std::uint16_t hardware_type) {
  if (hardware_type == ARPHRD_ETHER) return model::LinkType::ethernet;
  if (hardware_type == ARPHRD_INFINIBAND) return model::LinkType::infiniband;
  return model::LinkType::unknown;
}

}  // namespace

std::vector<model::NetDevice> join_net_devices(const model::Roots& roots, std::vector<Link> links) {
  const auto folder = Sysfs::open(roots.sys / "class/net");
  std::vector<model::NetDevice> all;
  all.reserve(links.size());
  for (auto& link : links) {
    model::NetDevice net;
    net.name = std::move(link.name);
    net.ifindex = link.ifindex;
    net.altnames = std::move(link.altnames);
    net.address = std::move(link.address);
    net.mtu = link.mtu;
    net.max_mtu = link.max_mtu;
    net.link_type = link_type(link.hardware_type);
    net.admin_up = (link.flags & IFF_UP) != 0;
    net.carrier = link.carrier;
    net.operstate = link.operstate < kOperStates.size() ? kOperStates.at(link.operstate) : "unknown";
    net.lower_ifindex = link.lower_ifindex;
    net.master_ifindex = link.master_ifindex;
    net.phys_port_name = std::move(link.phys_port_name);
    net.phys_switch_id = std::move(link.phys_switch_id);
    // /sys/class/net/<name> is a link into the device tree: the innermost PCI address on the way is the function.
    if (folder)
      if (const auto path = folder->target(net.name.c_str()); path && *path) net.function = innermost_address(**path);
    // The driver is asked for the speed only where there is a link to have one.
    if (folder && net.function && net.carrier)
      if (const auto speed = folder->number<long>((net.name + "/speed").c_str()); speed && *speed && **speed > 0)
        net.speed_mbps = static_cast<unsigned>(**speed);
    all.push_back(std::move(net));
  }
  std::ranges::sort(all, {}, &model::NetDevice::ifindex);
  return all;
}

}  // namespace nic::host
