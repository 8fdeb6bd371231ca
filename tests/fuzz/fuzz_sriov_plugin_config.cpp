// rooms: config model
// Sriov-network-device-plugin's file from anybody: a resource that comes of it is one that the kubelet takes, and what
// does not come of it is said.
#include "plugin_config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_plugin_config({reinterpret_cast<const char*>(data), size}, nic::config::PluginForm::sriov);
  return 0;
}
