// What netlink says, as values, and the seam through which observe() gets it: a test hands in values, the daemon hands
// in functions that ask the kernel. Thread: any (values).
#pragma once

#include "host/devlink_parse.hpp"
#include "model/error.hpp"
#include "model/inventory.hpp"
#include "model/roots.hpp"

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nic::host {

// One RTM_NEWLINK. Source: rtnetlink(7), linux/if_link.h.
struct Link {
  unsigned ifindex{0};
  std::string name;
  std::vector<std::string> altnames;  // IFLA_PROP_LIST / IFLA_ALT_IFNAME
  std::string address;                // "52:54:00:...", "" where there is none
  std::string permanent_address;      // the same, as the card was made
  std::string kind;                   // IFLA_INFO_KIND: "vlan", "veth"; "" for hardware
  std::uint16_t hardware_type{0};     // ARPHRD_*
  std::uint32_t flags{0};             // IFF_*
  unsigned mtu{0};
  std::optional<unsigned> max_mtu;
  std::uint8_t operstate{0};  // IF_OPER_*, RFC 2863
  bool carrier{false};
  std::optional<unsigned> lower_ifindex;  // IFLA_LINK in the same network namespace
  std::optional<unsigned> master_ifindex;
  std::optional<std::string> phys_port_name;
  std::optional<std::string> phys_switch_id;

  bool operator==(const Link&) const = default;
};

struct RdmaPortLink {
  unsigned number{0};
  std::optional<unsigned> net_ifindex;

  bool operator==(const RdmaPortLink&) const = default;
};

// One device of an RDMA_NLDEV_CMD_GET dump, with its RDMA_NLDEV_CMD_PORT_GET dump. Source: rdma/rdma_netlink.h.
struct RdmaLink {
  std::string name;
  unsigned index{0};
  std::string firmware;
  std::string node_guid;       // "xxxx:xxxx:xxxx:xxxx"
  std::string sys_image_guid;  // the same
  unsigned port_count{0};
  std::vector<RdmaPortLink> ports;

  bool operator==(const RdmaLink&) const = default;
};

struct RdmaFacts {
  bool subsystem{false};  // ib_core is there
  std::optional<model::RdmaNetnsMode> netns_mode;
  std::vector<RdmaLink> devices;

  bool operator==(const RdmaFacts&) const = default;
};

// nullopt: devlink knows no eswitch of that function.
using EswitchModes = std::map<model::PciAddress, std::expected<std::optional<model::EswitchMode>, model::Error>>;

// "" where the driver tells none.
using DdpProfiles = std::map<model::PciAddress, std::expected<std::string, model::Error>>;

// Of all devices, those on other buses too.
struct DevlinkFacts {
  std::vector<PortOf> ports;
  std::vector<ReporterOf> reporters;
};

// Each function asks anew and may block (at most the receive timeout of the socket, 2 s, for each answer).
struct NetlinkSource {
  std::function<std::expected<std::vector<Link>, model::Error>()> links;
  std::function<std::expected<std::vector<model::DefaultRoute>, model::Error>()> routes;
  std::function<std::expected<RdmaFacts, model::Error>()> rdma;
  // What the driver of this PF's interface tells of its VFs, by their index; those of which it tells nothing are not in
  // it.
  std::function<std::expected<std::map<unsigned, model::VfSettings>, model::Error>(unsigned ifindex)> vfs;
  // Takes the lock of every devlink device in turn.
  std::function<std::expected<DevlinkFacts, model::Error>()> devlink{};
  // Of each of these PFs.
  std::function<std::expected<EswitchModes, model::Error>(std::span<const model::PciAddress>)> eswitch_modes{};
  // The same.
  std::function<std::expected<DdpProfiles, model::Error>(std::span<const model::PciAddress>)> ddp_profiles{};
};

// Opens a socket for each question. `roots` only tells whether ib_core is there: opening an RDMA netlink socket would
// load it (MODULE_ALIAS_NET_PF_PROTO in drivers/infiniband/core/netlink.c), and looking must not change the machine.
[[nodiscard]] NetlinkSource kernel_netlink(const model::Roots& roots);

// The same facts as far as sysfs has them: for composed trees, and where netlink is refused. No routes, no altnames.
[[nodiscard]] NetlinkSource sysfs_netlink(const model::Roots& roots);

// kernel_netlink for the machine's own /sys, sysfs_netlink for any other tree.
[[nodiscard]] NetlinkSource netlink_of(const model::Roots& roots);

// The roots are the machine's own, so that /dev, netlink and /sys belong together.
[[nodiscard]] bool is_real(const model::Roots& roots);

}  // namespace nic::host
