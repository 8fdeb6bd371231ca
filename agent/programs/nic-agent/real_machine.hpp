// The machine that the agent runs on. Thread: worker threads; see apply/machine.hpp.
#pragma once

#include "apply/machine.hpp"
#include "host/probe_windows.hpp"
#include "kmod/file_cache.hpp"
#include "kmod/initramfs.hpp"
#include "model/roots.hpp"

#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace nic::daemon {

class RealMachine : public apply::Machine {
 public:
  explicit RealMachine(model::Roots roots) : roots_{std::move(roots)} {}

  [[nodiscard]] model::Inventory observe(const model::Inventory& previous, const model::Dirty& dirty) override;
  [[nodiscard]] std::expected<void, model::Error> perform(const model::Action& action) override;
  [[nodiscard]] std::map<model::PciAddress, std::string> in_use(
      const std::vector<model::PciAddress>& functions) override;
  [[nodiscard]] model::DriverFacts inspect(const std::vector<std::string>& wanted,
                                           const model::Inventory& inventory) override;
  [[nodiscard]] std::vector<model::Finding> look_ahead() override;
  [[nodiscard]] model::ReloadFacts reload_facts() override;
  [[nodiscard]] std::vector<model::Obstacle> load_obstacles(const model::ReloadPlan& plan,
                                                            const model::Inventory& inventory) override;
  [[nodiscard]] std::expected<std::map<unsigned, model::SavedMessages>, model::Error> save_interfaces(
      const std::map<unsigned, std::string>& going) override;
  [[nodiscard]] std::expected<void, model::Error> ask_rdma_device(const std::string& name) override;

  // Whose VFs are is asked of the kubelet there; "" asks nobody.
  void kubelet_root(std::string root) {
    const std::lock_guard lock{mutex_};
    kubelet_root_ = std::move(root);
  }

 private:
  [[nodiscard]] std::expected<std::map<model::PciAddress, std::string>, model::Error> handed_out();
  class Busy;
  [[nodiscard]] std::set<model::PciAddress> busy();

  std::mutex mutex_;
  std::string kubelet_root_;
  std::multiset<model::PciAddress> busy_;  // functions with a step under way that may hold devlink's lock
  model::Roots roots_;
  host::ProbeWindows probe_windows_;
  kmod::FileCache module_files_;
  kmod::InitramfsCache initramfs_;
};

}  // namespace nic::daemon
