#include "nic-agent/files_follower.hpp"

#include "kubelet/pod_resources.hpp"
#include "loop/log.hpp"

#include <optional>

namespace nic::daemon {

void FilesFollower::follow(const std::shared_ptr<const model::Snapshot>& snapshot) {
  // Before the first look at the machine there are no pools, and nothing is to be concluded from that.
  if (snapshot->components.empty() || snapshot->components.front().state == model::ComponentState::not_ready) return;
  if (newest_ && newest_->pools == snapshot->pools && newest_->inventory == snapshot->inventory &&
      newest_->config->kubelet == snapshot->config->kubelet)
    return;
  newest_ = snapshot;
  renew();
}

void FilesFollower::renew() {
  if (working_) return;
  working_ = true;
  again_.disarm();
  done_ = newest_;
  auto renewed = std::make_shared<KeptFiles::Renewed>();
  task_ = std::make_unique<apply::Task>(
      post_,
      [files = files_, snapshot = newest_, renewed] {
        const auto& kubelet = snapshot->config->kubelet;
        *renewed = files->renew(*snapshot, kubelet.enabled ? kubelet::held(kubelet.root) : std::nullopt);
      },
      [this, renewed] {
        working_ = false;
        for (const auto& failure : renewed->failures) loop::log(loop::Event::problem, {}, failure);
        if (newest_ != done_) return renew();
        if (renewed->look_again) again_.arm(KeptFiles::kYoung);
      });
}

}  // namespace nic::daemon
