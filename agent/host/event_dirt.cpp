#include "host/facts.hpp"
#include "host/kernel_events.hpp"
#include "host/rtnetlink_parse.hpp"

#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

namespace nic::host {

using model::Dirty;

Dirty dirty_of(const Uevent& event) {
  Dirty dirty;
  const auto name = event.device_path.substr(event.device_path.rfind('/') + 1);
  if (event.subsystem == "pci") {
    // Which PF a VF belongs to cannot be told by its path: observe() knows it by its links, old and new.
    if (const auto address = model::PciAddress::parse(name))
      dirty.functions.insert(*address);
    else
      dirty.everything = true;
  } else if (event.subsystem == "net") {
    dirty.network = true;
    if (const auto function = function_above(event.device_path)) dirty.functions.insert(*function);
  } else if (event.subsystem == "vdpa") {
    if (const auto function = function_above(event.device_path)) dirty.functions.insert(*function);
  } else if (event.subsystem == "auxiliary") {
    // What drivers make of one function among themselves (mlx5_core.eth.0) comes with its other devices.
    if (!scalable_function_above(name).empty())
      if (const auto function = function_above(event.device_path)) dirty.functions.insert(*function);
  } else if (event.subsystem.starts_with("infiniband")) {
    dirty.rdma = true;
  } else if (event.subsystem == "misc") {
    dirty.rdma = name == "rdma_cm";
  } else if (event.subsystem == "module") {
    dirty.modules = true;
    // ib_core brings the RDMA subsystem itself, which no device event tells.
    dirty.rdma = name.starts_with("ib_") || name.starts_with("rdma_");
  }
  return dirty;
}

Dirty dirty_of_rtnetlink(Bytes datagram) {
  Dirty dirty;
  while (const auto message = next_message(datagram)) {
    switch (message->header.nlmsg_type) {
      case RTM_NEWLINK:
      case RTM_DELLINK:
        if (const auto link = parse_link(message->payload)) {
          dirty.network = true;
          // The state of a RoCE or soft-RoCE port follows its interface without an event of its own. Pods' veths come
          // and go all day and carry none.
          dirty.rdma |= link->kind != "veth" && link->kind != "bridge" && link->kind != "vxlan";
        }
        break;
      case RTM_NEWROUTE:
      case RTM_DELROUTE: dirty.network |= !parse_default_routes(message->payload).empty(); break;
      default: break;
    }
  }
  return dirty;
}

Dirty dirty_of_devlink(Bytes datagram) {
  Dirty dirty;
  while (const auto message = next_message(datagram)) {
    if (message->header.nlmsg_type < NLMSG_MIN_TYPE) continue;  // of netlink itself
    const auto header = leading<genlmsghdr>(message->payload);
    switch (header ? unsigned{header->cmd} : 0U) {
      case DEVLINK_CMD_NEW:
      case DEVLINK_CMD_DEL:
      case DEVLINK_CMD_PORT_NEW:
      case DEVLINK_CMD_PORT_DEL:
      case DEVLINK_CMD_HEALTH_REPORTER_RECOVER: dirty.devlink = true; break;  // also tells that one broke
      default: break;
    }
  }
  return dirty;
}

}  // namespace nic::host
