// Blocking calls beside the loop, each on a thread of its own. Thread: the loop's, where `done` is called too.
// At the end all calls under way are cancelled and waited for, which takes about a tenth of a second: gRPC's channels
// must not outlive what uses them, and must not go on gRPC's own threads.
#pragma once

#include "loop/loop.hpp"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

namespace nic::kubelet {

// What an errand makes its calls with.
class Calls {
 public:
  // call(grpc::ClientContext&) with this deadline; CANCELLED when the errands end first.
  template <class F>
  grpc::Status within(std::chrono::milliseconds deadline, F&& call) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    if (!begin(context)) return {grpc::StatusCode::CANCELLED, "the agent is stopping"};
    auto status = call(context);
    end(context);
    return status;
  }
  [[nodiscard]] bool over();
  void cancel();  // what is under way, and what is begun later

 private:
  [[nodiscard]] bool begin(grpc::ClientContext& context);
  void end(grpc::ClientContext& context);

  std::mutex mutex_;
  bool over_{false};
  std::set<grpc::ClientContext*> under_way_;
};

class Errands {
 public:
  explicit Errands(loop::Mailbox::Post post) : post_{std::move(post)} {}
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  // `done` is called after `work` returned, unless the errands have ended by then.
  void run(std::function<void(Calls&)> work, std::function<void()> done);

 private:
  loop::Mailbox::Post post_;
  std::shared_ptr<Calls> calls_{std::make_shared<Calls>()};
  std::list<std::thread> threads_;
  std::shared_ptr<Errands*> self_{std::make_shared<Errands*>(this)};  // posted work asks whether we are still there
};

}  // namespace nic::kubelet
