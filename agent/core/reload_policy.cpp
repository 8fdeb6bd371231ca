#include "core/reload_policy.hpp"

#include "core/reload.hpp"
#include "model/module_catalogue.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

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

std::vector<std::vector<std::string>> together(const std::vector<std::string>& names,
                                               const model::Inventory& inventory) {
  struct Group {
    std::vector<std::string> names;
    std::set<std::string, std::less<>> unloaded;
  };
  std::vector<Group> groups;
  for (const auto& name : names) {
    Group all{{name}, unloaded_with({name}, inventory)};
    std::erase_if(groups, [&](Group& other) {
      const bool apart =
          std::ranges::none_of(other.unloaded, [&](const auto& one) { return all.unloaded.contains(one); });
      if (apart) return false;
      all.names.insert(all.names.end(), other.names.begin(), other.names.end());
      all.unloaded.merge(other.unloaded);
      return true;
    });
    groups.push_back(std::move(all));
  }
  std::vector<std::vector<std::string>> result;
  for (auto& group : groups) {
    std::ranges::sort(group.names);
    result.push_back(std::move(group.names));
  }
  return result;
}

}  // namespace nic::core
