#include "nic-agent/real_machine.hpp"

#include "host/observe.hpp"
#include "host/perform.hpp"
#include "kmod/inspect.hpp"
#include "kmod/load.hpp"

namespace nic::daemon {

model::Inventory RealMachine::observe(const model::Inventory& previous, const model::Dirty& dirty) {
  return host::observe(roots_, previous, dirty);
}

std::expected<void, model::Error> RealMachine::perform(const model::Action& action) {
  if (const auto* load = std::get_if<model::LoadModule>(&action)) return kmod::load(roots_, load->name);
  return host::perform(roots_, action);
}

std::vector<model::ModuleReport> RealMachine::inspect(const std::vector<std::string>& wanted,
                                                      const model::Inventory& inventory) {
  return kmod::inspect(roots_, wanted, inventory, module_files_);
}

}  // namespace nic::daemon
