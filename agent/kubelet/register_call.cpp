#include "kubelet/register_call.hpp"

#include "deviceplugin.grpc.pb.h"
#include "kubelet/channel.hpp"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <utility>

namespace nic::kubelet {
namespace {

constexpr auto kDeadline = std::chrono::seconds{5};

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

struct RegisterCall::Parts {
  std::unique_ptr<v1beta1::Registration::Stub> stub;
  grpc::ClientContext context;
  v1beta1::RegisterRequest request;
  v1beta1::Empty response;
};

RegisterCall::RegisterCall(const std::string& kubelet_socket, const std::string& resource, const std::string& endpoint,
                           const v1beta1::DevicePluginOptions& options, loop::Mailbox::Post post,
                           std::function<void(const RegisterResult&)> done)
    : parts_{std::make_shared<Parts>()}, finished_{std::make_shared<std::binary_semaphore>(0)} {
  parts_->stub = v1beta1::Registration::NewStub(channel_to(kubelet_socket));
  parts_->context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  parts_->request.set_version("v1beta1");
  parts_->request.set_endpoint(endpoint);
  parts_->request.set_resource_name(resource);
  *parts_->request.mutable_options() = options;
  parts_->stub->async()->Register(&parts_->context, &parts_->request, &parts_->response,
                                  [alive = std::weak_ptr<Parts>{parts_}, finished = finished_, resource,
                                   post = std::move(post), done = std::move(done)](const grpc::Status& status) {
                                    const RegisterResult result =
                                        status.ok() ? RegisterResult{}
                                                    : RegisterResult{std::unexpected(failure(status, resource))};
                                    post([alive, done, result] {
                                      if (!alive.expired()) done(result);
                                    });
                                    finished->release();
                                  });
}

RegisterCall::~RegisterCall() {
  parts_->context.TryCancel();
  finished_->acquire();
}

}  // namespace nic::kubelet
