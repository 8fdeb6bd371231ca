#include "kubelet/pod_resources.hpp"

#include "kubelet/channel.hpp"
#include "podresources.grpc.pb.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

namespace nic::kubelet {
namespace {

constexpr auto kPatience = std::chrono::seconds{1};

// Names come from the API server, which lets only such characters through; a text that goes to D-Bus and the journal
// does not rely on that.
std::string plain(std::string text) {
  constexpr std::size_t kLongest = 253;
  if (text.size() > kLongest) text.resize(kLongest);
  std::ranges::replace_if(text, [](char c) { return c <= 0x20 || c > 0x7e; }, '?');
  return text;
}

}  // namespace

std::expected<std::map<model::PciAddress, std::string>, model::Error> handed_out(const std::string& kubelet_root) {
  std::map<model::PciAddress, std::string> users;
  const auto socket = kubelet_root + "/pod-resources/kubelet.sock";
  std::error_code failure;
  if (!std::filesystem::exists(socket, failure)) return users;
  const auto stub = v1::PodResourcesLister::NewStub(channel_to(socket));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  v1::ListPodResourcesResponse response;
  if (const auto status = stub->List(&context, {}, &response); !status.ok())
    return std::unexpected(model::Error{
        status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ? model::Code::timed_out : model::Code::not_found, 0,
        "ask the kubelet what it has handed out", socket, plain(status.error_message())});
  for (const auto& pod : response.pod_resources())
    for (const auto& container : pod.containers())
      for (const auto& devices : container.devices())
        for (const auto& id : devices.device_ids())
          if (const auto address = model::PciAddress::parse(id))
            users[*address] = fmt::format("the kubelet gave it to container {} of pod {}/{}", plain(container.name()),
                                          plain(pod.namespace_()), plain(pod.name()));
  return users;
}

}  // namespace nic::kubelet
