#include "core/reload_policy.hpp"

#include "model/module_catalogue.hpp"

namespace nic::core {
namespace {

bool differ(const std::string& file, const std::string& running) {
  return !file.empty() && !running.empty() && file != running;
}

}  // namespace

model::Builds rebuilt(const std::vector<model::ModuleReport>& modules) {
  model::Builds builds;
  for (const auto& module : modules) {
    if (module.state != model::ModuleState::live || model::known_module(module.name) == nullptr) continue;
    if (differ(module.build_id_file, module.build_id_running))
      builds.emplace(module.name, module.build_id_file);
    else if (differ(module.srcversion_file, module.srcversion_running))
      builds.emplace(module.name, "srcversion " + module.srcversion_file);
  }
  return builds;
}

std::vector<std::string> untried(const model::Builds& builds, const model::Builds& tried) {
  std::vector<std::string> names;
  for (const auto& [module, build] : builds)
    if (const auto known = tried.find(module); known == tried.end() || known->second != build) names.push_back(module);
  return names;
}

}  // namespace nic::core
