// What a container gets for the devices it was given. Pure but for `resolve`. Thread: any.
// Environment and permissions are those of k8s-rdma-shared-dev-plugin and sriov-network-device-plugin, so that CNIs and
// applications written for them find what they look for.
#pragma once

#include "deviceplugin.grpc.pb.h"
#include "kubelet/context.hpp"

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace nic::kubelet {

using Resolve = std::function<std::expected<std::vector<model::DeviceNode>, model::Error>(const model::NodeRequest&)>;

// The whole response, one container response for each request; nothing is handed out when one id is not good.
[[nodiscard]] std::expected<v1beta1::AllocateResponse, model::Error> allocate(const model::Snapshot& snapshot,
                                                                              const model::Pool& pool,
                                                                              const v1beta1::AllocateRequest& request,
                                                                              const Resolve& resolve);

// The list as the kubelet is told it, in a stable order.
[[nodiscard]] v1beta1::ListAndWatchResponse device_list(const model::Pool& pool);

// "PCIDEVICE_EXAMPLE_COM_VFS" of "example.com/vfs": upper case, '.' and '/' as '_'; a '-' stays, as upstream leaves it.
[[nodiscard]] std::string environment_name(std::string_view resource);

// gRPC status code (grpc::StatusCode) of a failure.
[[nodiscard]] grpc::Status status_of(const model::Error& error);

}  // namespace nic::kubelet
