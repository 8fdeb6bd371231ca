// What the endpoint is given by the daemon: it never touches the kernel and never changes state itself.
// Thread: `resolve`, `snapshots` and `files` are used from gRPC threads; `report`, `present` and `handed_out` are
// called on the loop's thread.
#pragma once

#include "kubelet/container_files.hpp"
#include "loop/loop.hpp"
#include "model/device_node.hpp"
#include "model/snapshot.hpp"

#include <expected>
#include <functional>
#include <string>
#include <vector>

namespace nic::kubelet {

struct Context {
  const model::SnapshotCell& snapshots;
  // Looks the device nodes up now; a required one that is missing is an error that names it.
  std::function<std::expected<std::vector<model::DeviceNode>, model::Error>(const model::NodeRequest&)> resolve;
  loop::Mailbox::Post post;
  std::function<void(const std::string& resource, const model::EndpointStatus&)> report;
  std::function<void(bool)> present;                                      // is there a kubelet's root directory?
  std::function<void(const std::vector<model::PciAddress>&)> handed_out;  // one of these was, just now
  ContainerFiles files{};
};

}  // namespace nic::kubelet
