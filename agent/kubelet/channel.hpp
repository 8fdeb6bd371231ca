// A connection to one of the kubelet's sockets. Thread: any.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

namespace nic::kubelet {

[[nodiscard]] std::shared_ptr<grpc::Channel> channel_to(const std::string& socket);

}  // namespace nic::kubelet
