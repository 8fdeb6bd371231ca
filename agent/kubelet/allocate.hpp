// What a container gets for the devices it was given. Pure but for the functions that are lent. Thread: any.
// Environment and permissions are those of k8s-rdma-shared-dev-plugin and sriov-network-device-plugin, so that CNIs and
// applications written for them find what they look for.
#pragma once

#include "deviceplugin.grpc.pb.h"
#include "kubelet/container_files.hpp"
#include "kubelet/context.hpp"

#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nic::kubelet {

using Resolve = std::function<std::expected<std::vector<model::DeviceNode>, model::Error>(const model::NodeRequest&)>;

// The whole response, one container response for each request; nothing is handed out, and no file written, when one id
// is not good (Code::invalid: the kubelet has another list than we) or one node is missing.
[[nodiscard]] std::expected<v1beta1::AllocateResponse, model::Error> allocate(const model::Snapshot& snapshot,
                                                                              const model::Pool& pool,
                                                                              const v1beta1::AllocateRequest& request,
                                                                              const Resolve& resolve,
                                                                              const ContainerFiles& files = {});

// Before a container starts (again): are the nodes still those that it was given? With CDI, the specification is
// brought up to date, and the runtime gives the container what is right now; without, other nodes are an error that
// names them.
[[nodiscard]] std::expected<void, model::Error> pre_start(const model::Snapshot& snapshot, const model::Pool& pool,
                                                          const v1beta1::PreStartContainerRequest& request,
                                                          const Resolve& resolve, const ContainerFiles& files = {});

// The devices of a resource as its CDI specification has them, those that cannot be resolved left out: their names.
struct CdiState {
  std::vector<CdiDevice> devices;
  std::vector<std::string> unresolved;
};
[[nodiscard]] CdiState cdi_state(const model::Snapshot& snapshot, const model::Pool& pool, const Resolve& resolve);

// Which of the available devices to give, one answer for each request.
[[nodiscard]] v1beta1::PreferredAllocationResponse preferred_allocation(
    const model::Snapshot& snapshot, const model::Pool& pool, const v1beta1::PreferredAllocationRequest& request);

// What the kubelet is to call beside Allocate.
[[nodiscard]] v1beta1::DevicePluginOptions options_of(const model::Resource& resource);

// The list as the kubelet is told it, in a stable order.
[[nodiscard]] v1beta1::ListAndWatchResponse device_list(const model::Pool& pool);

// gRPC status code (grpc::StatusCode) of a failure.
[[nodiscard]] grpc::Status status_of(const model::Error& error);

}  // namespace nic::kubelet
