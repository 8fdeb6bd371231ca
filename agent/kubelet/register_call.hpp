// The older way to the kubelet: Register on its socket. Thread: any; does not block; `done` is called on a gRPC thread.
// The kubelet calls back inside Register, so the server must serve before. Source: Kubernetes "Device Plugins".
#pragma once

#include "model/error.hpp"

#include <expected>
#include <functional>
#include <string>

namespace nic::kubelet {

using RegisterResult = std::expected<void, model::Error>;

// Code::not_found when nobody listens on the kubelet's socket.
void register_call(const std::string& kubelet_socket, const std::string& resource, const std::string& endpoint,
                   std::function<void(RegisterResult)> done);

}  // namespace nic::kubelet
