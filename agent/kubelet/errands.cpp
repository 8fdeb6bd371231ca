#include "kubelet/errands.hpp"

#include <utility>

namespace nic::kubelet {

bool Calls::over() {
  const std::lock_guard lock{mutex_};
  return over_;
}

void Calls::cancel() {
  const std::lock_guard lock{mutex_};
  over_ = true;
  for (auto* context : under_way_) context->TryCancel();
}

bool Calls::begin(grpc::ClientContext& context) {
  const std::lock_guard lock{mutex_};
  if (over_) return false;
  under_way_.insert(&context);
  return true;
}

void Calls::end(grpc::ClientContext& context) {
  const std::lock_guard lock{mutex_};
  under_way_.erase(&context);
}

Errands::~Errands() {
  *self_ = nullptr;
  calls_->cancel();
  for (auto& thread : threads_) thread.join();
}

void Errands::run(std::function<void(Calls&)> work, std::function<void()> done) {
  threads_.emplace_back();
  const auto place = std::prev(threads_.end());
  *place = std::thread{
      [work = std::move(work), done = std::move(done), calls = calls_, post = post_, self = self_, place]() mutable {
        work(*calls);
        work = nullptr;  // what it holds goes here, not on the loop's thread
        post([self, place, done = std::move(done)] {
          if (*self == nullptr) return;
          place->join();
          (*self)->threads_.erase(place);
          done();
        });
      }};
}

}  // namespace nic::kubelet
