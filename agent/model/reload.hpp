// Kernel modules unloaded and loaded anew: what that means for this machine, what stands in its way, and what has to be
// put back afterwards. Thread: any (values). Planned by core/reload, put back by core/put_back, kept on disk by
// apply/reload_record.
#pragma once

#include "model/error.hpp"
#include "model/eswitch.hpp"
#include "model/owned.hpp"
#include "model/pci_address.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nic::model {

// A process that has nodes below /dev/infiniband open.
struct RdmaUser {
  unsigned pid{0};
  std::string name;                // comm of proc(5)
  std::vector<std::string> nodes;  // "/dev/infiniband/uverbs0", each once

  bool operator==(const RdmaUser&) const = default;
};

// A mounted filesystem, or a swap area, and the disks that it stands on, through device mapper and md too.
struct Mount {
  std::string where;               // "/", or "swap on /dev/nvme0n1p2"
  std::string type;                // "ext4", "nfs4", "swap"
  std::vector<std::string> disks;  // as the kernel calls them: "nvme0n1"
  bool over_rdma{false};           // its options say so

  bool operator==(const Mount&) const = default;
};

// What the inventory does not tell, and a reload has to know. Read once, just before.
struct ReloadFacts {
  std::vector<RdmaUser> rdma_users;                   // by pid
  std::vector<Mount> mounts;                          // those on NVMe disks, and those that are reached over a network
  std::map<unsigned, std::string> sessions;           // ifindex: "an ssh session from 192.0.2.1"
  std::map<unsigned, std::string> link_kinds;         // ifindex: "vlan", "macvlan"; hardware is not in it
  std::map<std::string, std::string> driver_modules;  // PCI driver: its module
  std::map<std::string, std::string> software_kinds;  // RDMA device: "rxe", "siw"
  std::map<PciAddress, std::string> overrides;        // driver_override of VFs, where one is set
  std::vector<Error> problems;                        // what could not be read

  bool operator==(const ReloadFacts&) const = default;
};

// Module: its build, as its file's build id tells it.
using Builds = std::map<std::string, std::string>;

struct Obstacle {
  std::string text;  // one sentence: what stands in the way, and what to do about it
  bool forceable{false};

  bool operator==(const Obstacle&) const = default;
};

struct ReloadPlan {
  std::vector<std::string> unload;    // in order: a module after all that hold on to it
  std::vector<std::string> load;      // in order
  std::vector<PciAddress> functions;  // that lose their driver, or the PF that they are made by
  std::vector<unsigned> interfaces;   // that go away: ifindexes, lower ones before those that stand on them
  std::vector<std::string> rdma_devices;
  std::vector<std::string> interface_names;  // of `interfaces`, in their order
  std::vector<Obstacle> obstacles;

  bool operator==(const ReloadPlan&) const = default;
  [[nodiscard]] bool may(bool force) const {
    return std::ranges::all_of(obstacles, [&](const auto& obstacle) { return force && obstacle.forceable; });
  }
};

// Payload of an rtnetlink message as the kernel gave it: it is sent back with nothing but indexes of interfaces
// changed, so that no attribute is lost that nobody here knows.
using RawMessage = std::string;

// A route through interfaces that go away. They have other indexes when they come back.
struct SavedRoute {
  RawMessage message;
  std::map<unsigned, std::string> interfaces;  // index then: name, of those that go away

  bool operator==(const SavedRoute&) const = default;
};

// What rtnetlink tells of an interface that goes away, and nobody else knows how to make again.
struct SavedMessages {
  RawMessage link_info{};  // payload of IFLA_LINKINFO, of a VLAN
  std::vector<RawMessage> addresses{};
  std::vector<SavedRoute> routes{};

  bool operator==(const SavedMessages&) const = default;
};

struct SavedInterface {
  std::string name{};
  std::optional<PciAddress> function{};  // it is the function's own; nullopt: it stands on `lower`
  unsigned port{0};                      // which of the function's own interfaces, by ifindex
  std::string lower{};
  std::string master{};   // bond, bridge or VRF; "" for none
  std::string address{};  // "52:54:00:..."; "" where it cannot be set (InfiniBand), or the PF says it
  unsigned mtu{0};
  bool up{false};
  SavedMessages messages{};

  bool operator==(const SavedInterface&) const = default;
};

struct SavedRdmaDevice {
  std::string name{};
  std::optional<PciAddress> function{};  // nullopt: of software
  std::size_t position{0};               // among the function's devices, by index
  std::string kind{};                    // of software: "rxe", "siw"
  std::string interface{};               // that it stands on

  bool operator==(const SavedRdmaDevice&) const = default;
};

struct SavedPf {
  PciAddress pf;
  unsigned num_vfs{0};
  bool drivers_autoprobe{true};
  std::optional<EswitchMode> eswitch_mode{};
  FoundVfs vfs{};
  std::map<unsigned, std::string> overrides{};  // driver_override of VFs, by index
  std::map<unsigned, std::string> vdpa{};       // driver of the vDPA device of a VF, by index

  bool operator==(const SavedPf&) const = default;
};

// All that has to be put back, and the modules without which it cannot be.
struct ReloadRecord {
  std::vector<std::string> load;
  std::vector<SavedPf> pfs;
  std::vector<SavedInterface> interfaces;  // lower ones before those that stand on them
  std::vector<SavedRdmaDevice> rdma_devices;

  bool operator==(const ReloadRecord&) const = default;
};

}  // namespace nic::model
