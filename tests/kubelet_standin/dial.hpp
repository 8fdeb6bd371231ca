// A connection to a plugin as the kubelet makes it. Thread: any; blocks for at most ten seconds.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <filesystem>
#include <memory>

namespace nic::test {

// nullptr: nobody answers. The messages of a plugin have at most 4 MiB, gRPC's default on both sides.
[[nodiscard]] inline std::shared_ptr<grpc::Channel> dial(const std::filesystem::path& socket) {
  grpc::ChannelArguments arguments;
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto channel = grpc::CreateCustomChannel("unix:" + socket.string(), grpc::InsecureChannelCredentials(), arguments);
  constexpr std::chrono::seconds kPatience{10};
  return channel->WaitForConnected(std::chrono::system_clock::now() + kPatience) ? channel : nullptr;
}

}  // namespace nic::test
