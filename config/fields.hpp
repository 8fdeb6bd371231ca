// Every field of the sriov-network-operator's documents and of the device plugins' configuration files, once, and what
// becomes of it: the readers, their messages and their tests read this table. Thread: any (constants). Source: the CRDs
// SriovNetworkNodePolicy, SriovNetworkNodeState and SriovNetworkPoolConfig of sriovnetwork.openshift.io/v1; for the
// pool of GUIDs its program, and its documentation, which spells the names in another way; for the plugins the structs
// that k8s-rdma-shared-dev-plugin and sriov-network-device-plugin decode into.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace nic::config {

enum class Fate : std::uint8_t {
  taken,
  passed_over,  // says nothing about what the machine should be
  not_taken,    // the configuration has no key for it: a warning, unless it asks for nothing
};

struct Field {
  std::string_view object;  // "policy": spec of a policy; "state": of a node state; "pool": of a pool's configuration
  std::string_view name;
  Fate fate{Fate::taken};
  std::string_view why{};  // of not_taken, for people
};

inline constexpr std::string_view kNoLinkType = "the agent does not change the link type of a port";
inline constexpr std::string_view kNoBridges = "the agent does not touch Open vSwitch";

inline constexpr std::string_view kNotOfThisType = "the plugin does nothing with it for this deviceType";

inline constexpr std::array kFields{
    Field{"document", "apiVersion"},
    Field{"document", "kind"},
    Field{"document", "metadata"},
    Field{"document", "spec"},
    Field{"document", "items"},
    Field{"document", "status", Fate::passed_over},
    Field{"policy", "resourceName"},
    Field{"policy", "nodeSelector", Fate::not_taken,
          "the configuration is that of one machine; see that the policy is meant for this one"},
    Field{"policy", "priority"},
    Field{"policy", "mtu"},
    Field{"policy", "numVfs"},
    Field{"policy", "nicSelector"},
    Field{"policy", "deviceType"},
    Field{"policy", "isRdma"},
    Field{"policy", "needVhostNet"},
    Field{"policy", "linkType", Fate::not_taken, kNoLinkType},
    Field{"policy", "eSwitchMode"},
    Field{"policy", "vdpaType"},
    Field{"policy", "excludeTopology"},
    Field{"policy", "externallyManaged"},
    Field{"policy", "bridge", Fate::not_taken, kNoBridges},
    Field{"nicSelector", "vendor"},
    Field{"nicSelector", "deviceID"},
    Field{"nicSelector", "rootDevices"},
    Field{"nicSelector", "pfNames"},
    Field{"nicSelector", "netFilter"},
    Field{"state", "interfaces"},
    Field{"state", "bridges", Fate::not_taken, kNoBridges},
    Field{"state", "system"},
    Field{"state", "dpConfigVersion", Fate::passed_over},
    Field{"system", "rdmaMode"},
    Field{"pool", "nodeSelector", Fate::not_taken,
          "the configuration is that of one machine; see that the pool is meant for this one"},
    Field{"pool", "maxUnavailable", Fate::passed_over},
    Field{"pool", "rdmaMode"},
    Field{"pool", "ovsHardwareOffloadConfig", Fate::not_taken, kNoBridges},
    Field{"interface", "pciAddress"},
    Field{"interface", "name", Fate::passed_over},
    Field{"interface", "numVfs"},
    Field{"interface", "mtu"},
    Field{"interface", "linkType", Fate::not_taken, kNoLinkType},
    Field{"interface", "eSwitchMode"},
    Field{"interface", "externallyManaged"},
    Field{"interface", "vfGroups"},
    Field{"vfGroup", "resourceName"},
    Field{"vfGroup", "deviceType"},
    Field{"vfGroup", "vfRange"},
    Field{"vfGroup", "policyName"},
    Field{"vfGroup", "mtu"},
    Field{"vfGroup", "isRdma"},
    Field{"vfGroup", "vdpaType"},
    Field{"guidPool", "pciAddress"},
    Field{"guidPool", "pci_address"},
    Field{"guidPool", "pfGuid"},
    Field{"guidPool", "pf_guid"},
    Field{"guidPool", "guids"},
    Field{"guidPool", "guidsRange"},
    Field{"guidPool", "guids_range"},
    Field{"guidsRange", "start"},
    Field{"guidsRange", "end"},
    Field{"rdmaFile", "periodicUpdateInterval"},
    Field{"rdmaFile", "configList"},
    Field{"rdmaResource", "resourceName"},
    Field{"rdmaResource", "resourcePrefix"},
    Field{"rdmaResource", "rdmaHcaMax"},
    Field{"rdmaResource", "devices"},
    Field{"rdmaResource", "selectors"},
    Field{"rdmaSelectors", "vendors"},
    Field{"rdmaSelectors", "deviceIDs"},
    Field{"rdmaSelectors", "drivers"},
    Field{"rdmaSelectors", "ifNames"},
    Field{"rdmaSelectors", "linkTypes"},
    Field{"sriovFile", "resourceList"},
    Field{"sriovResource", "resourceName"},
    Field{"sriovResource", "resourcePrefix"},
    Field{"sriovResource", "deviceType"},
    Field{"sriovResource", "excludeTopology"},
    Field{"sriovResource", "selectors"},
    Field{"sriovResource", "additionalInfo"},
    Field{"netDevice", "vendors"},
    Field{"netDevice", "devices"},
    Field{"netDevice", "drivers"},
    Field{"netDevice", "pciAddresses"},
    Field{"netDevice", "acpiIndexes"},
    Field{"netDevice", "auxTypes", Fate::not_taken, kNotOfThisType},
    Field{"netDevice", "pfNames"},
    Field{"netDevice", "rootDevices"},
    Field{"netDevice", "linkTypes"},
    Field{"netDevice", "ddpProfiles"},
    Field{"netDevice", "pKeys"},
    Field{"netDevice", "isRdma"},
    Field{"netDevice", "needVhostNet"},
    Field{"netDevice", "vdpaType"},
    Field{"auxNetDevice", "vendors"},
    Field{"auxNetDevice", "devices"},
    Field{"auxNetDevice", "drivers"},
    Field{"auxNetDevice", "pciAddresses", Fate::not_taken, kNotOfThisType},
    Field{"auxNetDevice", "acpiIndexes", Fate::not_taken, kNotOfThisType},
    Field{"auxNetDevice", "auxTypes"},
    Field{"auxNetDevice", "pfNames"},
    Field{"auxNetDevice", "rootDevices"},
    Field{"auxNetDevice", "linkTypes"},
    Field{"auxNetDevice", "ddpProfiles", Fate::not_taken, kNotOfThisType},
    Field{"auxNetDevice", "pKeys", Fate::not_taken, kNotOfThisType},
    Field{"auxNetDevice", "isRdma"},
    Field{"auxNetDevice", "needVhostNet"},
    Field{"auxNetDevice", "vdpaType", Fate::not_taken, kNotOfThisType},
    Field{"accelerator", "vendors"},
    Field{"accelerator", "devices"},
    Field{"accelerator", "drivers"},
    Field{"accelerator", "pciAddresses"},
    Field{"accelerator", "acpiIndexes"},
    Field{"accelerator", "auxTypes", Fate::not_taken, kNotOfThisType},
    Field{"accelerator", "pfNames", Fate::not_taken, kNotOfThisType},
    Field{"accelerator", "rootDevices", Fate::not_taken, kNotOfThisType},
    Field{"accelerator", "linkTypes", Fate::not_taken, kNotOfThisType},
    Field{"accelerator", "ddpProfiles", Fate::not_taken, kNotOfThisType},
    Field{"accelerator", "pKeys", Fate::not_taken, kNotOfThisType},
    Field{"accelerator", "isRdma", Fate::not_taken, kNotOfThisType},
    Field{"accelerator", "needVhostNet", Fate::not_taken, kNotOfThisType},
    Field{"accelerator", "vdpaType", Fate::not_taken, kNotOfThisType},
};

}  // namespace nic::config
