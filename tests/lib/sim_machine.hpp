// A simulated machine: its state is an Inventory, a step changes it as core::predict says, and failures can be ordered.
// It behaves as the kernel does where the reference says so: N to M needs 0 between, no driver is ENOENT.
#pragma once

#include "apply/machine.hpp"
#include "core/order.hpp"
#include "core/predict.hpp"
#include "lib/told_vfs.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

namespace nic::test {

class SimMachine : public apply::Machine {
 public:
  explicit SimMachine(model::Inventory state) : state_{std::move(state)} { complete(); }
  ~SimMachine() override { release(); }

  model::Inventory observe(const model::Inventory&, const model::Dirty&) override {
    const std::lock_guard lock{mutex_};
    ++observations_;
    auto now = state_;
    for (const auto& [function, who] : users_)
      if (const auto found = now.functions.find(function); found != now.functions.end()) found->second.in_use = who;
    return now;
  }

  std::expected<void, model::Error> perform(const model::Action& action) override {
    std::unique_lock lock{mutex_};
    ++performed_;
    if (asked_) asked_();
    if (before_) before_(state_, sleeping_);
    if (hang_ && hang_(action)) released_.wait(lock, [&] { return !hang_; });
    if (fail_)
      if (auto error = fail_(action)) return std::unexpected(*error);
    if (const auto* vfs = std::get_if<model::SetNumVfs>(&action)) {
      const auto pf = state_.functions.find(vfs->pf);
      if (pf == state_.functions.end()) return refuse(ENOENT, vfs->pf);
      if (!pf->second.driver) return refuse(ENOENT, vfs->pf);
      if (vfs->to > pf->second.sriov->total_vfs) return refuse(ERANGE, vfs->pf);
    }
    if (const auto* bind = std::get_if<model::BindDriver>(&action); bind && !state_.functions.contains(bind->function))
      return refuse(ENODEV, bind->function);
    if (const auto* eswitch = std::get_if<model::SetEswitchMode>(&action)) {
      // ice_eswitch_mode_set.
      const auto pf = state_.functions.find(eswitch->pf);
      if (pf == state_.functions.end()) return refuse(ENODEV, eswitch->pf);
      if (pf->second.driver == "ice" && pf->second.sriov->num_vfs != 0) return refuse(EOPNOTSUPP, eswitch->pf);
    }
    if (const auto* rdma = std::get_if<model::SetRdmaNetns>(&action); rdma != nullptr && namespaces_)
      return with_namespaces(*rdma);
    if (const auto* unload = std::get_if<model::UnloadModule>(&action)) {
      for (const auto& module : state_.modules)
        if (module.name == unload->name && module.references != 0)
          return std::unexpected(model::system_error(EAGAIN, "unload the module", module.name));
      put_to_sleep(unload->name);
    }
    const auto* load = std::get_if<model::LoadModule>(&action);
    const bool anew = load != nullptr && !live(load->name);
    core::predict(state_, action);
    if (const auto* reserved = std::get_if<model::SetOverride>(&action))
      facts_of_reload.overrides[reserved->function] = reserved->driver;
    std::erase_if(facts_of_reload.overrides, [&](const auto& one) { return !state_.functions.contains(one.first); });
    if (anew) runs_from_disk(load->name);
    if (load != nullptr) wake(load->name);
    if (const auto* net = std::get_if<model::RestoreInterface>(&action))
      given_back_[net->saved.name] = net->saved.messages;
    complete();
    if (changed_) changed_();
    return {};
  }

  model::ReloadFacts reload_facts() override {
    std::unique_lock lock{mutex_};
    released_.wait(lock, [&] { return !hung_reload_facts_; });
    return facts_of_reload;
  }
  std::vector<model::Obstacle> load_obstacles(const model::ReloadPlan& plan, const model::Inventory&) override {
    const std::lock_guard lock{mutex_};
    std::vector<model::Obstacle> found;
    for (const auto& name : plan.load)
      if (const auto why = unloadable_files.find(name); why != unloadable_files.end())
        found.push_back({why->second, false});
    return found;
  }
  std::expected<std::map<unsigned, model::SavedMessages>, model::Error> save_interfaces(
      const std::map<unsigned, std::string>& going) override {
    const std::lock_guard lock{mutex_};
    std::map<unsigned, model::SavedMessages> all;
    for (const auto& [ifindex, name] : going)
      if (const auto found = messages.find(name); found != messages.end()) all[ifindex] = found->second;
    return all;
  }
  // What was given back to interfaces by name.
  [[nodiscard]] std::map<std::string, model::SavedMessages> given_back() const {
    const std::lock_guard lock{mutex_};
    return given_back_;
  }
  // What a driver had when its module was unloaded: it makes the same again, under the kernel's names.
  struct Asleep {
    model::PciAddress function;
    std::string driver;
    std::vector<model::NetDevice> nets;
    std::vector<model::RdmaDevice> rdma;
    std::optional<model::EswitchMode> eswitch_mode;
  };
  using Sleeping = std::map<std::string, std::vector<Asleep>>;  // by module
  [[nodiscard]] Sleeping sleeping() const {
    const std::lock_guard lock{mutex_};
    return sleeping_;
  }
  // Called under the lock, with the machine as it is before a step.
  void before_step(std::function<void(const model::Inventory&, const Sleeping&)> before) {
    const std::lock_guard lock{mutex_};
    before_ = std::move(before);
  }
  void sleeping(Sleeping sleeping) {
    const std::lock_guard lock{mutex_};
    sleeping_ = std::move(sleeping);
  }
  // There are network namespaces besides the first: the kernel does not change the RDMA mode now.
  void namespaces(bool there) {
    const std::lock_guard lock{mutex_};
    namespaces_ = there;
  }

  std::map<model::PciAddress, std::string> in_use(const std::vector<model::PciAddress>& functions) override {
    const std::lock_guard lock{mutex_};
    auto users = users_;
    std::erase_if(users, [&](const auto& user) { return std::ranges::find(functions, user.first) == functions.end(); });
    return users;
  }
  // Somebody takes a function, or (with "") lets go of it. No event tells of it: the next look does.
  void take(const model::PciAddress& function, const std::string& who) {
    const std::lock_guard lock{mutex_};
    if (who.empty())
      users_.erase(function);
    else
      users_[function] = who;
  }

  model::DriverFacts inspect(const std::vector<std::string>& wanted, const model::Inventory& inventory) override {
    const std::lock_guard lock{mutex_};
    model::DriverFacts facts;
    facts.peer_memory = peer_memory;
    facts.modules_of = modules_of;
    for (const auto& [address, function] : inventory.functions) facts.modules_of.try_emplace(function.modalias);
    for (const auto& name : wanted) {
      model::ModuleReport report;
      report.name = model::kernel_name(name);
      report.wanted = true;
      for (const auto& module : inventory.modules)
        if (module.name == report.name) report.state = model::ModuleState::live;
      if (blacklist.contains(report.name)) report.blacklisted_by = "/etc/modprobe.d/test.conf";
      report.verdict = report.loaded() ? model::Verdict::pass : model::Verdict::fail;
      facts.modules.push_back(std::move(report));
    }
    for (const auto& module : inventory.modules)
      if (builds_on_disk.contains(module.name)) compare_builds(module, facts.modules);
    return facts;
  }

  std::vector<model::Finding> look_ahead() override {
    std::unique_lock lock{mutex_};
    released_.wait(lock, [&] { return !slow_look_ahead_; });
    return next_boot;
  }

  std::expected<void, model::Error> ask_rdma_device(const std::string& name) override {
    std::unique_lock lock{mutex_};
    ++rdma_questions_;
    released_.wait(lock, [&] { return hung_rdma_device_ != name; });
    const auto dead = dead_rdma_devices.find(name);
    if (dead != dead_rdma_devices.end()) return std::unexpected(dead->second);
    return {};
  }

  // Another hand than the agent's changes the machine.
  void change(const std::function<void(model::Inventory&)>& by) {
    const std::lock_guard lock{mutex_};
    by(state_);
    complete();
    if (changed_) changed_();
  }
  void on_change(std::function<void()> changed) {
    const std::lock_guard lock{mutex_};
    changed_ = std::move(changed);
  }
  // Called under the lock when a step begins, before it fails, hangs or succeeds.
  void on_step(std::function<void()> asked) {
    const std::lock_guard lock{mutex_};
    asked_ = std::move(asked);
  }
  // Called under the lock for each action; an Error makes it fail.
  void fail_when(std::function<std::optional<model::Error>(const model::Action&)> fail) {
    const std::lock_guard lock{mutex_};
    fail_ = std::move(fail);
  }
  void hang_when(std::function<bool(const model::Action&)> hang) {
    const std::lock_guard lock{mutex_};
    hang_ = std::move(hang);
  }
  void release() {
    const std::lock_guard lock{mutex_};
    hang_ = nullptr;
    hung_rdma_device_.clear();
    slow_look_ahead_ = false;
    hung_reload_facts_ = false;
    released_.notify_all();
  }
  // A kernel call of finding out who uses the drivers does not come back until release().
  void hang_reload_facts() {
    const std::lock_guard lock{mutex_};
    hung_reload_facts_ = true;
  }
  // Looking ahead takes until this is called with false.
  void slow_look_ahead(bool slow) {
    const std::lock_guard lock{mutex_};
    slow_look_ahead_ = slow;
    released_.notify_all();
  }
  // Who asks this device, and who has asked it, waits until another one is named.
  void hang_rdma_device(std::string name) {
    const std::lock_guard lock{mutex_};
    hung_rdma_device_ = std::move(name);
    released_.notify_all();
  }
  [[nodiscard]] unsigned rdma_questions() const {
    const std::lock_guard lock{mutex_};
    return rdma_questions_;
  }
  [[nodiscard]] unsigned observations() const {
    const std::lock_guard lock{mutex_};
    return observations_;
  }
  [[nodiscard]] unsigned performed() const {
    const std::lock_guard lock{mutex_};
    return performed_;
  }
  [[nodiscard]] model::Inventory state() const {
    const std::lock_guard lock{mutex_};
    return state_;
  }

  std::set<std::string> blacklist;
  model::Builds builds_on_disk;                         // of the modules whose builds matter in a test
  std::map<std::string, std::string> unloadable_files;  // module: why the kernel would not take its file
  model::PeerMemoryFacts peer_memory;
  model::ReloadFacts facts_of_reload;
  std::map<std::string, model::SavedMessages> messages;  // that rtnetlink tells of interfaces, by name
  std::map<std::string, model::Error> dead_rdma_devices;
  std::vector<model::Finding> next_boot;
  model::ModulesOfDevices modules_of;

 private:
  void compare_builds(const model::LoadedModule& module, std::vector<model::ModuleReport>& reports) const {
    auto report = std::ranges::find(reports, module.name, &model::ModuleReport::name);
    if (report == reports.end()) {
      reports.emplace_back().name = module.name;
      report = std::prev(reports.end());
    }
    report->state = model::ModuleState::live;
    report->build_id_running = module.build_id;
    report->build_id_file = builds_on_disk.at(module.name);
    report->verdict = report->build_id_file == report->build_id_running ? model::Verdict::pass : model::Verdict::warn;
  }
  [[nodiscard]] bool live(const std::string& module) const {
    return std::ranges::find(state_.modules, model::kernel_name(module), &model::LoadedModule::name) !=
           state_.modules.end();
  }
  void runs_from_disk(const std::string& name) {
    const auto build = builds_on_disk.find(model::kernel_name(name));
    if (build == builds_on_disk.end()) return;
    for (auto& module : state_.modules)
      if (module.name == build->first) module.build_id = build->second;
  }
  void put_to_sleep(const std::string& module) {
    auto& all = sleeping_[module];
    all.clear();
    for (const auto& [address, function] : state_.functions) {
      const bool driven = function.driver && model::kernel_name(*function.driver) == module;
      const bool rdma = function.driver && core::driver_facts(*function.driver).rdma_module == module;
      if (!driven && !rdma) continue;
      Asleep asleep{address, driven ? *function.driver : "", {}, {}, {}};
      if (driven)
        for (const auto* net : state_.net_devices_of(address)) asleep.nets.push_back(*net);
      if (driven && function.eswitch_mode) asleep.eswitch_mode = model::EswitchMode::legacy;
      if (rdma)
        for (const auto* device : state_.rdma_devices_of(address))
          if (!device->software) asleep.rdma.push_back(*device);
      all.push_back(std::move(asleep));
    }
  }
  void wake(const std::string& module) {
    for (auto& asleep : sleeping_[module]) {
      const auto function = state_.functions.find(asleep.function);
      if (function == state_.functions.end()) continue;  // a VF, which has to be made first
      if (!asleep.driver.empty()) function->second.driver = asleep.driver;
      if (asleep.eswitch_mode) function->second.eswitch_mode = asleep.eswitch_mode;
      for (auto& net : asleep.nets) {
        net.ifindex = ++last_ifindex_;
        net.name = "eth" + std::to_string(net.ifindex);
        net.mtu = 1500;
        net.admin_up = false;
        net.master_ifindex.reset();
        net.vfs.clear();
        if (!net.permanent_address.empty()) net.address = net.permanent_address;
        state_.net_devices.push_back(std::move(net));
      }
      for (auto& device : asleep.rdma) {
        device.name = "rdma" + std::to_string(++last_ifindex_);
        state_.rdma_devices.push_back(std::move(device));
      }
    }
    sleeping_.erase(module);
  }
  // As host/rdma_netns does.
  std::expected<void, model::Error> with_namespaces(const model::SetRdmaNetns& step) {
    const bool now = !step.to || !state_.rdma_netns_mode || state_.rdma_netns_mode == step.to;
    const auto wanted = step.option ? model::ib_core_option(*step.option) : std::string{};
    const bool stands = state_.rdma_netns_option == wanted;
    if (!stands) state_.rdma_netns_option = now && state_.rdma_netns_mode ? "" : wanted;
    if (changed_) changed_();
    if (now || (!stands && step.option)) return {};
    return std::unexpected(model::system_error(EBUSY, "set the RDMA network-namespace mode", ""));
  }

  // What a kernel adds: PFs tell of their VFs, and what was made anew is another one.
  void complete() {
    tell_of_vfs(state_);
    for (auto& [address, function] : state_.functions)
      if (function.life == 0) function.life = next_life();
  }
  // Also over a restart of the agent, which is another SimMachine.
  static std::uint64_t next_life() {
    static std::atomic<std::uint64_t> lives{0};
    return ++lives;
  }
  static std::expected<void, model::Error> refuse(int number, const model::PciAddress& address) {
    return std::unexpected(model::system_error(number, "write", address.text()));
  }
  mutable std::mutex mutex_;
  std::condition_variable released_;
  model::Inventory state_;
  unsigned performed_{0}, rdma_questions_{0}, observations_{0}, last_ifindex_{1000};
  Sleeping sleeping_;
  std::map<std::string, model::SavedMessages> given_back_;
  std::function<void(const model::Inventory&, const Sleeping&)> before_;
  std::string hung_rdma_device_;
  bool namespaces_{false}, slow_look_ahead_{false}, hung_reload_facts_{false};
  std::function<void()> changed_, asked_;
  std::function<std::optional<model::Error>(const model::Action&)> fail_;
  std::map<model::PciAddress, std::string> users_;
  std::function<bool(const model::Action&)> hang_;
};

}  // namespace nic::test
