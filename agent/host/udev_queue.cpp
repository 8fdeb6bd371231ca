#include "host/udev_queue.hpp"

#include "host/udev_ptr.hpp"
#include "loop/loop.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

namespace nic::host {

struct UdevQueue::State {
  std::function<void()> emptied;
  UdevPtr<udev> context;
  UdevPtr<udev_queue> queue;
  std::unique_ptr<loop::Io> io;  // last: it goes first
};

UdevQueue::UdevQueue(std::unique_ptr<State> state) : state_{std::move(state)} {}
UdevQueue::~UdevQueue() = default;

bool UdevQueue::empty() const { return udev_queue_get_queue_is_empty(state_->queue.get()) != 0; }

std::expected<std::unique_ptr<UdevQueue>, model::Error> UdevQueue::watch(sd_event* event,
                                                                         std::function<void()> emptied) {
  auto state = std::make_unique<State>();
  const auto refuse = [](int failure) {
    return std::unexpected(model::system_error(failure, "listen to the queue of", "udev"));
  };
  state->emptied = std::move(emptied);
  state->context.reset(udev_new());
  if (!state->context) return refuse(errno);
  state->queue.reset(udev_queue_new(state->context.get()));
  if (!state->queue) return refuse(errno);
  const int fd = udev_queue_get_fd(state->queue.get());
  if (fd == -ENOENT) return std::unique_ptr<UdevQueue>{new UdevQueue{std::move(state)}};  // there is no udev
  if (fd < 0) return refuse(-fd);
  state->io = std::make_unique<loop::Io>(event, fd, EPOLLIN, [state = state.get()](std::uint32_t) {
    std::ignore = udev_queue_flush(state->queue.get());
    if (udev_queue_get_queue_is_empty(state->queue.get()) != 0) state->emptied();
  });
  return std::unique_ptr<UdevQueue>{new UdevQueue{std::move(state)}};
}

}  // namespace nic::host
