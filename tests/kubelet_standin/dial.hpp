// A connection to a plugin as the kubelet makes it. Thread: any; blocks for at most ten seconds.
#pragma once

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

namespace nic::test {

[[nodiscard]] inline bool somebody_listens(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto& path = socket.native();
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

// nullptr: nobody answers. The kubelet goes on dialling a dead socket for ten seconds, and asks others meanwhile; here
// they would wait. The messages of a plugin have at most 4 MiB, gRPC's default on both sides.
[[nodiscard]] inline std::shared_ptr<grpc::Channel> dial(const std::filesystem::path& socket) {
  if (!somebody_listens(socket)) return nullptr;
  grpc::ChannelArguments arguments;
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto channel = grpc::CreateCustomChannel("unix:" + socket.string(), grpc::InsecureChannelCredentials(), arguments);
  constexpr std::chrono::seconds kPatience{10};
  return channel->WaitForConnected(std::chrono::system_clock::now() + kPatience) ? channel : nullptr;
}

}  // namespace nic::test
