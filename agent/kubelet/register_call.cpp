#include "kubelet/register_call.hpp"

#include "deviceplugin.grpc.pb.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <utility>

namespace nic::kubelet {
namespace {

constexpr auto kDeadline = std::chrono::seconds{5};

// Lives until the answer is in.
struct Call {
  std::unique_ptr<v1beta1::Registration::Stub> stub;
  grpc::ClientContext context;
  v1beta1::RegisterRequest request;
  v1beta1::Empty response;
};

model::Error failure(const grpc::Status& status, const std::string& resource) {
  const auto code = [&] {
    switch (status.error_code()) {
      case grpc::StatusCode::UNAVAILABLE: return model::Code::not_found;
      case grpc::StatusCode::DEADLINE_EXCEEDED: return model::Code::timed_out;
      default: return model::Code::denied;
    }
  }();
  return {code, 0, "register with the kubelet", resource, status.error_message().substr(0, 512)};
}

}  // namespace

void register_call(const std::string& kubelet_socket, const std::string& resource, const std::string& endpoint,
                   std::function<void(RegisterResult)> done) {
  grpc::ChannelArguments arguments;
  // Newer gRPC would send the percent-encoded path, which the kubelet's server refuses.
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A channel of its own for each call: one that waits to reconnect would answer from the past.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto call = std::make_shared<Call>();
  call->stub = v1beta1::Registration::NewStub(
      grpc::CreateCustomChannel("unix:" + kubelet_socket, grpc::InsecureChannelCredentials(), arguments));
  call->context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  call->request.set_version("v1beta1");
  call->request.set_endpoint(endpoint);
  call->request.set_resource_name(resource);
  call->stub->async()->Register(&call->context, &call->request, &call->response,
                                [call, resource, done = std::move(done)](const grpc::Status& status) {
                                  if (status.ok())
                                    done({});
                                  else
                                    done(std::unexpected(failure(status, resource)));
                                });
}

}  // namespace nic::kubelet
