// Keeps the files beside containers as the machine and the kubelet have it, beside the loop. Thread: the loop's; the
// work has a Task of its own, one at a time, and the newest snapshot follows.
#pragma once

#include "apply/task.hpp"
#include "loop/loop.hpp"
#include "model/snapshot.hpp"
#include "nic-agent/kept_files.hpp"

#include <memory>
#include <utility>

namespace nic::daemon {

class FilesFollower {
 public:
  FilesFollower(sd_event* event, loop::Mailbox::Post post, std::shared_ptr<KeptFiles> files)
      : post_{std::move(post)}, files_{std::move(files)}, again_{event, [this] { renew(); }} {}

  // Something is done only where it concerns the files.
  void follow(const std::shared_ptr<const model::Snapshot>& snapshot);

 private:
  void renew();

  loop::Mailbox::Post post_;
  std::shared_ptr<KeptFiles> files_;
  std::shared_ptr<const model::Snapshot> newest_, done_;
  bool working_{false};
  std::unique_ptr<apply::Task> task_;
  loop::Timer again_;  // for what a pod held so shortly that no look saw it
};

}  // namespace nic::daemon
