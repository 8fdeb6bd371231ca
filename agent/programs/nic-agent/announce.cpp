#include "nic-agent/announce.hpp"

#include "loop/log.hpp"
#include "model/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace nic::daemon {
namespace {

using loop::Event;
using model::Snapshot;

void announce_functions(const Snapshot& before, const Snapshot& after) {
  for (const auto& [address, function] : after.inventory.functions)
    if (before.inventory.function(address) == nullptr)
      loop::log(Event::function_added, {{names::kFieldPci, address.text()}},
                fmt::format("{} {} appeared ({:04x}:{:04x})", word(function.kind()), address.text(), function.vendor,
                            function.device));
  for (const auto& [address, function] : before.inventory.functions)
    if (after.inventory.function(address) == nullptr)
      loop::log(Event::function_removed, {{names::kFieldPci, address.text()}},
                fmt::format("{} {} went away", word(function.kind()), address.text()));
}

void announce_health(const Snapshot& before, const Snapshot& after) {
  for (const auto& [address, status] : after.functions) {
    const auto found = before.functions.find(address);
    for (const auto& error : status.health)
      if (found == before.functions.end() ||
          std::ranges::find(found->second.health, error) == found->second.health.end())
        loop::log(Event::problem, {{names::kFieldPci, address.text()}}, error);
  }
}

void announce_plan(const Snapshot& before, const Snapshot& after) {
  for (const auto& conflict : after.desired.conflicts)
    if (std::ranges::find(before.desired.conflicts, conflict) == before.desired.conflicts.end())
      loop::log(Event::plan_refused, {{names::kFieldPci, conflict.pf ? conflict.pf->text() : ""}}, conflict.error);
  const auto refused_before = [&](const model::PfPlan& plan, const model::Refusal& refusal) {
    return std::ranges::any_of(before.plan.pfs, [&](const model::PfPlan& old) {
      return old.pf == plan.pf && std::ranges::find(old.refusals, refusal) != old.refusals.end();
    });
  };
  for (const auto& plan : after.plan.pfs)
    for (const auto& refusal : plan.refusals)
      if (!refused_before(plan, refusal))
        loop::log(Event::plan_refused, {{names::kFieldPci, plan.pf.text()}}, refusal.error);
  for (const auto& note : after.desired.notes)
    if (std::ranges::find(before.desired.notes, note) == before.desired.notes.end()) loop::log(Event::note, {}, note);
}

// Both resources that a warning is about have it: it is said once.
void announce_warnings(const Snapshot& before, const Snapshot& after) {
  std::set<std::string> said;
  for (const auto& pool : before.pools) said.insert(pool.warnings.begin(), pool.warnings.end());
  for (const auto& pool : after.pools)
    for (const auto& warning : pool.warnings)
      if (said.insert(warning).second) loop::log(Event::note, {{names::kFieldResource, pool.resource.name}}, warning);
}

// What became of single devices, with the reason; of a shared resource as a whole.
void announce_device_health(const model::Pool& before, const model::Pool& after) {
  const auto say = [&](const std::string& id, const std::string& text) {
    loop::log(Event::resource_changed, {{names::kFieldResource, after.resource.name}, {names::kFieldPci, id}}, text);
  };
  if (after.unhealthy != before.unhealthy && after.capacity > 0)
    say("", after.unhealthy.empty()
                ? fmt::format("resource {} is healthy again", after.resource.name)
                : fmt::format("resource {} is unhealthy: {}", after.resource.name, after.unhealthy));
  std::map<std::string_view, const model::PoolDevice*> known;
  for (const auto& device : before.devices) known.emplace(device.id, &device);
  for (const auto& device : after.devices) {
    const auto old = known.find(device.id);
    const bool was_healthy = old == known.end() || old->second->healthy;
    if (was_healthy == device.healthy) continue;
    say(device.function.text(),
        device.healthy ? fmt::format("{} of {} is healthy again", device.id, after.resource.name)
                       : fmt::format("{} of {} is unhealthy: {}", device.id, after.resource.name, device.unhealthy));
  }
}

void announce_resources(const Snapshot& before, const Snapshot& after) {
  announce_warnings(before, after);
  for (const auto& pool : after.pools) {
    const auto* old = before.pool(pool.resource.name);
    announce_device_health(old == nullptr ? model::Pool{} : *old, pool);
    if (old == nullptr || old->capacity != pool.capacity || old->healthy != pool.healthy)
      loop::log(Event::resource_changed, {{names::kFieldResource, pool.resource.name}},
                fmt::format("resource {}: {} devices, {} healthy", pool.resource.name, pool.capacity, pool.healthy));
  }
  for (const auto& [name, endpoint] : after.endpoints) {
    const auto found = before.endpoints.find(name);
    const auto old = found == before.endpoints.end() ? model::EndpointStatus{} : found->second;
    const bool streams = endpoint.state == model::KubeletState::streaming;
    const bool streamed = old.state == model::KubeletState::streaming;
    if (streams != streamed)
      loop::log(streams ? Event::kubelet_registered : Event::kubelet_lost, {{names::kFieldResource, name}},
                fmt::format("the kubelet {} resource {}", streams ? "follows" : "no longer follows", name));
    if (endpoint.last_error && endpoint.last_error != old.last_error)
      loop::log(Event::problem, {{names::kFieldResource, name}}, *endpoint.last_error);
    if (endpoint.disagreement && endpoint.disagreement != old.disagreement)
      loop::log(Event::problem, {{names::kFieldResource, name}}, *endpoint.disagreement);
    if (endpoint.rival == old.rival) continue;
    if (endpoint.rival.empty())
      loop::log(Event::rival_gone, {{names::kFieldResource, name}},
                fmt::format("resource {} is the agent's alone: the plugin on {} has gone", name, old.rival));
    else
      loop::log(Event::rival_found, {{names::kFieldResource, name}},
                fmt::format("another plugin offers resource {} on {}: {}", name, endpoint.rival,
                            endpoint.standing_by ? "the agent stands by until it goes" : "the agent takes it over"));
  }
}

// What was not understood, or is not needed, in files that others wrote.
void announce_reading(const Snapshot& before, const Snapshot& after) {
  if (!after.config || after.config == before.config) return;
  for (const auto member : {&model::Config::warnings, &model::Config::notes})
    for (const auto& text : (*after.config).*member)
      if (!before.config || std::ranges::find((*before.config).*member, text) == ((*before.config).*member).end())
        loop::log(Event::note, {}, text);
}

}  // namespace

void announce(const Snapshot& before, const Snapshot& after) {
  announce_functions(before, after);
  announce_health(before, after);
  if (after.config_errors != before.config_errors)
    for (const auto& error : after.config_errors) loop::log(Event::configuration_rejected, {}, error);
  announce_reading(before, after);
  if (after.config_generation != before.config_generation)
    loop::log(Event::configuration_loaded, {{names::kFieldGeneration, std::to_string(after.config_generation)}},
              fmt::format("configuration generation {}: {} policies, {} resources, {} modules", after.config_generation,
                          after.config->policies.size(), after.config->resources.size(), after.config->modules.size()));
  announce_plan(before, after);
  for (const auto& module : after.modules) {
    const auto old = std::ranges::find(before.modules, module.name, &model::ModuleReport::name);
    const bool failed = module.wanted && module.verdict == model::Verdict::fail;
    const bool failed_before = old != before.modules.end() && old->wanted && old->verdict == model::Verdict::fail;
    if (failed && !failed_before && module.errors.empty())
      for (const auto& finding : module.findings)
        if (finding.severity == model::Verdict::fail)
          loop::log(Event::module_failed, {{names::kFieldModule, module.name}}, module.name + ": " + finding.text);
  }
  announce_resources(before, after);
}

std::string status_line(const Snapshot& snapshot) {
  std::string line{word(snapshot.state)};
  std::string separator = ": ";
  for (const auto& component : snapshot.components) {
    const bool says = snapshot.state == model::ComponentState::ready ? component.state == model::ComponentState::ready
                                                                     : component.state == snapshot.state;
    if (!says) continue;
    line += separator + component.name + " " + component.text;
    separator = "; ";
  }
  // STATUS= is one line; text from outside may hold anything.
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return line;
}

}  // namespace nic::daemon
