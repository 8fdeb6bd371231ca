#include "kubelet/doorman.hpp"

#include <grpcpp/server_posix.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace nic::kubelet {

Doorman::Doorman()
    : epoll_{::epoll_create1(EPOLL_CLOEXEC)}, stop_{::eventfd(0, EFD_CLOEXEC)}, thread_{[this] { stand(); }} {}

Doorman::~Doorman() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

void Doorman::attend(const Door& door, grpc::Server& server) {
  const std::lock_guard lock{mutex_};
  servers_[door.fd()] = &server;
  epoll_event wanted{};
  // By edges: where no descriptor is left for a connection it waits, and does not keep this thread awake.
  wanted.events = EPOLLIN | EPOLLET;
  wanted.data.fd = door.fd();
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, door.fd(), &wanted);
}

void Doorman::leave(const Door& door) {
  const std::lock_guard lock{mutex_};
  servers_.erase(door.fd());
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, door.fd(), nullptr);
}

void Doorman::stand() {
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.fd = stop_.get();
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, stop_.get(), &wanted);
  std::array<epoll_event, 16> ready{};
  for (;;) {
    const int count = ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), -1);
    if (count < 0 && errno != EINTR) return;
    for (int i = 0; i < count; ++i) {
      const int fd = ready.at(static_cast<std::size_t>(i)).data.fd;
      if (fd == stop_.get()) return;
      const std::lock_guard lock{mutex_};
      // A door that was left meanwhile is not here any more; one made since may have its number, and is asked in vain.
      if (const auto server = servers_.find(fd); server != servers_.end()) let_in(fd, *server->second);
    }
  }
}

void Doorman::let_in(int door, grpc::Server& server) {
  for (int fd = 0; (fd = ::accept4(door, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;)
    grpc::AddInsecureChannelFromFd(&server, fd);
}

}  // namespace nic::kubelet
