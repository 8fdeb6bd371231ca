// The ListAndWatch streams of one resource. All write the bytes of one message. Thread: any; a stream belongs to gRPC
// and deletes itself in OnDone.
#pragma once

#include "kubelet/server.hpp"

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <mutex>
#include <set>

namespace nic::kubelet {

class Streams;

// One stream: at most one write in flight, then the newest list if it is another one.
class Stream : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit Stream(std::shared_ptr<Streams> owner) : owner_{std::move(owner)} {}
  void offer(DeviceList list);
  void end();

  void OnWriteDone(bool ok) override;
  void OnCancel() override { end(); }
  void OnDone() override;

 private:
  enum class Next : std::uint8_t { nothing, write, finish };
  void go_on(Next next);

  std::shared_ptr<Streams> owner_;
  std::mutex mutex_;
  DeviceList newest_, sending_;
  grpc::ByteBuffer buffer_;  // the bytes of `sending_`, not copied
  bool writing_{false}, ending_{false}, finished_{false};
};

class Streams : public std::enable_shared_from_this<Streams> {
 public:
  Streams(DeviceList list, std::function<void(unsigned)> changed)
      : newest_{std::move(list)}, changed_{std::move(changed)} {}
  [[nodiscard]] Stream* open();
  void publish(DeviceList list);
  void close();  // ends all; later ones end at once
  void gone(Stream* stream);

 private:
  std::mutex mutex_;
  DeviceList newest_;
  std::set<Stream*> open_;
  bool closed_{false};
  std::function<void(unsigned)> changed_;
};

}  // namespace nic::kubelet
