#include "apply/awaited.hpp"

#include <algorithm>
#include <utility>

namespace nic::apply {
namespace {

bool live(const std::vector<model::LoadedModule>& modules, const std::string& name) {
  const auto found = std::ranges::find(modules, name, &model::LoadedModule::name);
  return found != modules.end() && found->state == "live";
}

}  // namespace

Awaited::Awaited(sd_event* event, std::chrono::microseconds patience, std::function<void()> over)
    : patience_{patience}, deadline_{event, [this, over = std::move(over)] {
                                       modules_.clear();
                                       over();
                                     }} {}

void Awaited::seen(const std::vector<model::LoadedModule>& before, const std::vector<model::LoadedModule>& now) {
  bool more = false;
  for (const auto& module : now)
    if (module.state == "live" && !live(before, module.name)) more |= modules_.insert(module.name).second;
  if (more) deadline_.arm(patience_);
}

void Awaited::missing(const std::vector<core::Unmade>& unmade) {
  std::erase_if(modules_, [&](const std::string& module) {
    return std::ranges::find(unmade, module, &core::Unmade::module) == unmade.end();
  });
  if (modules_.empty()) deadline_.disarm();
}

}  // namespace nic::apply
