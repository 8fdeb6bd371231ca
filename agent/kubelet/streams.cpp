#include "kubelet/streams.hpp"

#include <utility>

namespace nic::kubelet {
namespace {

// gRPC lets go of the bytes when they are written, which may be after the stream has gone on to others.
grpc::ByteBuffer bytes_of(const DeviceList& list) {
  auto held = std::make_unique<DeviceList>(list);
  // gRPC reads only.
  const grpc::Slice slice{const_cast<char*>(list->data()), list->size(),
                          [](void* list_held) { delete static_cast<DeviceList*>(list_held); }, held.release()};
  return {&slice, 1};
}

}  // namespace

// What to do next is decided under the lock and done outside it: gRPC may answer before StartWrite returns.
void Stream::go_on(Next next) {
  if (next == Next::write) StartWrite(&buffer_);
  if (next == Next::finish) Finish(grpc::Status::OK);
}

void Stream::offer(DeviceList list) {
  Next next = Next::nothing;
  {
    const std::lock_guard lock{mutex_};
    newest_ = std::move(list);
    if (!writing_ && !ending_) {
      sending_ = newest_;
      buffer_ = bytes_of(sending_);
      writing_ = true;
      next = Next::write;
    }
  }
  go_on(next);
}

void Stream::end() {
  Next next = Next::nothing;
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
    if (!writing_ && !std::exchange(finished_, true)) next = Next::finish;
  }
  go_on(next);
}

void Stream::OnWriteDone(bool ok) {
  Next next = Next::nothing;
  {
    const std::lock_guard lock{mutex_};
    writing_ = false;
    if (!ok) ending_ = true;
    if (ending_) {
      if (!std::exchange(finished_, true)) next = Next::finish;
    } else if (newest_ != sending_) {
      sending_ = newest_;
      buffer_ = bytes_of(sending_);
      writing_ = true;
      next = Next::write;
    }
  }
  go_on(next);
}

void Stream::OnDone() {
  owner_->gone(this);
  delete this;
}

Stream* Streams::open() {
  auto* stream = new Stream{shared_from_this()};
  const std::lock_guard lock{mutex_};
  open_.insert(stream);
  if (closed_) {
    stream->end();
  } else {
    stream->offer(newest_);
    changed_(static_cast<unsigned>(open_.size()));
  }
  return stream;
}

void Streams::publish(DeviceList list) {
  const std::lock_guard lock{mutex_};
  newest_ = std::move(list);
  for (auto* stream : open_) stream->offer(newest_);
}

void Streams::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  for (auto* stream : open_) stream->end();
}

void Streams::gone(Stream* stream) {
  const std::lock_guard lock{mutex_};
  open_.erase(stream);
  if (!closed_) changed_(static_cast<unsigned>(open_.size()));
}

}  // namespace nic::kubelet
