#include "nic-agent/real_machine.hpp"

#include "host/observe.hpp"
#include "host/perform.hpp"
#include "host/users.hpp"
#include "kmod/inspect.hpp"
#include "kmod/load.hpp"

namespace nic::daemon {

model::Inventory RealMachine::observe(const model::Inventory& previous, const model::Dirty& dirty) {
  return host::observe(roots_, previous, dirty);
}

std::expected<void, model::Error> RealMachine::perform(const model::Action& action) {
  if (const auto* load = std::get_if<model::LoadModule>(&action)) return kmod::load(roots_, load->name);
  auto done = host::perform(roots_, action);
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
  return host::perform(roots_, action);
}

std::map<model::PciAddress, std::string> RealMachine::in_use(const std::vector<model::PciAddress>& functions) {
  return host::users_of(roots_, functions);
}

std::vector<model::ModuleReport> RealMachine::inspect(const std::vector<std::string>& wanted,
                                                      const model::Inventory& inventory) {
  return kmod::inspect(roots_, wanted, inventory, module_files_);
}

}  // namespace nic::daemon
