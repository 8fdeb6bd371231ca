#include "nic-agent/real_machine.hpp"

#include "host/observe.hpp"
#include "host/perform.hpp"
#include "host/reload_facts.hpp"
#include "host/reload_messages.hpp"
#include "host/users.hpp"
#include "host/verbs.hpp"
#include "kmod/inspect.hpp"
#include "kmod/load.hpp"
#include "kmod/next_boot.hpp"
#include "kmod/unload.hpp"
#include "kubelet/pod_resources.hpp"

#include <algorithm>
#include <optional>

namespace nic::daemon {
namespace {

// The function whose devlink lock the step may hold.
std::optional<model::PciAddress> locked_by(const model::Action& action) {
  if (const auto* vfs = std::get_if<model::SetNumVfs>(&action)) return vfs->pf;
  if (const auto* eswitch = std::get_if<model::SetEswitchMode>(&action)) return eswitch->pf;
  if (const auto* bind = std::get_if<model::BindDriver>(&action)) return bind->function;
  if (const auto* unbind = std::get_if<model::UnbindDriver>(&action)) return unbind->function;
  return std::nullopt;
}

}  // namespace

class RealMachine::Busy {
 public:
  Busy(RealMachine& machine, std::optional<model::PciAddress> function) : machine_{machine}, function_{function} {
    const std::lock_guard lock{machine_.mutex_};
    if (function_) machine_.busy_.insert(*function_);
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() {
    const std::lock_guard lock{machine_.mutex_};
    if (function_) machine_.busy_.erase(machine_.busy_.find(*function_));
  }

 private:
  RealMachine& machine_;
  std::optional<model::PciAddress> function_;
};

std::set<model::PciAddress> RealMachine::busy() {
  const std::lock_guard lock{mutex_};
  return {busy_.begin(), busy_.end()};
}

model::Inventory RealMachine::observe(const model::Inventory& previous, const model::Dirty& dirty) {
  auto now = host::observe(roots_, previous, dirty, busy());
  constexpr std::string_view kActivity = "look at what the kubelet has handed out";
  std::erase_if(now.problems, [&](const model::Error& problem) { return problem.operation.starts_with(kActivity); });
  if (now.functions.empty()) return now;
  const auto users = handed_out();
  if (!users) now.problems.push_back(users.error().during(kActivity));
  for (const auto& [address, user] : users.value_or(std::map<model::PciAddress, std::string>{}))
    if (const auto vf = now.functions.find(address); vf != now.functions.end() && vf->second.in_use.empty())
      vf->second.in_use = user;
  return now;
}

std::expected<std::map<model::PciAddress, std::string>, model::Error> RealMachine::handed_out() {
  const std::string root = [&] {
    const std::lock_guard lock{mutex_};
    return kubelet_root_;
  }();
  if (root.empty()) return {};
  return kubelet::handed_out(root);
}

std::expected<void, model::Error> RealMachine::perform(const model::Action& action) {
  if (const auto* load = std::get_if<model::LoadModule>(&action)) return kmod::load(roots_, load->name);
  if (const auto* unload = std::get_if<model::UnloadModule>(&action)) return kmod::unload(roots_, unload->name);
  const Busy busy{*this, locked_by(action)};
  auto done = host::perform(roots_, action, probe_windows_);
  const auto* bind = std::get_if<model::BindDriver>(&action);
  if (done || bind == nullptr || bind->device_type != model::DeviceType::netdevice ||
      done.error().code != model::Code::not_found)
    return done;
  // The module of a VF that has just been made may not be there yet: udev, if there is one, loads it in its own time.
  const auto alias = host::modalias(roots_, bind->function);
  if (alias.empty()) return done;
  if (const auto loaded = kmod::load_for_device(roots_, alias); !loaded) {
    done.error().advice = loaded.error().text();
    return done;
  }
  return host::perform(roots_, action, probe_windows_);
}

std::map<model::PciAddress, std::string> RealMachine::in_use(const std::vector<model::PciAddress>& functions) {
  auto users = host::users_of(roots_, functions);
  // Where the kubelet does not answer, what the kernel tells stands alone.
  if (const auto given = handed_out())
    for (const auto& function : functions)
      if (const auto user = given->find(function); user != given->end()) users.emplace(function, user->second);
  return users;
}

model::DriverFacts RealMachine::inspect(const std::vector<std::string>& wanted, const model::Inventory& inventory) {
  return kmod::inspect(roots_, wanted, inventory, module_files_);
}

std::vector<model::Finding> RealMachine::look_ahead() { return kmod::look_ahead(roots_, module_files_, initramfs_); }
model::ReloadFacts RealMachine::reload_facts() { return host::read_reload_facts(roots_); }

std::vector<model::Obstacle> RealMachine::load_obstacles(const model::ReloadPlan& plan,
                                                         const model::Inventory& inventory) {
  return kmod::load_obstacles(roots_, plan, inventory, module_files_);
}

std::expected<std::map<unsigned, model::SavedMessages>, model::Error> RealMachine::save_interfaces(
    const std::map<unsigned, std::string>& going) {
  return host::save_interfaces(going);
}

std::expected<void, model::Error> RealMachine::ask_rdma_device(const std::string& name) {
  return host::ask_rdma_device(name);
}

}  // namespace nic::daemon
