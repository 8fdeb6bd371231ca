#include "model/module.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace nic::model {

std::string_view word(ModuleState state) {
  switch (state) {
    case ModuleState::absent: return "absent";
    case ModuleState::builtin: return "builtin";
    case ModuleState::live: return "live";
    case ModuleState::coming: return "coming";
    case ModuleState::going: return "going";
  }
  std::unreachable();
}

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass: return "pass";
    case Verdict::warn: return "warn";
    case Verdict::fail: return "fail";
    case Verdict::unknown: return "unknown";
  }
  std::unreachable();
}

std::string_view word(Provider provider) {
  switch (provider) {
    case Provider::unknown: return "unknown";
    case Provider::inbox: return "inbox";
    case Provider::ofed: return "ofed";
    case Provider::other: return "other";
  }
  std::unreachable();
}

Verdict worst(const std::vector<Finding>& findings, Verdict of_none) {
  constexpr std::array kOrder{Verdict::fail, Verdict::warn, Verdict::unknown, Verdict::pass};
  for (const auto verdict : kOrder)
    if (std::ranges::find(findings, verdict, &Finding::severity) != findings.end()) return verdict;
  return of_none;
}

const ModuleReport* report_of(const std::vector<ModuleReport>& modules, std::string_view name) {
  const auto found = std::ranges::find(modules, name, &ModuleReport::name);
  return found == modules.end() ? nullptr : &*found;
}

std::string kernel_name(std::string_view module) {
  std::string name{module};
  std::ranges::replace(name, '-', '_');
  return name;
}

}  // namespace nic::model
