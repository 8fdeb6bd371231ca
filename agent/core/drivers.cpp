#include "core/drivers.hpp"

#include "core/bound.hpp"
#include "core/peer_memory.hpp"
#include "model/module_catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace nic::core {
namespace {

using model::Config;
using model::Finding;
using model::Inventory;
using model::ModuleReport;
using model::ModuleSet;
using model::Provider;
using model::report_of;
using model::Verdict;
using Reports = std::vector<ModuleReport>;
using Findings = std::vector<Finding>;

// Modules that only work with others of the same build.
bool of_the_stack(const ModuleReport& module) {
  const auto* known = model::known_module(module.name);
  if (known == nullptr) return false;
  switch (known->set) {
    case ModuleSet::core:
    case ModuleSet::user_access:
    case ModuleSet::mlx5:
    case ModuleSet::mlx4:
    case ModuleSet::ipoib:
    case ModuleSet::compat: return true;
    default: return false;
  }
}

// By whom the running modules of the stack are; names in the order of the reports.
struct Sides {
  std::vector<std::string> inbox, ofed, other;

  void add(Provider provider, const std::string& name) {
    switch (provider) {
      case Provider::inbox: inbox.push_back(name); break;
      case Provider::ofed: ofed.push_back(name); break;
      case Provider::other: other.push_back(name); break;
      case Provider::unknown: break;
    }
  }
  [[nodiscard]] Provider provider() const {
    if (!ofed.empty()) return Provider::ofed;
    if (!other.empty()) return Provider::other;
    return inbox.empty() ? Provider::unknown : Provider::inbox;
  }
  [[nodiscard]] bool mixed() const { return !ofed.empty() && !(inbox.empty() && other.empty()); }
};

Sides sides_of(const Reports& modules, bool running) {
  Sides sides;
  for (const auto& module : modules)
    if (of_the_stack(module) && (!running || module.loaded()))
      sides.add(running ? module.provider_running : module.provider_file, module.name);
  return sides;
}

void coherence(const Sides& running, const Sides& on_disk, Findings& to) {
  constexpr std::string_view kMixed =
      "the RDMA stack is mixed: {} of the out-of-tree stack, {} not. Modules of one do not work on the other: {}";
  const auto mixed = [&](const Sides& sides, std::string_view advice) {
    auto strangers = sides.inbox;
    strangers.insert(strangers.end(), sides.other.begin(), sides.other.end());
    return fmt::format(kMixed, fmt::join(sides.ofed, ", "), fmt::join(strangers, ", "), advice);
  };
  if (running.mixed())
    to.push_back({Verdict::fail, "As it runs, " + mixed(running, "reload the stack, or reboot.")});
  else if (on_disk.mixed())
    to.push_back({Verdict::fail,
                  "As it would load next, " + mixed(on_disk,
                                                    "install the out-of-tree stack for this kernel again, or remove "
                                                    "it, and run depmod.")});
  const auto now = running.provider();
  const auto next = on_disk.provider();
  if (!running.mixed() && !on_disk.mixed() && now != Provider::unknown && next != Provider::unknown && now != next)
    to.push_back({Verdict::warn, fmt::format("The RDMA stack that runs is {}, the one on disk is {}: the latter runs "
                                             "after a reload of the stack or a reboot.",
                                             word(now), word(next))});
}

// All modules of an out-of-tree stack come from one package and carry its version.
void one_version(const Reports& modules, Findings& to) {
  std::map<std::string, std::vector<std::string>> by_version;
  for (const auto& module : modules)
    if (of_the_stack(module) && module.name != model::kCompat && module.provider_running == Provider::ofed &&
        !module.version.empty())
      by_version[module.version].push_back(module.name);
  if (by_version.size() < 2) return;
  std::vector<std::string> sides;
  for (const auto& [version, names] : by_version)
    sides.push_back(fmt::format("{} ({})", version, fmt::join(names, ", ")));
  to.push_back({Verdict::fail, fmt::format("Modules of different releases of the out-of-tree stack run side by side: "
                                           "{}. Reload the stack, or reboot.",
                                           fmt::join(sides, ", "))});
}

void asked_stack(const Config& config, const Sides& running, Findings& to) {
  const auto& asked = config.drivers.rdma_stack;
  if (!asked) return;
  const auto now = running.provider();
  if (now == Provider::unknown)
    to.push_back({Verdict::unknown,
                  fmt::format("No module of the RDMA stack runs, so whether it is {} cannot be told.", word(*asked))});
  else if (now != *asked)
    to.push_back({Verdict::fail,
                  fmt::format("The RDMA stack that runs is {}, but rdma_stack asks for {}.", word(now), word(*asked))});
}

void bound(const std::vector<Unmade>& all, const std::set<std::string>& awaited, Findings& to) {
  for (const auto& missing : all)
    if (awaited.contains(missing.module))
      to.push_back({Verdict::unknown,
                    fmt::format("{}: {} was loaded just now, and that is waited for.", missing.what, missing.module)});
    else
      to.push_back(
          {missing.wanted ? Verdict::fail : Verdict::warn, fmt::format("{}: {}.", missing.what, missing.advice)});
}

void user_access(const Inventory& inventory, const Reports& modules, const model::RdmaAnswers& answers, Findings& to) {
  const auto* uverbs = report_of(modules, "ib_uverbs");
  const bool asked = uverbs != nullptr && uverbs->wanted;
  for (const auto& device : inventory.rdma_devices) {
    if (!device.user_access()) continue;
    const auto answer = answers.find(device.name);
    if (answer == answers.end())
      to.push_back({Verdict::unknown, fmt::format("RDMA device {} is being opened and queried.", device.name)});
    else if (answer->second)
      to.push_back(
          {asked ? Verdict::fail : Verdict::warn,
           fmt::format("RDMA device {} does not answer through libibverbs: {}", device.name, answer->second->text())});
    else
      to.push_back({Verdict::pass, fmt::format("RDMA device {} answers through libibverbs.", device.name)});
  }
}

void peer_memory(const Config& config, const model::PeerMemoryStatus& status, Findings& to) {
  using model::PeerMemoryWish;
  if (config.peer_memory == PeerMemoryWish::not_said || config.peer_memory == PeerMemoryWish::none) return;
  if (status.readiness == model::Readiness::not_applicable) return;
  to.push_back({status.readiness == model::Readiness::ready ? Verdict::pass : Verdict::fail, status.text});
}

std::string stack_version(const Reports& modules) {
  for (const auto name : {"mlx5_core", "mlx4_core", "ib_core"})
    if (const auto* report = report_of(modules, name);
        report != nullptr && report->loaded() && report->provider_running == Provider::ofed && !report->version.empty())
      return report->version;
  return {};
}

void versions(const Config& config, ModuleReport& module) {
  const auto rule = std::ranges::find_if(config.module_versions, [&](const model::ModuleVersions& versions) {
    return model::kernel_name(versions.name) == module.name;
  });
  if (rule == config.module_versions.end()) return;
  const auto say = [&](Verdict severity, std::string text) { module.findings.push_back({severity, std::move(text)}); };
  // A builtin or inbox driver says no version: it is as old as its kernel.
  const auto version = model::parse_version(module.version);
  const auto place = rule->place.text();
  if (!version)
    say(Verdict::unknown,
        fmt::format("{} tells no version to hold against {}{}.", module.name, place,
                    module.provider_running == Provider::inbox ? ": the kernel's own modules have none" : ""));
  else if (rule->min && compare(*version, *rule->min) < 0)
    say(Verdict::fail,
        fmt::format("{} is {}, which is older than {} ({}).", module.name, version->text, rule->min->text, place));
  else if (rule->max && compare(*version, *rule->max) > 0)
    say(Verdict::fail,
        fmt::format("{} is {}, which is newer than {} ({}).", module.name, version->text, rule->max->text, place));
  else
    say(Verdict::pass, fmt::format("{} is {}, a version that {} allows.", module.name, version->text, place));
}

void signatures(const Config& config, ModuleReport& module) {
  if (!config.drivers.require_signed || !module.wanted || module.state == model::ModuleState::builtin) return;
  if (module.taint.find('E') != std::string::npos)
    module.findings.push_back(
        {Verdict::fail,
         fmt::format("{} runs without a signature that the kernel knows, and require_signed is set.", module.name)});
  else if (!module.file.empty() && module.signature_id.empty())
    module.findings.push_back(
        {Verdict::fail, fmt::format("{} is not signed, and require_signed is set.", module.file)});
}

}  // namespace

std::vector<ModuleReport> judge_modules(const Config& config, Reports modules) {
  for (auto& module : modules) {
    const auto known = module.findings.size();
    if (module.wanted || module.loaded()) versions(config, module);
    signatures(config, module);
    if (module.findings.size() != known) module.verdict = model::worst(module.findings, module.verdict);
  }
  return modules;
}

bool mixed_on_disk(const Reports& modules) { return sides_of(modules, false).mixed(); }

model::DriverStatus judge_drivers(const Config& config, const Inventory& inventory, const Reports& modules,
                                  const model::DriverFacts& facts, const model::RdmaAnswers& answers,
                                  const std::set<std::string>& awaited) {
  model::DriverStatus status;
  const auto running = sides_of(modules, true), on_disk = sides_of(modules, false);
  status.running = running.provider();
  status.on_disk = on_disk.provider();
  status.user_space = facts.user_space;
  status.version = stack_version(modules);
  status.peer_memory = judge_peer_memory(config.peer_memory, facts.peer_memory);
  coherence(running, on_disk, status.findings);
  one_version(modules, status.findings);
  asked_stack(config, running, status.findings);
  bound(unmade(inventory, modules, facts.modules_of), awaited, status.findings);
  user_access(inventory, modules, answers, status.findings);
  peer_memory(config, status.peer_memory, status.findings);
  status.findings.insert(status.findings.end(), facts.next_boot.begin(), facts.next_boot.end());
  Findings all = status.findings;
  for (const auto& module : modules)
    if (module.wanted) all.push_back({module.verdict, ""});
  status.verdict = model::worst(all, Verdict::pass);
  return status;
}

}  // namespace nic::core
