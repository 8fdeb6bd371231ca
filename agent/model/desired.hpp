// What the configuration asks of this machine: the configuration resolved against the inventory.
// Thread: any (values). Made by core::resolve.
#pragma once

#include "model/config.hpp"
#include "model/error.hpp"
#include "model/pci_address.hpp"
#include "model/rdma_netns.hpp"
#include "model/vf_settings.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nic::model {

struct DesiredVf {
  DeviceType device_type{DeviceType::netdevice};
  std::optional<unsigned> mtu;
  bool is_rdma{false};
  std::optional<VdpaType> vdpa_type{};
  std::string policy;           // the policy that says so
  VfSettings settings;          // what the PF has to say of it
  bool address_if_none{false};  // an address that the VF has already stays: nobody asked for another one
  bool only_if_unbound{false};  // no policy speaks of this VF: a driver that somebody bound is left alone
  bool no_driver{false};        // it was found without one and is given back so

  bool operator==(const DesiredVf&) const = default;
};

struct DesiredPf {
  PciAddress pf;
  unsigned num_vfs{0};
  bool externally_managed{false};  // the PF is only looked at; it has num_vfs VFs or more
  OnDrift on_drift{OnDrift::enforce};
  std::optional<EswitchMode> eswitch_mode{};
  bool need_vhost_net{false};
  std::optional<unsigned> mtu;        // the PF is raised to this, never lowered
  std::map<unsigned, DesiredVf> vfs;  // VFs that some policy speaks of; the others are left as they are
  std::vector<std::string> policies;  // names, in the order of the configuration
  bool given_back{false};             // no policy asks for it any more: this is what was found, the MTU exactly

  bool operator==(const DesiredPf&) const = default;
};

// What PCI configuration space of a bridge or a NIC is to hold; what is not said stays.
struct DesiredPcie {
  PciAddress function;
  std::optional<std::uint16_t> acs_redirects;  // the bits of kAcsRedirects
  std::optional<unsigned> max_read_request;
  std::string why;         // "the way from GPU 0000:03:00.0 to NIC 0000:04:00.0"
  bool given_back{false};  // nothing asks for it any more: this is what was found

  bool operator==(const DesiredPcie&) const = default;
};

// Something that the configuration asks and that cannot be: it concerns `pf` where there is one, and leaves that PF
// alone.
struct Conflict {
  std::optional<PciAddress> pf;
  Error error;

  bool operator==(const Conflict&) const = default;
};

// An owned PF that nothing is done to for the time being.
struct Kept {
  std::string why;
  bool asked{false};  // a policy may yet ask for it

  bool operator==(const Kept&) const = default;
};

struct DesiredRdmaNetns {
  std::optional<RdmaNetnsMode> mode;  // nullopt: as it is
  bool given_back{false};             // nobody asks for it (any more): `mode` is what was found, and no option stays
  bool rebooted{false};               // the option that the agent wrote stood there when the machine started

  bool operator==(const DesiredRdmaNetns&) const = default;
};

struct Desired {
  std::map<PciAddress, DesiredPf> pfs;
  std::map<PciAddress, DesiredPcie> pcie;
  std::vector<Conflict> conflicts;
  std::vector<RequiredModule> modules;
  std::optional<DesiredRdmaNetns> rdma_netns;  // nullopt: not known what is asked, nothing is touched
  std::set<PciAddress> protected_functions;    // by the configuration
  std::map<PciAddress, std::string> links_up;  // functions whose interfaces are to be up, and the resource they are in
  std::map<PciAddress, Kept> kept;
  std::vector<std::string> notes;  // "policy \"workers\" matches no function of this machine"

  bool operator==(const Desired&) const = default;
};

}  // namespace nic::model
