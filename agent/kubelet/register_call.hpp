// The older way to the kubelet: one call of Register on its socket. Thread: the loop's, where `done` is called too.
// The kubelet calls back inside Register, so the server must serve before. Source: Kubernetes "Device Plugins".
#pragma once

#include "deviceplugin.pb.h"
#include "loop/loop.hpp"
#include "model/error.hpp"

#include <expected>
#include <functional>
#include <memory>
#include <semaphore>
#include <string>

namespace nic::kubelet {

using RegisterResult = std::expected<void, model::Error>;

class RegisterCall {
 public:
  // Does not block. Code::not_found when nobody listens on the kubelet's socket. `done` may destroy the call.
  // Kubelets before 1.21 take the options from here, later ones ask for them.
  RegisterCall(const std::string& kubelet_socket, const std::string& resource, const std::string& endpoint,
               const v1beta1::DevicePluginOptions& options, loop::Mailbox::Post post,
               std::function<void(const RegisterResult&)> done);
  // A call that is under way is cancelled, `done` is not called any more. Waits until gRPC has let go of it (up to
  // about a tenth of a second, so such a call is destroyed on another thread than the loop's; not on gRPC's own): the
  // last channel must not go on gRPC's own thread, which would then wait for itself and lose its completion queue.
  ~RegisterCall();
  RegisterCall(const RegisterCall&) = delete;
  RegisterCall& operator=(const RegisterCall&) = delete;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;                     // ours alone; gRPC's thread asks only whether it is still there
  std::shared_ptr<std::binary_semaphore> finished_;  // gRPC's thread has done its last
};

}  // namespace nic::kubelet
