// What pods hold, by the kubelet's word. Thread: a worker; blocks until the kubelet answers, at most a second. Source:
// the kubelet's PodResourcesLister v1 on <root>/pod-resources/kubelet.sock.
#pragma once

#include "kubelet/container_files.hpp"

#include <optional>
#include <string>

namespace nic::kubelet {

// nullopt where the kubelet does not answer: it is not there, it starts anew, it has no such socket.
[[nodiscard]] std::optional<Held> held(const std::string& kubelet_root);

}  // namespace nic::kubelet
