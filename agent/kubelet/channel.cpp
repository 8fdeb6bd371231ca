#include "kubelet/channel.hpp"

namespace nic::kubelet {

std::shared_ptr<grpc::Channel> channel_to(const std::string& socket) {
  grpc::ChannelArguments arguments;
  // Newer gRPC would send the percent-encoded path, which the kubelet's server refuses.
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A channel of its own for each call: one that waits to reconnect would answer from the past.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A kubelet with thousands of pods says much about them.
  constexpr int kMostBytes = 64 << 20;
  arguments.SetMaxReceiveMessageSize(kMostBytes);
  return grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace nic::kubelet
