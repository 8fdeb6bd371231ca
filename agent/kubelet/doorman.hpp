// Takes the kubelet's connections in, at all doors, and hands each to its resource's server. A thread of its own: the
// kubelet wants an answer to GetInfo within a second, whatever the loop is at. Thread: the loop's.
#pragma once

#include "kubelet/door.hpp"

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace nic::kubelet {

class Doorman {
 public:
  Doorman();
  ~Doorman();
  Doorman(const Doorman&) = delete;
  Doorman& operator=(const Doorman&) = delete;

  // Both outlive the attendance.
  void attend(const Door& door, grpc::Server& server);
  void leave(const Door& door);

 private:
  void stand();
  void let_in(int door, grpc::Server& server);

  Descriptor epoll_, stop_;
  std::mutex mutex_;                      // held while a connection is handed over: what was left is used no more
  std::map<int, grpc::Server*> servers_;  // by the door's descriptor
  std::thread thread_;
};

}  // namespace nic::kubelet
