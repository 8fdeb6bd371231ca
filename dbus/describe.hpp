// The whole view as one JSON text: Manager.Describe and `nicctl --json`. Keys are the names of the properties; every
// object has its "Path" besides. Keys are only ever added. Thread: any (pure).
#pragma once

#include "dbus/view.hpp"
#include "model/plan.hpp"
#include "model/reload.hpp"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace nic::dbus {

// One step, or one refusal, of a plan: what Manager.Plan gives and what stands under "Plan" in the JSON.
using PlanStep = std::map<std::string, std::variant<bool, std::string, std::vector<std::string>>>;
[[nodiscard]] std::vector<PlanStep> steps(const model::Plan& plan);
// The plan for people, with the reasons.
[[nodiscard]] std::string plan_text(const model::Plan& plan);

// What Manager.PlanReload gives, and the same for people.
[[nodiscard]] PlanStep reload_plan(const model::ReloadPlan& plan);
[[nodiscard]] std::string reload_plan_text(const model::ReloadPlan& plan);

[[nodiscard]] std::string describe(const View& view, const model::Plan& plan);

}  // namespace nic::dbus
