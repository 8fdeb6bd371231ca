#include "kubelet/held.hpp"

#include "kubelet/channel.hpp"
#include "podresources.grpc.pb.h"

#include <chrono>
#include <filesystem>
#include <system_error>

namespace nic::kubelet {

std::optional<Held> held(const std::string& kubelet_root) {
  constexpr auto kPatience = std::chrono::seconds{1};
  const auto socket = kubelet_root + "/pod-resources/kubelet.sock";
  std::error_code failure;
  if (kubelet_root.empty() || !std::filesystem::exists(socket, failure)) return std::nullopt;
  const auto stub = v1::PodResourcesLister::NewStub(channel_to(socket));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  v1::ListPodResourcesResponse response;
  if (!stub->List(&context, {}, &response).ok()) return std::nullopt;
  Held all;
  for (const auto& pod : response.pod_resources())
    for (const auto& container : pod.containers())
      for (const auto& devices : container.devices())
        for (const auto& id : devices.device_ids()) all.emplace(devices.resource_name(), id);
  return all;
}

}  // namespace nic::kubelet
