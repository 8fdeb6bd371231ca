// Files that go with what a container is given: functions that the daemon lends, as the endpoint writes nothing itself,
// and what is asked of them. Thread: any, gRPC's above all; each returns when the file is there, within milliseconds.
#pragma once

#include "model/device_node.hpp"
#include "model/error.hpp"
#include "model/snapshot.hpp"

#include <expected>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace nic::kubelet {

// One device as it was given last.
struct Given {
  std::string resource;
  std::string device;  // its id
  std::vector<model::DeviceNode> nodes;
  std::string device_info;  // text of the file that CNIs read (device_info.hpp); "" for none

  bool operator==(const Given&) const = default;
};

struct CdiNode {
  std::string path;  // in the container
  std::string host_path;
  std::string permissions;

  bool operator==(const CdiNode&) const = default;
};

// One device of a resource's specification: a container that asks for it gets these nodes.
struct CdiDevice {
  std::string name;
  std::vector<CdiNode> nodes;

  bool operator==(const CdiDevice&) const = default;
};

// Empty functions: nothing is kept.
struct ContainerFiles {
  std::function<std::expected<void, model::Error>(const Given&)> keep;
  std::function<std::optional<Given>(const std::string& resource, const std::string& device)> kept;
  // The resource's specification has the device as it is here, whatever it had before.
  std::function<std::expected<void, model::Error>(const std::string& resource, const CdiDevice&)> keep_cdi;
};

// Who holds what: resource and device id, as the kubelet's pod resources have it.
using Held = std::set<std::pair<std::string, std::string>>;

struct Kept {
  std::string resource;
  std::string device;
  bool young{false};  // given so short a time ago that the kubelet may not list it yet

  bool operator==(const Kept&) const = default;
};

// Of what was kept, that which nobody needs any more: no pod holds it. Where the kubelet does not tell (nullopt), what
// is no longer among the pools.
[[nodiscard]] std::vector<Kept> to_collect(const std::vector<Kept>& kept, const std::vector<model::Pool>& pools,
                                           const std::optional<Held>& held);

}  // namespace nic::kubelet
