#include "kubelet/pod_resources.hpp"

#include "kubelet/channel.hpp"
#include "podresources.grpc.pb.h"

#include <fmt/format.h>
#include <google/protobuf/arena.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <system_error>
#include <tuple>

namespace nic::kubelet {
namespace {

using model::Error;

constexpr auto kPatience = std::chrono::seconds{1};
constexpr std::string_view kActivity = "ask the kubelet what it has handed out";

// Names come from the API server, which lets only such characters through; a text that goes to D-Bus and the journal
// does not rely on that.
std::string plain(std::string text) {
  constexpr std::size_t kLongest = 253;
  if (text.size() > kLongest) text.resize(kLongest);
  std::ranges::replace_if(text, [](char c) { return c <= 0x20 || c > 0x7e; }, '?');
  return text;
}

std::string socket_below(const std::string& kubelet_root) { return kubelet_root + "/pod-resources/kubelet.sock"; }

bool is_there(const std::string& socket) {
  std::error_code failure;
  return std::filesystem::exists(socket, failure);
}

Error failure(const grpc::Status& status, const std::string& socket) {
  return {status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ? model::Code::timed_out : model::Code::not_found,
          0, std::string{kActivity}, socket, plain(status.error_message())};
}

using Stub = v1::PodResourcesLister::Stub;

// Each device of each container.
std::expected<std::map<std::string, std::vector<model::Holder>>, Error> holders_of(Stub& stub, Calls& calls,
                                                                                   const std::string& socket) {
  v1::ListPodResourcesResponse response;
  const auto status =
      calls.within(kPatience, [&](grpc::ClientContext& context) { return stub.List(&context, {}, &response); });
  if (!status.ok()) return std::unexpected(failure(status, socket));
  std::map<std::string, std::vector<model::Holder>> holders;
  for (const auto& pod : response.pod_resources()) {
    const auto name = fmt::format("{}/{}", plain(pod.namespace_()), plain(pod.name()));
    for (const auto& container : pod.containers())
      for (const auto& devices : container.devices())
        for (const auto& id : devices.device_ids())
          holders[devices.resource_name()].push_back({plain(id), name, plain(container.name())});
  }
  for (auto& [resource, all] : holders)
    std::ranges::sort(all, {}, [](const auto& one) { return std::tie(one.device, one.pod, one.container); });
  return holders;
}

}  // namespace

std::expected<PodResources, Error> pod_resources(const std::string& kubelet_root, Calls& calls) {
  const auto socket = socket_below(kubelet_root);
  if (!is_there(socket))
    return std::unexpected(Error{model::Code::not_found, 0, std::string{kActivity}, socket, "no kubelet runs"});
  const auto stub = v1::PodResourcesLister::NewStub(channel_to(socket));
  auto holders = holders_of(*stub, calls, socket);
  if (!holders) return std::unexpected(holders.error());
  PodResources all{std::move(*holders), std::nullopt};
  // A message of its own for each device: 64 resources of 1,000 are 64,000 of them.
  google::protobuf::Arena arena;
  auto* response = google::protobuf::Arena::CreateMessage<v1::AllocatableResourcesResponse>(&arena);
  const auto status = calls.within(
      kPatience, [&](grpc::ClientContext& context) { return stub->GetAllocatableResources(&context, {}, response); });
  if (!status.ok()) return all;
  auto& allocatable = all.allocatable.emplace();
  for (const auto& devices : response->devices()) {
    auto& ids = allocatable[devices.resource_name()];
    ids.insert(ids.end(), devices.device_ids().begin(), devices.device_ids().end());
  }
  for (auto& [resource, ids] : allocatable) std::ranges::sort(ids);
  return all;
}

std::expected<std::map<model::PciAddress, std::string>, Error> handed_out(const std::string& kubelet_root) {
  std::map<model::PciAddress, std::string> users;
  const auto socket = socket_below(kubelet_root);
  if (!is_there(socket)) return users;
  Calls calls;
  const auto holders = holders_of(*v1::PodResourcesLister::NewStub(channel_to(socket)), calls, socket);
  if (!holders) return std::unexpected(holders.error());
  for (const auto& [resource, all] : *holders)
    for (const auto& holder : all)
      if (const auto address = model::PciAddress::parse(holder.device))
        users[*address] = fmt::format("the kubelet gave it to container {} of pod {}", holder.container, holder.pod);
  return users;
}

std::optional<Held> held(const std::string& kubelet_root) {
  const auto socket = socket_below(kubelet_root);
  if (kubelet_root.empty() || !is_there(socket)) return std::nullopt;
  Calls calls;
  const auto holders = holders_of(*v1::PodResourcesLister::NewStub(channel_to(socket)), calls, socket);
  if (!holders) return std::nullopt;
  Held devices;
  for (const auto& [resource, all] : *holders)
    for (const auto& holder : all) devices.emplace(resource, holder.device);
  return devices;
}

}  // namespace nic::kubelet
