// The public vocabulary, written once: bus names, journal fields, message ids, paths.
#pragma once

#include <string_view>

namespace nic::names {

inline constexpr const char* kBusName = "org.nicagent1";
inline constexpr const char* kRootPath = "/org/nicagent1";
inline constexpr const char* kErrorPrefix = "org.nicagent1.Error.";

// polkit actions (dbus/org.nicagent1.policy)
inline constexpr const char* kActionConfigure = "org.nicagent1.configure";
inline constexpr const char* kActionApply = "org.nicagent1.apply";
inline constexpr const char* kActionLoadDriver = "org.nicagent1.load-driver";
inline constexpr const char* kActionReloadDriver = "org.nicagent1.reload-driver";
inline constexpr const char* kActionForce = "org.nicagent1.force";

// Journal fields
inline constexpr std::string_view kFieldPci = "NIC_PCI";
inline constexpr std::string_view kFieldStep = "NIC_STEP";
inline constexpr std::string_view kFieldResource = "NIC_RESOURCE";
inline constexpr std::string_view kFieldModule = "NIC_MODULE";
inline constexpr std::string_view kFieldGeneration = "NIC_GENERATION";

// Below the configured roots
inline constexpr std::string_view kConfigFile = "nic-agent/nic-agent.toml";          // below etc
inline constexpr std::string_view kConfigDropIns = "nic-agent/conf.d";               // below etc, run, usr/lib
inline constexpr std::string_view kIbCoreOption = "modprobe.d/nic-agent-rdma.conf";  // below etc
inline constexpr std::string_view kGuidPool = "sriov-operator/infiniband/guids";     // below etc

}  // namespace nic::names
